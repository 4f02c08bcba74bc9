"""A world of 50 features whose drift is known: what happens to a week, and what then is planted in it.

20 correlated normal features, 10 lognormal, 5 zero-inflated and 15 categorical; in a wobbling world every feature's
middle moves by N(0, 0.03) of its standard deviation from week to week, which is harmless.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from leadscore_assets.domain.bins import Bins, fit_bins
from leadscore_assets.domain.column import Column
from leadscore_assets.domain.profiles import FeatureProfile, Profile, profile_of

NORMAL, LOGNORMAL, ZERO, LEVELS = 20, 10, 5, 15
NUMBERS = NORMAL + LOGNORMAL + ZERO
NAMES = (
    *(f"normal_{i:02d}" for i in range(NORMAL)),
    *(f"lognormal_{i:02d}" for i in range(LOGNORMAL)),
    *(f"zero_{i}" for i in range(ZERO)),
    *(f"level_{i:02d}" for i in range(LEVELS)),
)
WOBBLE = 0.03
SAMPLE = 2000
Array = Any


@dataclass(frozen=True)
class Week:
    """A week of n leads: hidden normal values (n, 50), its profile, and a sample (at most 2,000, 50)."""

    hidden: Array
    profile: Profile
    sample: Array


def hidden(n: int, draw: np.random.Generator, *, wobble: float) -> Array:
    """Draw n leads' hidden values; the first 20 features hang on four factors."""
    found = draw.standard_normal((n, len(NAMES)), dtype=np.float32)
    factors = draw.standard_normal((n, 4), dtype=np.float32)
    found[:, :NORMAL] = np.sqrt(0.51) * found[:, :NORMAL] + 0.7 * factors[:, np.arange(NORMAL) % 4]
    return found + (wobble * draw.standard_normal(len(NAMES))).astype(np.float32)


def column(place: int, values: Array) -> Column:
    """Turn a feature's hidden values (n,) into what a lead shows."""
    if place < NORMAL:
        return Column(values.astype(np.float64))
    if place < NORMAL + LOGNORMAL:
        return Column(np.exp(values.astype(np.float64)))
    if place < NUMBERS:
        return Column(np.where(values > 0, np.exp(values.astype(np.float64)), 0.0))
    levels = 3 + place % 10
    cuts = 2.4 * (np.arange(1, levels) / levels - 0.5) + 0.2
    return Column(np.searchsorted(cuts, values).astype(np.float64), tuple(f"level {i}" for i in range(levels)))


def columns(values: Array) -> dict[str, Column]:
    """Turn hidden values (n, 50) into columns by name."""
    return {name: column(place, values[:, place]) for place, name in enumerate(NAMES)}


def first_bins(n: int, draw: np.random.Generator) -> Bins:
    """Fix the bins on a week of their own."""
    return fit_bins(columns(hidden(n, draw, wobble=WOBBLE)), contract="simulated")


def make_week(n: int, draw: np.random.Generator, bins: Bins, *, wobble: float) -> Week:
    """Draw a week and summarise it."""
    values = hidden(n, draw, wobble=wobble)
    return Week(values, profile_of(columns(values), bins), sample_of(values[:SAMPLE]))


def sample_of(values: Array) -> Array:
    """Return sampled rows as numbers and codes (n, 50)."""
    return np.stack([column(place, values[:, place]).values for place in range(len(NAMES))], axis=1).astype(np.float32)


Change = Mapping[int, Column]
Plant = Callable[[Array, np.random.Generator], Change]


def _shifted(places: range, by: float) -> Plant:
    return lambda values, _draw: {place: column(place, values[:, place] + np.float32(by)) for place in places}


def _zeroed(values: Array, draw: np.random.Generator, *, to: float = 0.0) -> Change:
    place = NORMAL
    old = column(place, values[:, place]).values
    return {place: Column(np.where(draw.random(old.size) < 0.1, to, old))}


def _tenfold(values: Array, _draw: np.random.Generator) -> Change:
    return {NORMAL + 1: Column(10 * column(NORMAL + 1, values[:, NORMAL + 1]).values)}


PLANTS: dict[str, tuple[str, Plant | None]] = {
    "N": ("nothing planted", None),
    "A1": ("1 feature +0.2 sd", _shifted(range(1), 0.2)),
    "A2": ("1 feature +0.5 sd", _shifted(range(1), 0.5)),
    "A3": ("5 features +0.2 sd", _shifted(range(5), 0.2)),
    "A4": ("25 features +0.1 sd", _shifted(range(25), 0.1)),
    "A5": ("5 features +0.5 sd", _shifted(range(5), 0.5)),
    "A6": ("correlations gone", None),
    "A7": ("1 feature, 10 % become 0", _zeroed),
    "A8": ("1 feature times 10", _tenfold),
    "A9": ("1 feature, 10 % missing", lambda values, draw: _zeroed(values, draw, to=np.nan)),
}


def planted(week: Week, draw: np.random.Generator, bins: Bins) -> Iterator[tuple[str, Week]]:
    """Yield the same week with each plant in turn, the untouched one first; only what changes is counted again."""
    for name, (_, plant) in PLANTS.items():
        if name == "A6":
            yield name, replace(week, sample=np.stack([draw.permutation(one) for one in week.sample.T], axis=1))
        elif plant is None:
            yield name, week
        else:
            yield name, _changed(week, plant(week.hidden, draw), bins)


def _changed(week: Week, change: Change, bins: Bins) -> Week:
    features: dict[str, FeatureProfile] = dict(week.profile.features)
    sample = week.sample.copy()
    for place, found in change.items():
        name = NAMES[place]
        one = profile_of({name: found}, Bins(bins.contract, {name: bins.rulers[name]}))
        features[name] = one.features[name]
        sample[:, place] = found.values[: len(sample)]
    return Week(week.hidden, Profile(week.profile.bins, week.profile.rows, features), sample)
