"""What Dagster knows of the ticks of this home's sensors and schedules, as the watchdog asks for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus

from leadscore_assets.domain.silence import Watched


def watched_ticks(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition) -> list[Watched]:
    """Return each sensor and schedule that is switched on, with its newest tick; one that no daemon met is unknown."""
    every = {item.name: timedelta(seconds=item.minimum_interval_seconds or 30) for item in repository.sensor_defs}
    crons = {item.name: item.cron_schedule for item in repository.schedule_defs}
    found = []
    for state in instance.all_instigator_state():
        name, cron = state.name, crons.get(state.name, "")
        if state.status == InstigatorStatus.STOPPED or name not in {**every, **crons}:
            continue
        ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
        last = _moment(ticks[0].timestamp) if ticks else None
        found.append(Watched(name, last, since=_since(state), every=every.get(name), cron=f"{cron}"))
    return found


def _since(state: InstigatorState) -> datetime | None:
    data: Any = state.instigator_data
    started = getattr(data, "start_timestamp", None) or getattr(data, "last_sensor_start_timestamp", None)
    return _moment(started) if started else None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
