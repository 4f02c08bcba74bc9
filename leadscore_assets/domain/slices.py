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

    `rows` are the labelled rows a day. The last `test_days` are test and the `validation_days` before them validation,
    each widened backwards by whole days to its own minimum. The window is at least `days` long and widened backwards
    until it holds `minimum_rows` with half as many left to train; every day before validation trains. Raises
    NotEnoughData with the remedy.
    """
    days = days_between(end - DAY * policy.maximum_days, end)
    test = _back(days, len(days), rows, days=policy.test_days, least=policy.minimum_test_rows)
    check = _back(days, test, rows, days=policy.validation_days, least=policy.minimum_validation_rows)
    first = min(check, len(days) - policy.days)
    total, learnt = (sum(rows.get(day, 0) for day in days[first:last]) for last in (len(days), check))
    while first > 0 and (total < policy.minimum_rows or learnt < policy.minimum_rows // 2):
        first -= 1
        more = rows.get(days[first], 0)
        total, learnt = total + more, learnt + more
    if total < policy.minimum_rows or learnt < policy.minimum_rows // 2 or not learnt:
        raise NotEnoughData(_too_few(week, end, (total, learnt), policy))
    return SlicePlan(end, tuple(days[first:check]), tuple(days[check:test]), tuple(days[test:]), total)


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


def _too_few(week: date, end: date, found: tuple[int, int], policy: WindowPolicy) -> str:
    total, learnt = found
    if not total:
        return (
            f"week {week}: no matured and labelled row lies in the {policy.maximum_days} days before {end}; "
            "train a later week, or ingest older ones"
        )
    if total < policy.minimum_rows:
        held, least, remedy = f"{total:,} matured and labelled rows", policy.minimum_rows, "minimum_rows"
    else:
        held = f"{learnt:,} of {total:,} rows are left to train beside validation and test"
        least, remedy = max(policy.minimum_rows // 2, 1), "minimum_test_rows and minimum_validation_rows"
    return (
        f"week {week}: {held} in the {policy.maximum_days} days before {end}, and at least {least:,} are needed; "
        f"lower [window] {remedy} in the policy file, or ingest more weeks"
    )


def _back(window: list[date], stop: int, rows: Mapping[date, int], *, days: int, least: int) -> int:
    start, found = stop, 0
    while start > 0 and (stop - start < days or found < least):
        start -= 1
        found += rows.get(window[start], 0)
    return start
