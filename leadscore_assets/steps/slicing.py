"""Slicing: the days that train, validate and test a week's model, addressed in the lake."""

from dataclasses import dataclass
from datetime import date, timedelta

from leadscore_assets.domain.calendar import week_of, weeks_between, window_end
from leadscore_assets.domain.errors import NotEnoughData
from leadscore_assets.domain.facts import DataFile, Slice
from leadscore_assets.domain.slices import NAMES, SlicePlan, build_slice, plan_slices
from leadscore_assets.steps.gate import Gate
from leadscore_assets.steps.leads_gates import stopping_gates
from leadscore_assets.steps.platform import Platform


@dataclass(frozen=True)
class Cut:
    """A week's plan, its three slices, and why any week of the window was left out."""

    plan: SlicePlan
    slices: dict[str, Slice]
    left_out: tuple[str, ...]


def window_start(platform: Platform, week: date) -> date:
    """Return the first week that a retraining of a week may learn from."""
    back = timedelta(days=platform.policy.window.maximum_days + platform.contract.horizon_days + 7)
    return max(platform.start_week, week_of(week - back))


def cut_slices(platform: Platform, week: date) -> Cut:
    """Plan and store a week's slices from what is ingested; raise NotEnoughData naming weeks that are not."""
    cut = plan_cut(platform, week)
    for item in cut.slices.values():
        platform.lake.write_slice(item)
    return cut


def plan_cut(platform: Platform, week: date) -> Cut:
    """Plan a week's slices as `cut_slices` does, and store nothing.

    A week that fails its own gates is left out: broken data is not learnt from, whichever run it came with.
    """
    policy = platform.policy.window
    end = window_end(week, horizon_days=platform.contract.horizon_days, today=platform.today())
    first = max(platform.start_week, week_of(end - timedelta(days=policy.maximum_days)))
    manifests = platform.lake.manifests(first, week)
    failed = {manifest.week: gate for manifest in manifests for gate in _failed(platform, manifest.week)}
    sound = [manifest for manifest in manifests if manifest.week not in failed]
    files: dict[date, DataFile] = {file.day: file for manifest in sound for file in manifest.files}
    rows = {day: file.labelled for day, file in files.items()}
    try:
        plan = plan_slices(week, end, rows, policy)
    except NotEnoughData as error:
        held = {manifest.week for manifest in manifests}
        absent = [f"{item}" for item in weeks_between(first, week) if item not in held and item < end]
        raise NotEnoughData(f"{error}{_absent(absent)}{_left_out(failed)}") from None
    slices = {name: build_slice(name, week, plan, files) for name in NAMES}
    held = {manifest.week for manifest in manifests}
    absent = [item for item in weeks_between(week_of(plan.train[0]), week) if item not in held and item < end]
    left_out = [f"{left}: {gate.name}" for left, gate in failed.items()] + [f"{item}: not ingested" for item in absent]
    return Cut(plan, slices, tuple(left_out))


def _failed(platform: Platform, week: date) -> list[Gate]:
    gates = [ask(platform, week) for ask in stopping_gates(platform)]
    return [gate for gate in gates if gate.stops]


def _left_out(failed: dict[date, Gate]) -> str:
    return f" (left out because of their own gates: {', '.join(f'{week}' for week in failed)})" if failed else ""


def _absent(weeks: list[str]) -> str:
    if not weeks:
        return ""
    shown = ", ".join(weeks[:4]) + (" …" if len(weeks) > 4 else "")
    return f" (not ingested yet: {len(weeks)} weeks, {shown}; run 'leadscore ingest')"
