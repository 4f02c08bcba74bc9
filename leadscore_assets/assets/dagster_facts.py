"""What Dagster knows of the platform's own work, read as plain facts: runs, their steps, and the last ticks."""

from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorStatus

from leadscore_assets.domain.calendar import parse_week
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.live_facts import Automation, JobMoments, RunFact, StepFact

_MOST_RUNS = 2000
_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def runs_between(instance: dg.DagsterInstance, first: datetime, last: datetime) -> tuple[RunFact, ...]:
    """Return the runs that were asked for from `first` to before `last` and are over, oldest first."""
    filters = dg.RunsFilter(statuses=_OVER, created_after=first, created_before=last)
    found = instance.get_run_records(filters=filters, limit=_MOST_RUNS)
    return tuple(_fact(instance, record) for record in reversed(found) if record.start_time and record.end_time)


def automation_of(instance: dg.DagsterInstance, jobs: tuple[str, ...]) -> Automation:
    """Return each job's last ends, and the last tick of each schedule and sensor that is switched on."""
    moments = {name: JobMoments(_last(instance, name, _OVER[0]), _last(instance, name, _OVER[1])) for name in jobs}
    ticks: dict[str, datetime | None] = {}
    for state in instance.all_instigator_state():
        if state.status is InstigatorStatus.STOPPED:
            continue
        newest = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
        ticks[state.instigator_name] = _moment(newest[0].timestamp) if newest else None
    return Automation(moments, ticks)


def _fact(instance: dg.DagsterInstance, record: dg.RunRecord) -> RunFact:
    run = record.dagster_run
    steps = tuple(
        StepFact(item.step_key, item.status.value if item.status else "", round(item.end_time - item.start_time, 3))
        for item in instance.get_run_step_stats(run.run_id)
        if item.start_time is not None and item.end_time is not None
    )
    begun, ended = record.start_time or 0.0, record.end_time or 0.0
    week = _week(run.tags.get("dagster/partition"))
    return RunFact(run.run_id, run.job_name, run.status.value, _moment(begun), round(ended - begun, 3), week, steps)


def _last(instance: dg.DagsterInstance, job: str, status: dg.DagsterRunStatus) -> datetime | None:
    found: Any = instance.get_run_records(filters=dg.RunsFilter(job_name=job, statuses=[status]), limit=1)
    return _moment(found[0].end_time) if found and found[0].end_time else None


def _week(partition: str | None) -> date | None:
    try:
        return parse_week(partition) if partition else None
    except InvalidInput:
        return None


def _moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
