"""What the platform did in a week and what that took, kept as a small table and its summary."""

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from leadscore_assets.backends.process_usage import usage_of
from leadscore_assets.domain.calendar import WEEK, at_midnight
from leadscore_assets.domain.facts import DataFile, LedgerRecord
from leadscore_assets.domain.live_facts import RunFact, RunsOfAWeek, TrainingFact
from leadscore_assets.steps.platform import Platform

_TRAINING_STEP = "trained_model"


def record_runs(platform: Platform, week: date, runs: Sequence[RunFact]) -> RunsOfAWeek:
    """Keep what was done in the seven days of a week; runs that Dagster forgot since stay as they were kept."""
    before = find_runs(platform, week)
    known = {item.run_id: item for item in (before.runs if before else ())}
    known |= {item.run_id: item for item in runs}
    found = RunsOfAWeek(
        week=week,
        runs=tuple(sorted(known.values(), key=lambda item: (item.begun, item.run_id))),
        trainings=trainings_of(platform, week),
        endpoint=usage_of(platform.endpoint.status().pid),
    )
    table = _table(found)
    # The lock of a cleaning, which takes away tables that nothing names.
    with platform.lake.lock(f"week-{week}"):
        path, sha256 = platform.lake.write_table(table, under=f"runs/week={week}")
        file = DataFile(path, sha256, table.num_rows, week)
        platform.lake.write_json(_path(week), {**found.to_json(), "table": file.to_json()})
    return found


def find_runs(platform: Platform, week: date) -> RunsOfAWeek | None:
    """Return what was kept of a week; None where nothing was."""
    content = platform.lake.read_json(_path(week))
    return None if content is None else RunsOfAWeek.from_json(content)


def trainings_of(platform: Platform, week: date) -> tuple[TrainingFact, ...]:
    """Return the trainings of a week's seven days, oldest first."""
    first, last = at_midnight(week), at_midnight(week + WEEK)
    return tuple(_training(item) for item in platform.ledger.records(action="trained", since=first, until=last))


def _training(record: LedgerRecord) -> TrainingFact:
    said = record.evidence
    return TrainingFact(
        week=date.fromisoformat(str(said["week"])),
        bundle=record.subject.split()[-1],
        seconds=float(said.get("seconds", 0.0)),
        cost=said.get("cost"),
        cpu_seconds=said.get("cpu_seconds"),
        peak_megabytes=said.get("peak_megabytes"),
    )


def _table(found: RunsOfAWeek) -> pa.Table:
    """A row a step; what a training's process took stands with its step."""
    taken = {item.week: item for item in found.trainings}
    rows = []
    for run in found.runs:
        for step in run.steps:
            training = taken.get(run.week) if step.name == _TRAINING_STEP and run.week else None
            rows.append(
                {
                    "run_id": run.run_id,
                    "job": run.job,
                    "week": run.week,
                    "begun": run.begun,
                    "step": step.name,
                    "ended": step.ended,
                    "seconds": step.seconds,
                    "cost": training.cost if training else 0.0,
                    "cpu_seconds": training.cpu_seconds if training else None,
                    "peak_megabytes": training.peak_megabytes if training else None,
                }
            )
    return pa.Table.from_pylist(rows, schema=STEPS)


_COLUMNS: dict[str, pa.DataType] = {
    "run_id": pa.string(),
    "job": pa.string(),
    "week": pa.date32(),
    "begun": pa.timestamp("us", tz="UTC"),
    "step": pa.string(),
    "ended": pa.string(),
    "seconds": pa.float64(),
    "cost": pa.float64(),
    "cpu_seconds": pa.float64(),
    "peak_megabytes": pa.float64(),
}
STEPS = pa.schema(_COLUMNS)


def _path(week: date) -> str:
    return f"runs/week={week}/runs.json"
