"""Profiles: a week of leads as one small summary that can be added to another week's.

A sum of profiles is the profile of the weeks together, in any order and grouping, so that a question about any span of
weeks reads no old row. Nothing here can be traced to a lead.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from leadscore_assets.domain.bins import Bins, Counts, Ruler
from leadscore_assets.domain.column import Column, Floats
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import InvalidInput

STEPS_A_DECADE = 16
_LISTED_LEVELS = 50


@dataclass(frozen=True, eq=False)
class FeatureProfile:
    """One feature: `counts` (places of its ruler) of known values, and how many are `missing`.

    Numbers also have `low` and `high`, `mean` and `squares` (the sum of squared deviations), None without a value, and
    `decades`: how many values other than 0 have floor(16 log10 |value|) at each number, whatever their scale. `strange`
    are the most frequent levels that the ruler does not have.
    """

    counts: Counts
    missing: int
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    squares: float = 0.0
    decades: Mapping[int, int] | None = None
    strange: Mapping[str, int] | None = None

    @property
    def known(self) -> int:
        """How many values are known."""
        return int(self.counts.sum())

    @property
    def deviation(self) -> float:
        """The standard deviation of the known values, 0 without any."""
        return float(np.sqrt(self.squares / self.known)) if self.known else 0.0

    def __add__(self, other: "FeatureProfile") -> "FeatureProfile":
        """Add the same feature of other rows."""
        mean, squares = _pooled(self, other)
        return FeatureProfile(
            self.counts + other.counts,
            self.missing + other.missing,
            _known(min, self.low, other.low),
            _known(max, self.high, other.high),
            mean,
            squares,
            _added(self.decades, other.decades),
            _added(self.strange, other.strange),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the profile as JSON values; counts of 0 cost a character each."""
        found: dict[str, Any] = {"counts": self.counts.tolist(), "missing": self.missing}
        found |= {"low": self.low, "high": self.high, "mean": self.mean, "squares": self.squares}
        found["decades"] = {f"{step}": n for step, n in sorted((self.decades or {}).items())}
        found["strange"] = dict(sorted((self.strange or {}).items()))
        return found

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "FeatureProfile":
        """Build the profile again."""
        plain = {name: content[name] for name in ("missing", "low", "high", "mean", "squares", "strange")}
        decades = {int(step): n for step, n in content["decades"].items()}
        return cls(counts=np.array(content["counts"], dtype=np.int64), decades=decades, **plain)


@dataclass(frozen=True, eq=False)
class Profile:
    """Rows of leads as one summary: how many, counted with which bins (their digest), and each feature."""

    bins: str
    rows: int
    features: Mapping[str, FeatureProfile]

    def __add__(self, other: "Profile") -> "Profile":
        """Add the profile of other rows; raise InvalidInput when it was counted with other bins."""
        if self.bins != other.bins:
            raise InvalidInput(
                f"profiles counted with bins {self.bins[:12]} and {other.bins[:12]} cannot be added; "
                "materialize lead_profile again for the older weeks"
            )
        features = {name: feature + other.features[name] for name, feature in self.features.items()}
        return Profile(self.bins, self.rows + other.rows, features)

    @property
    def digest(self) -> str:
        """SHA-256 of the profile's content."""
        return digest_of(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the profile as JSON values."""
        features = {name: feature.to_json() for name, feature in self.features.items()}
        return {"bins": self.bins, "rows": self.rows, "features": features}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Profile":
        """Build the profile again; raise KeyError or TypeError when the content is of another shape."""
        features = {name: FeatureProfile.from_json(item) for name, item in content["features"].items()}
        return cls(content["bins"], content["rows"], features)


def profile_of(columns: Mapping[str, Column], bins: Bins) -> Profile:
    """Summarise columns of n rows, one pass over each."""
    rows = max((column.values.size for column in columns.values()), default=0)
    features = {name: _feature(columns[name], ruler) for name, ruler in bins.rulers.items()}
    return Profile(bins.digest, rows, features)


def total(profiles: Iterable[Profile]) -> Profile | None:
    """Add profiles up; None where there are none."""
    found = list(profiles)
    return reduce(Profile.__add__, found) if found else None


def _feature(column: Column, ruler: Ruler) -> FeatureProfile:
    known = column.values[~np.isnan(column.values)]
    counts, missing = ruler.count(column), int(column.values.size - known.size)
    if ruler.levels is not None:
        return FeatureProfile(counts, missing, decades={}, strange=_strange(column, known, ruler))
    if not known.size:
        return FeatureProfile(counts, missing, decades={}, strange={})
    mean = float(known.mean())
    squares = float(np.square(known - mean).sum())
    span = float(known.min()), float(known.max())
    return FeatureProfile(counts, missing, *span, mean, squares, _decades(known), {})


def _decades(known: Floats) -> dict[int, int]:
    sizes = np.abs(known[known != 0])
    steps, counts = np.unique(np.floor(STEPS_A_DECADE * np.log10(sizes)).astype(np.int64), return_counts=True)
    return dict(zip(steps.tolist(), counts.tolist(), strict=True))


def _strange(column: Column, known: Floats, ruler: Ruler) -> dict[str, int]:
    listed = set(ruler.levels or ())
    counts = np.bincount(known.astype(np.int64), minlength=len(column.levels or ())).tolist()
    found = {name: n for name, n in zip(column.levels or (), counts, strict=True) if n and name not in listed}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:_LISTED_LEVELS])


def _pooled(one: FeatureProfile, two: FeatureProfile) -> tuple[float | None, float]:
    if one.mean is None or two.mean is None:
        return (two.mean, two.squares) if one.mean is None else (one.mean, one.squares)
    n, m = one.known, two.known
    gap = one.mean - two.mean
    return (n * one.mean + m * two.mean) / (n + m), one.squares + two.squares + gap * gap * (n * m / (n + m))


def _known(choose: Any, one: float | None, two: float | None) -> float | None:
    known = [value for value in (one, two) if value is not None]
    return choose(known) if known else None


def _added(one: Mapping[Any, int] | None, two: Mapping[Any, int] | None) -> dict[Any, int]:
    return dict(Counter(one or {}) + Counter(two or {}))
