"""What watches: weeks that late rows re-opened, the conditions of a retraining, and the release in hand."""

import json
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from leadscore_assets.automation.retraining import asked_run
from leadscore_assets.automation.upkeep import runs_whose_process_is_gone
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.steps.approvals import may_step
from leadscore_assets.steps.deciding import open_decisions
from leadscore_assets.steps.ingest import reopened
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.releasing import package_waits
from leadscore_assets.steps.rolling_out import look_quietly

_AT_ONCE = 8
_SIX_HOURS = 6 * 3600
_SELDOM_MINUTES = 60
_NOTHING_ASKED = '{"tries": 0}'


@dg.sensor(
    job_name="ingest_job",
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ingest weeks whose rows in the source changed, and finished weeks that were missed.",
)
def weeks_with_late_or_corrected_leads(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SensorResult | dg.SkipReason:
    """Ingest again each stored week whose rows in the source changed, and finished weeks that were missed since."""
    found = reopened(platform, since_first=True)
    if not found:
        return dg.SkipReason("no stored week changed in the source, and none was missed since the first")
    # A key is remembered for ever: the generation tells a second change, the day lets a failed run be tried again.
    contract, today = platform.contract.digest, platform.today()
    requests = []
    for item in found[:_AT_ONCE]:
        key = digest_of([item.generation, item.digest or "gone", contract])[:16]
        requests.append(dg.RunRequest(partition_key=f"{item.week}", run_key=f"reopened:{item.week}:{key}:{today}"))
    return dg.SensorResult(run_requests=requests)


@dg.sensor(
    job_name="retrain_job",
    minimum_interval_seconds=_SIX_HOURS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ask whether drift, new rows, the champion's age or its realised performance call for a retraining.",
)
def conditions_of_a_retraining(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.RunRequest | dg.SkipReason:
    """Ask whether to retrain beside the calendar; each look leaves one record, also when the answer is no."""
    moment = platform.now()
    asking = platform.acting(f"sensor {context.sensor_name}")
    return asked_run(asking, context.instance, asker="conditions", tick=f"{moment:%Y-%m-%dT%H:%M}")


@dg.sensor(
    job_name="endpoint_job",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Look at the release in hand: shadow, canary steps, approvals and the watch after a cutover.",
)
def rollout_sensor(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SensorResult | dg.SkipReason:
    """Look at the release in hand once a minute; ask for one short run when there is a step to make.

    A look that moves nothing is kept here. A run also mends an endpoint that serves something else, carries what people
    decided in the registry's pages, and brings a package on its way whose own run was cut short.
    """
    decisions = open_decisions(platform)
    if decisions:
        return _one_look(context, platform, about=[item.to_json() for item in decisions])
    if package_waits(platform):
        return _one_look(context, platform)
    if said := may_step(platform):
        return _one_look(context, platform, about=[{"said": said}])
    if present_release(platform).champion is None:
        return dg.SkipReason("nothing was released yet")
    reason = look_quietly(platform)
    if reason is None or _unrecorded(context, platform):
        return _one_look(context, platform)
    return dg.SensorResult(skip_reason=reason, cursor=_NOTHING_ASKED)


def _one_look(
    context: dg.SensorEvaluationContext, platform: Platform, *, about: list[dict[str, Any]] | None = None
) -> dg.SensorResult:
    """Ask for a run; where the last ones changed nothing, ask ever more seldom: a fault is not a run a minute."""
    state, now = present_release(platform), platform.now()
    stands = [state.phase, state.weight, state.to_json()["candidate"], state.to_json()["champion"]]
    where = digest_of([*stands, about] if about else stands)
    asked = json.loads(context.cursor or _NOTHING_ASKED)
    tries = asked["tries"] if asked.get("where") == where else 0
    if tries:
        again = datetime.fromisoformat(asked["at"]) + timedelta(minutes=min(2 ** (tries - 1), _SELDOM_MINUTES))
        if now < again:
            return dg.SensorResult(
                skip_reason=f"{tries} runs changed nothing; the next is asked for at {again:%H:%M} UTC"
            )
    request = dg.RunRequest(run_key=f"release:{now:%Y-%m-%dT%H:%M}")
    cursor = json.dumps({"where": where, "tries": tries + 1, "at": now.isoformat()})
    return dg.SensorResult(run_requests=[request], cursor=cursor)


def _unrecorded(context: dg.SensorEvaluationContext, platform: Platform) -> bool:
    """Tell whether the endpoint changed outside a run, as a command does, so that Dagster shows an earlier one."""
    event = context.instance.get_latest_materialization_event(dg.AssetKey("endpoint"))
    shown = event.asset_materialization.metadata.get("generation") if event and event.asset_materialization else None
    return shown is not None and shown.value != platform.endpoint.status().generation


SENSORS = [
    conditions_of_a_retraining,
    rollout_sensor,
    runs_whose_process_is_gone,
    weeks_with_late_or_corrected_leads,
]
