"""How schedule and sensor ask for a retraining: one question, one record a tick, one run for the same data."""

import dagster as dg

from leadscore_assets.domain.triggers import Asker
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.retraining import retraining_key, should_retrain

JOBS = ("retrain_job", "weekly_job")
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def asked_run(
    platform: Platform, instance: dg.DagsterInstance, *, asker: Asker, tick: str
) -> dg.RunRequest | dg.SkipReason:
    """Ask whether to retrain and return the run to launch, or why there is none."""
    found = should_retrain(platform, asker=asker, running=under_way(instance), key=f"asked:{asker}:{tick}")
    if not found.wanted:
        return dg.SkipReason(found.sentence)
    tags = {"leadscore/cause": found.cause}
    return dg.RunRequest(partition_key=found.week.isoformat(), run_key=retraining_key(found, platform.now()), tags=tags)


def under_way(instance: dg.DagsterInstance) -> str:
    """Name a run that retrains at this moment; empty where there is none."""
    for name in JOBS:
        runs = instance.get_runs(filters=dg.RunsFilter(job_name=name, statuses=_UNDER_WAY), limit=1)
        if runs:
            return f"run {runs[0].run_id[:8]} of {name}"
    return ""
