"""Features of a drafted contract: limits and allowances wide enough for ordinary weeks to come, from the values seen.

Hard limits set rows aside, so they are drawn only where the data show one: nothing has an upper limit, and zero is a
lower limit for counts that were never below it and for amounts that reach it and never pass it.
"""

from dataclasses import dataclass

import numpy as np

from leadscore_assets.domain.casting import Floats
from leadscore_assets.domain.contract import Derived, Feature
from leadscore_assets.domain.moments import mondays
from leadscore_assets.domain.raw_column import RawColumn, as_categories
from leadscore_assets.domain.roles import Roles
from leadscore_assets.domain.suspicion import names_things

LISTED_LEVELS = 50
_ENOUGH_ROWS = 1000
_LEAST_ALLOWANCE = 0.05
_WHOLE_WEEKS = 0.6
_HEADROOM = 1.5
_STEPS = 20


@dataclass(frozen=True)
class DraftedFeature:
    """A feature, and whether a guess made it a category or lets it be missing in whole weeks."""

    feature: Feature
    names_things: bool
    worst_missing: float


def as_seen(column: RawColumn) -> RawColumn:
    """Return a column as a category where its whole numbers name things."""
    return as_categories(column.name, column.raw) if _numbers_are_names(column) else column


def drafted_feature(column: RawColumn, roles: Roles) -> DraftedFeature:
    """Draft a column's feature from its values; the column must be known to be of use."""
    seen = as_seen(column)
    worst = worst_week_missing(seen, roles)
    listed = seen.kind == "categorical" and len(seen.levels) <= LISTED_LEVELS
    feature = Feature(
        name=column.name,
        kind=seen.kind or "categorical",
        minimum=_minimum(seen),
        levels=seen.levels if listed else (),
        open_levels=seen.kind == "categorical",
        missing=allowance(worst, rows=len(seen.missing)),
    )
    return DraftedFeature(feature, seen is not column, worst)


def allowance(worst: float, *, rows: int) -> float:
    """Return which share of a week's rows may lack a value, from the worst week seen.

    Half as much again and a little, in steps of 5 %, and everything once a week lacked 60 %. A column that never lacked
    a value in 1,000 rows or more must always have one, so that a forgotten column is noticed and not scored as missing.
    """
    if worst == 0:
        return 0.0 if rows >= _ENOUGH_ROWS else _LEAST_ALLOWANCE
    if worst >= _WHOLE_WEEKS:
        return 1.0
    return min(1.0, float(np.ceil((worst * _HEADROOM + 0.02) * _STEPS) / _STEPS))


def worst_week_missing(column: RawColumn, roles: Roles) -> float:
    """Return the largest share of a week's rows that lack the column's value."""
    dated = roles.times.known
    weeks, place = np.unique(mondays(roles.times.us[dated]), return_inverse=True)
    lacking = np.bincount(place, weights=column.missing[dated], minlength=weeks.size)
    return float((lacking / np.bincount(place, minlength=weeks.size)).max())


def drafted_times(roles: Roles, taken: set[str]) -> tuple[Derived, ...]:
    """Derive hour, weekday and weekend from the creation time; the hour only where times of day differ."""
    of_day = roles.times.us[roles.times.known] % 86_400_000_000
    wanted = [("created_weekday", "weekday"), ("created_on_weekend", "weekend")]
    if np.unique(of_day).size > 1:
        wanted.insert(0, ("created_hour", "hour"))
    return tuple(Derived(name=name, kind=kind, of=(roles.time_name,)) for name, kind in wanted if name not in taken)


def _numbers_are_names(column: RawColumn) -> bool:
    return column.kind == "integer" and names_things(column.name)


def _minimum(column: RawColumn) -> float | None:
    if column.kind not in ("integer", "numeric"):
        return None
    known: Floats = column.values[column.known]
    lowest = float(known.min())
    touches = lowest == 0 or (column.kind == "integer" and lowest > 0)
    return 0.0 if touches else None
