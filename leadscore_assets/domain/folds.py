"""Folds: the train slice's days cut by time, so that a trial is judged on days after all that it learnt from.

Pure arithmetic on rows a day. The window expands: each fold learns from every day before its validation days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from leadscore_assets.domain.errors import NotEnoughData


@dataclass(frozen=True)
class Fold:
    """One cut: the days to learn from, all before the days to judge on; both oldest first."""

    train: tuple[date, ...]
    validation: tuple[date, ...]


def time_ordered_folds(rows: Mapping[date, int], *, folds: int, minimum_rows: int) -> tuple[Fold, ...]:
    """Cut days with their rows into at most `folds` folds, oldest first.

    The newer half of the days is judged on, in equal blocks of whole days, each widened backwards to `minimum_rows`;
    a fold that would learn from fewer rows is left out. Raises NotEnoughData when none is left.
    """
    days = sorted(day for day, count in rows.items() if count)
    length = max(1, len(days) // (2 * folds))
    found: list[Fold] = []
    stop = len(days)
    while len(found) < folds:
        start = _back(days, stop, rows, length=length, least=minimum_rows)
        if sum(rows[day] for day in days[:start]) < minimum_rows:
            break
        found.append(Fold(tuple(days[:start]), tuple(days[start:stop])))
        stop = start
    if not found:
        raise NotEnoughData(
            f"tuning needs two times {minimum_rows:,} rows on different days, and the train slice has "
            f"{sum(rows.values()):,} on {len(days)} days; widen the window, lower [tuning] minimum_fold_rows, or set "
            "trials = 0 in the policy file"
        )
    return tuple(reversed(found))


def _back(days: list[date], stop: int, rows: Mapping[date, int], *, length: int, least: int) -> int:
    start, held = stop, 0
    while start > 0 and (stop - start < length or held < least):
        start -= 1
        held += rows[days[start]]
    return start
