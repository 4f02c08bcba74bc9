"""A process that runs one step of a pool and stays in it: `holding_run.py INSTANCE_FOLDER TAGS_AS_JSON`."""

import json
import sys
import time

import dagster as dg

from leadscore_assets.assets.declare import TRAINING_POOL


@dg.op(pool=TRAINING_POOL)
def hold(context: dg.OpExecutionContext) -> None:
    sys.stdout.write(f"{context.run_id}\n")
    sys.stdout.flush()
    time.sleep(600)


@dg.job(executor_def=dg.in_process_executor)
def holding_job() -> None:
    hold()


if __name__ == "__main__":
    with dg.DagsterInstance.from_config(sys.argv[1]) as opened:
        holding_job.execute_in_process(instance=opened, tags=json.loads(sys.argv[2]), raise_on_error=False)
