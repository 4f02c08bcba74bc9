"""What tells people: letters that are due, sensors that stopped ticking, and runs that failed. None of it is a run."""

from datetime import datetime, timedelta

import dagster as dg

from leadscore_assets.automation.run_words import first_cause
from leadscore_assets.automation.ticking import watched_ticks
from leadscore_assets.domain.notice_words import run_failed, sensor_silent
from leadscore_assets.domain.silence import Silent, Watched, silent
from leadscore_assets.steps.delivering import deliver
from leadscore_assets.steps.notifying import announce
from leadscore_assets.steps.platform import Platform

_SECONDS = 60
_OWN = "notices_are_delivered"


@dg.sensor(
    name=_OWN,
    minimum_interval_seconds=_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Send the notices that are due, and look for sensors and schedules that stopped ticking.",
)
def notices_are_delivered(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SensorResult:
    """Send what is due; tell once of each sensor and schedule that is silent, after a pause of the daemon of that."""
    now = platform.now()
    for item in _silent(context, now, grace=platform.policy.notices.silent_after):
        announce(platform, sensor_silent(item.name, last=item.last, expected=item.expected, at=now))
    found = deliver(platform.acting(f"sensor {_OWN}"))
    problems = f"; {len(found.problems)} did not arrive: {found.problems[0]}" if found.problems else ""
    return dg.SensorResult(skip_reason=f"letters sent: {found.sent}{problems}", cursor=now.isoformat())


@dg.run_failure_sensor(
    name="failed_runs_are_told",
    minimum_interval_seconds=_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tell people of each run that failed.",
)
def failed_runs_are_told(context: dg.RunFailureSensorContext, platform: dg.ResourceParam[Platform]) -> None:
    """Tell people of a run that failed, by its first step's own words."""
    run = context.dagster_run
    week = run.tags.get("dagster/partition", "")
    problem = _problem(context)
    announce(platform, run_failed(run.run_id, run.job_name, week=week, problem=problem, at=platform.now()))


def _silent(context: dg.SensorEvaluationContext, now: datetime, *, grace: timedelta) -> list[Silent]:
    """A daemon that was away explains why all others are late: then this sensor is the one that is told."""
    last = datetime.fromisoformat(context.cursor) if context.cursor else None
    own = silent([Watched(_OWN, last, every=timedelta(seconds=_SECONDS))], now, grace=grace)
    if own or context.repository_def is None:
        return own
    others = [item for item in watched_ticks(context.instance, context.repository_def) if item.name != _OWN]
    return silent(others, now, grace=grace)


def _problem(context: dg.RunFailureSensorContext) -> str:
    for event in context.get_step_failure_events():
        said = first_cause(event.step_failure_data.error)
        if said:
            step = f"{event.step_key}: " if event.step_key else ""
            return f"{step}{said}"
    return context.failure_event.message or "no step said why"


SENSORS = [notices_are_delivered, failed_runs_are_told]
