"""Drift events: planted changes of generated leads, so that every alarm can be tried against a known cause.

An event holds from its first day on. Shifts happen to the leads themselves, and their scores follow; lost values and
wrong units happen to the records alone, and the scores know nothing of them.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from leadscore_assets.domain.contract import Contract, Feature, Frozen
from leadscore_assets.domain.errors import InvalidInput

Array = NDArray[Any]
MOVED_SHARE = 0.1
_SHARES = ("missing", "concept")
_NUMBERS = ("numeric", "integer")


class Event(Frozen):
    """A planted change in generated leads, from the day `start` on.

    `shift` moves `feature` by `size` of its standard deviations, inside the contract's range (booleans by as much of
    their mean; of a categorical feature, `size` tenths of the rows move to its first level). `missing` loses the share
    `size` of its values. `unit` multiplies it by 10 to the power of `size`. `concept` takes no feature and turns the
    weights behind score and outcome by the share `size`: 0 leaves them, 1 replaces them.
    """

    kind: Literal["shift", "missing", "unit", "concept"]
    start: date
    feature: str | None = None
    size: float = Field(default=1.0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.feature is None) != (self.kind == "concept"):
            wanted = "takes no feature" if self.kind == "concept" else "needs the name of a feature"
            raise ValueError(f"event {self.kind} from {self.start}: it {wanted}")
        if self.kind in _SHARES and not 0 <= self.size <= 1:
            raise ValueError(f"event {self.kind} from {self.start}: its size is a share from 0 to 1, not {self.size}")
        return self


def events_on(day: date, events: Sequence[Event]) -> tuple[Event, ...]:
    """Return the events that hold on a day, in the order given."""
    return tuple(event for event in events if event.start <= day)


def check_events(events: Sequence[Event], contract: Contract) -> None:
    """Raise InvalidInput for an event on a feature that the contract lacks, or that has no unit."""
    for event in events:
        feature = contract.by_name.get(event.feature or "")
        if event.feature is not None and feature is None:
            known = ", ".join(contract.names)
            raise InvalidInput(
                f"event {event.kind}: {event.feature} is no feature of {contract.name}; name one of {known}"
            )
        if event.kind == "unit" and feature and feature.kind not in _NUMBERS:
            raise InvalidInput(f"event unit: {feature.name} is {feature.kind}; name a numeric or integer feature")


def turn_of(events: Sequence[Event]) -> float:
    """Return by which share (0 to 1) concept events have turned the weights behind the score."""
    return min(1.0, sum(event.size for event in events if event.kind == "concept"))


def shift(
    columns: Mapping[str, Array], events: Sequence[Event], contract: Contract, seed: Sequence[int]
) -> dict[str, Array]:
    """Return a day's columns after its shifts; arrays (n,), categories as codes, timestamps as epoch seconds."""
    moved = dict(columns)
    for order, event in enumerate(events):
        if event.kind == "shift" and event.feature:
            feature, values = contract.by_name[event.feature], moved[event.feature]
            draw = np.random.default_rng([*seed, order]).random(values.size)
            moved[feature.name] = _shifted(values, feature, event.size, draw)
            if feature.kind == "timestamp":
                moved[feature.name] = np.minimum(moved[feature.name], columns[contract.created_at])
    return moved


def spoil(columns: Mapping[str, Array], events: Sequence[Event], contract: Contract) -> dict[str, Array]:
    """Return a day's columns after its wrong units; unlike a shift they may leave the contract's range."""
    spoilt = dict(columns)
    for event in events:
        if event.kind == "unit" and event.feature:
            scaled = spoilt[event.feature] * 10.0**event.size
            spoilt[event.feature] = np.rint(scaled) if contract.by_name[event.feature].kind == "integer" else scaled
    return spoilt


def lost(events: Sequence[Event], rows: int, seed: Sequence[int]) -> dict[str, NDArray[np.bool_]]:
    """Return, by feature, which rows (n,) lose their value to a missing event."""
    masks: dict[str, NDArray[np.bool_]] = {}
    for order, event in enumerate(events):
        if event.kind == "missing" and event.feature:
            gone = np.random.default_rng([*seed, order]).random(rows) < event.size
            masks[event.feature] = masks.get(event.feature, np.zeros(rows, dtype=bool)) | gone
    return masks


def _shifted(values: Array, feature: Feature, size: float, draw: NDArray[np.float64]) -> Array:
    if feature.kind == "categorical":
        return np.where(draw < MOVED_SHARE * size, 0, values)
    if feature.kind == "boolean":
        return _turned(values, size, draw)
    low = -np.inf if feature.minimum is None else feature.minimum
    high = np.inf if feature.maximum is None else feature.maximum
    moved: Array = np.clip(values + size * values.std(), low, high)
    return np.rint(moved) if feature.kind == "integer" else moved


def _turned(values: Array, size: float, draw: NDArray[np.float64]) -> Array:
    mean = float(values.mean())
    if mean in (0.0, 1.0):
        return values
    target = float(np.clip(mean + size * np.sqrt(mean * (1 - mean)), 0, 1))
    turned: Array = values | (draw < (target - mean) / (1 - mean)) if target > mean else values & (draw < target / mean)
    return turned
