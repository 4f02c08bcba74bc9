"""Derived features: the one place where a new one is added.

A kind is a pair: `fit` learns its state (JSON) from the train slice, `apply` computes the feature from a lead's own
columns and that state, the same in training, batch and online scoring. Missing input gives a missing feature.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from leadscore_assets.domain.column import Column, Columns, Floats

State = dict[str, Any]
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


def fit_derived(kind: str, columns: Columns, spec: Spec) -> State:
    """Learn a derived feature's state from the train slice."""
    return KINDS[kind].fit(columns, spec)


def apply_derived(kind: str, columns: Columns, spec: Spec, state: State) -> Floats:
    """Compute a derived feature, shape (n,), NaN where it is not known."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return KINDS[kind].apply(columns, spec, state)


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
    parts = np.stack([columns[name].values for name in spec.of])
    return np.where(np.isnan(parts).all(axis=0), np.nan, np.nansum(parts, axis=0))


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


KINDS: dict[str, Kind] = {
    "hour": Kind(_hour),
    "weekday": Kind(_weekday),
    "weekend": Kind(_weekend),
    "ratio": Kind(_ratio, columns=2),
    "sum": Kind(_sum, columns=None),
    "above": Kind(_above, _quantile, needs=("quantile",)),
    "below": Kind(_below, _quantile, needs=("quantile",)),
    "segment_ratio": Kind(_segment_ratio, _segment_medians, needs=("by",)),
}
