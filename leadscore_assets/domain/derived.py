"""Derived features: the one place where a new one is added.

A kind is a pair: `fit` learns its state (JSON) from the train slice, `apply` computes the feature from a lead's own
columns and that state, the same in training, batch and online scoring. Missing input gives a missing feature.
`one` says the same for a single lead in plain Python, for speed; a kind without it is applied to columns of one. A test
holds that the two give the same bits, for every kind there is.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from leadscore_assets.domain.column import Column, Columns, Floats

State = dict[str, Any]
Cells = Mapping[str, Any]
One = Callable[[Cells], float]
_DAY = 86_400.0


class Spec(Protocol):
    """What a derived feature is declared with in the contract."""

    @property
    def of(self) -> tuple[str, ...]:
        """The columns it is computed from."""
        ...

    @property
    def by(self) -> str | None:
        """The column that names the segment."""
        ...

    @property
    def quantile(self) -> float | None:
        """The training quantile that a flag compares with."""
        ...


@dataclass(frozen=True)
class Kind:
    """How a kind of derived feature is fitted and applied, and how many columns it is declared with."""

    apply: Callable[[Columns, Spec, State], Floats]
    fit: Callable[[Columns, Spec], State] = lambda columns, spec: {}  # noqa: ARG005
    columns: int | None = 1
    needs: tuple[str, ...] = ()
    one: Callable[[Spec, State], One] | None = None


def fit_derived(kind: str, columns: Columns, spec: Spec) -> State:
    """Learn a derived feature's state from the train slice."""
    return KINDS[kind].fit(columns, spec)


def apply_derived(kind: str, columns: Columns, spec: Spec, state: State) -> Floats:
    """Compute a derived feature, shape (n,), NaN where it is not known."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return KINDS[kind].apply(columns, spec, state)


def made_ready(kind: str, spec: Spec, state: State) -> One:
    """Return what computes a derived feature of one lead from its cells: numbers (NaN where missing), levels (None)."""
    one = KINDS[kind].one
    if one:
        return one(spec, state)
    return lambda cells: float(apply_derived(kind, _columns(cells, spec), spec, state)[0])


def _columns(cells: Cells, spec: Spec) -> Columns:
    return {name: _column(cells[name]) for name in (*spec.of, *([spec.by] if spec.by else []))}


def _column(cell: Any) -> Column:
    if cell is None or isinstance(cell, str):
        return Column(np.array([np.nan if cell is None else 0.0]), () if cell is None else (cell,))
    return Column(np.array([cell], dtype=np.float64))


def _hour(columns: Columns, spec: Spec, _: State) -> Floats:
    return np.floor(columns[spec.of[0]].values % _DAY / 3600.0)


def _weekday(columns: Columns, spec: Spec, _: State) -> Floats:
    return (np.floor(columns[spec.of[0]].values / _DAY) + 3) % 7


def _weekend(columns: Columns, spec: Spec, state: State) -> Floats:
    day = _weekday(columns, spec, state)
    return np.where(np.isnan(day), np.nan, (day >= 5).astype(np.float64))


def _ratio(columns: Columns, spec: Spec, _: State) -> Floats:
    above, below = (columns[name].values for name in spec.of)
    return np.where(below == 0, np.nan, above / np.where(below == 0, 1.0, below))


def _sum(columns: Columns, spec: Spec, _: State) -> Floats:
    # One after the other, so that a lead's sum has the same bits alone and among others.
    first, *others = (columns[name].values for name in spec.of)
    total, known = np.where(np.isnan(first), 0.0, first), ~np.isnan(first)
    for part in others:
        total = total + np.where(np.isnan(part), 0.0, part)
        known |= ~np.isnan(part)
    return np.where(known, total, np.nan)


def _quantile(columns: Columns, spec: Spec) -> State:
    known = _known(columns[spec.of[0]])
    return {"bound": float(np.quantile(known, spec.quantile or 0.5)) if known.size else 0.0}


def _above(columns: Columns, spec: Spec, state: State) -> Floats:
    values = columns[spec.of[0]].values
    return np.where(np.isnan(values), np.nan, (values > state["bound"]).astype(np.float64))


def _below(columns: Columns, spec: Spec, state: State) -> Floats:
    values = columns[spec.of[0]].values
    return np.where(np.isnan(values), np.nan, (values < state["bound"]).astype(np.float64))


def _segment_medians(columns: Columns, spec: Spec) -> State:
    values, segment = columns[spec.of[0]], columns[spec.by or ""]
    known = _known(values)
    overall = float(np.median(known)) if known.size else 0.0
    medians = {}
    for position, level in enumerate(segment.levels or ()):
        inside = _known(Column(values.values[segment.values == position]))
        if inside.size:
            medians[level] = float(np.median(inside))
    return {"medians": medians, "overall": overall}


def _segment_ratio(columns: Columns, spec: Spec, state: State) -> Floats:
    values, segment = columns[spec.of[0]].values, columns[spec.by or ""]
    table = np.array(
        [state["medians"].get(level, state["overall"]) for level in segment.levels or ()] + [state["overall"]]
    )
    positions = np.where(np.isnan(segment.values), len(table) - 1, segment.values).astype(np.int64)
    medians = table[positions]
    return np.where(medians == 0, np.nan, values / np.where(medians == 0, 1.0, medians))


def _known(column: Column) -> Floats:
    return column.values[~np.isnan(column.values)]


def _one_hour(spec: Spec, _: State) -> One:
    (name,) = spec.of
    return lambda cells: _floor(cells[name] % _DAY / 3600.0)


def _one_weekday(spec: Spec, _: State) -> One:
    (name,) = spec.of
    return lambda cells: (_floor(cells[name] / _DAY) + 3) % 7


def _one_weekend(spec: Spec, state: State) -> One:
    weekday = _one_weekday(spec, state)

    def weekend(cells: Cells) -> float:
        day = weekday(cells)
        return day if math.isnan(day) else float(day >= 5)

    return weekend


def _one_ratio(spec: Spec, _: State) -> One:
    above, below = spec.of
    return lambda cells: cells[above] / cells[below] if cells[below] else math.nan


def _one_sum(spec: Spec, _: State) -> One:
    names = spec.of

    def total(cells: Cells) -> float:
        known = [cells[name] for name in names if not math.isnan(cells[name])]
        return sum(known[1:], known[0]) if known else math.nan

    return total


def _one_above(spec: Spec, state: State) -> One:
    (name,), bound = spec.of, state["bound"]
    return lambda cells: cells[name] if math.isnan(cells[name]) else float(cells[name] > bound)


def _one_below(spec: Spec, state: State) -> One:
    (name,), bound = spec.of, state["bound"]
    return lambda cells: cells[name] if math.isnan(cells[name]) else float(cells[name] < bound)


def _one_segment_ratio(spec: Spec, state: State) -> One:
    (name,), segment, medians, overall = spec.of, spec.by or "", state["medians"], state["overall"]

    def ratio(cells: Cells) -> float:
        median = medians.get(cells[segment], overall)
        return cells[name] / median if median else math.nan

    return ratio


def _floor(value: float) -> float:
    return value if math.isnan(value) else float(math.floor(value))


KINDS: dict[str, Kind] = {
    "hour": Kind(_hour, one=_one_hour),
    "weekday": Kind(_weekday, one=_one_weekday),
    "weekend": Kind(_weekend, one=_one_weekend),
    "ratio": Kind(_ratio, columns=2, one=_one_ratio),
    "sum": Kind(_sum, columns=None, one=_one_sum),
    "above": Kind(_above, _quantile, needs=("quantile",), one=_one_above),
    "below": Kind(_below, _quantile, needs=("quantile",), one=_one_below),
    "segment_ratio": Kind(_segment_ratio, _segment_medians, needs=("by",), one=_one_segment_ratio),
}
