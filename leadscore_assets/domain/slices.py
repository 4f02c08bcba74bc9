"""Slices: which days train, validate and test, cut by time from a window that ends on the run's weekday.

Pure arithmetic on rows a day. No day stands in two slices, and no day lies at or after the window's end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from leadscore_assets.domain.calendar import DAY, days_between
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import NotEnoughData
from leadscore_assets.domain.facts import DataFile, Slice
from leadscore_assets.domain.policy import WindowPolicy

TRAIN, VALIDATION, TEST = "train", "validation", "test"
NAMES = (TRAIN, VALIDATION, TEST)


@dataclass(frozen=True)
class SlicePlan:
    """The days of each slice, oldest first; together they are the window, which ends before `end`."""

    end: date
    train: tuple[date, ...]
    validation: tuple[date, ...]
    test: tuple[date, ...]
    rows: int

    def days(self, name: str) -> tuple[date, ...]:
        """Return one slice's days by its name."""
        return {TRAIN: self.train, VALIDATION: self.validation, TEST: self.test}[name]


def plan_slices(week: date, end: date, rows: Mapping[date, int], policy: WindowPolicy) -> SlicePlan:
    """Cut the window that ends before `end` into train, validation and test.

    `rows` are the labelled rows a day. The window starts `policy.days` back and is widened by whole days until it holds
    `minimum_rows`. The last `test_days` are test and the `validation_days` before them validation, each widened
    backwards by whole days to its own minimum; every earlier day trains. Raises NotEnoughData with the remedy.
    """
    span = _window_days(end, rows, policy)
    window = days_between(end - DAY * span, end)
    total = sum(rows.get(day, 0) for day in window)
    if total < policy.minimum_rows:
        raise NotEnoughData(
            f"week {week}: {total:,} matured and labelled rows in the {span} days before {end}, and the policy's "
            f"minimum is {policy.minimum_rows:,}; lower [window] minimum_rows in the policy file, or ingest more weeks"
        )
    first_test = _back(window, len(window), rows, days=policy.test_days, least=policy.minimum_test_rows)
    first_validation = _back(
        window, first_test, rows, days=policy.validation_days, least=policy.minimum_validation_rows
    )
    plan = SlicePlan(
        end,
        tuple(window[:first_validation]),
        tuple(window[first_validation:first_test]),
        tuple(window[first_test:]),
        total,
    )
    if not sum(rows.get(day, 0) for day in plan.train):
        raise NotEnoughData(
            f"week {week}: test and validation take all {total:,} rows before {end} and none is left to train; "
            "lower [window] minimum_test_rows and minimum_validation_rows in the policy file, or raise minimum_rows"
        )
    return plan


def build_slice(name: str, week: date, plan: SlicePlan, files: Mapping[date, DataFile]) -> Slice:
    """Address one slice of a plan: the stored files of its days, with a digest of their content."""
    held = tuple(files[day] for day in plan.days(name) if day in files)
    digest = digest_of([file.sha256 for file in held])
    return Slice(name, week, plan.days(name), held, sum(file.labelled for file in held), digest)


def overlaps(slices: Mapping[str, Slice], *, end: date | None = None) -> list[str]:
    """Return what is wrong with a set of slices, one sentence each: shared days, wrong order, future days."""
    found = []
    for first, second in (
        pair for i, first in enumerate(NAMES) for pair in [(first, later) for later in NAMES[i + 1 :]]
    ):
        shared = sorted(set(slices[first].days) & set(slices[second].days))
        if shared:
            found.append(f"{shared[0]} stands in {first} and in {second}")
        elif slices[first].days and slices[second].days and slices[first].days[-1] > slices[second].days[0]:
            found.append(f"{first} ends on {slices[first].days[-1]}, after {second} begins on {slices[second].days[0]}")
    late = [day for item in slices.values() for day in item.days if end and day >= end]
    return found + [f"{day} lies at or after the window's end {end}" for day in late]


def _window_days(end: date, rows: Mapping[date, int], policy: WindowPolicy) -> int:
    span, total = 0, 0
    while span < policy.maximum_days and (span < policy.days or total < policy.minimum_rows):
        span += 1
        total += rows.get(end - DAY * span, 0)
    return span


def _back(window: list[date], stop: int, rows: Mapping[date, int], *, days: int, least: int) -> int:
    start, found = stop, 0
    while start > 0 and (stop - start < days or found < least):
        start -= 1
        found += rows.get(window[start], 0)
    return start
