"""One feature of two profiles, measured every way that anybody asks for, each number beside what it is judged by.

Measuring decides nothing; drift_rules.py does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from leadscore_assets.domain import chance, distances
from leadscore_assets.domain.bins import Ruler
from leadscore_assets.domain.drift_policy import DriftPolicy
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.profiles import FeatureProfile
from leadscore_assets.domain.unit_breaks import UnitBreak, unit_break
from leadscore_assets.domain.usual import Usual, feature_against_past, past_pairs

Severity = Literal["alarm", "watch", "quiet"]
_FEW_ROWS, _FEW_VALUES, _EVIDENTLY_DISTANCE, _EVIDENTLY_P = 1000, 5, 0.1, 0.05
_LISTED = 5


@dataclass(frozen=True)
class FeatureDrift(Record):
    """One feature, this week (`n` known values) against the reference (`m`).

    `distance` is Kolmogorov-Smirnov for numbers and total variation for levels; it is judged by `bound` (tolerance and
    margin), and `chance` is what chance alone may reach. `psi` stands beside its own chance level, `p` is the p-value
    without any tolerance, `usual` compares with past weeks, and `restless` is the share of them whose own distance was
    beyond its bound. Shares of missing values are compared with
    `missing_bound`. `strange` and `gone` are levels that came and went, with their share of the week or reference.
    `evidently` tells what Evidently's default test says. Importance is the feature's share of the model's gain.
    """

    name: str
    kind: Literal["number", "levels"]
    n: int
    m: int
    distance: float
    bound: float
    chance: float
    psi: float
    psi_chance: float
    p: float
    missing: float
    missing_before: float
    missing_bound: float
    usual: Usual | None = None
    restless: float = 0.0
    unit: UnitBreak | None = None
    strange: dict[str, float] = field(default_factory=dict)
    gone: dict[str, float] = field(default_factory=dict)
    evidently: bool = False
    importance: float = 0.0
    severity: Severity = "quiet"
    findings: tuple[str, ...] = ()
    picture: dict[str, Any] = field(default_factory=dict)

    @property
    def pressure(self) -> float:
        """How large the change is in units of its bound, of values or of missing ones: over 1 it is beyond it."""
        return max(self.distance / self.bound, abs(self.missing - self.missing_before) / self.missing_bound)

    @property
    def missing_moved(self) -> bool:
        """Whether the share of missing values changed by more than its bound."""
        return abs(self.missing - self.missing_before) > self.missing_bound


@dataclass(frozen=True)
class Pair:
    """The two sides of one feature, how it is counted, and the counts (W, places) of past weeks."""

    name: str
    ruler: Ruler
    now: FeatureProfile
    before: FeatureProfile
    past: ArrayLike
    reach: int
    importance: float = 0.0

    @property
    def ordered(self) -> bool:
        """Whether it is a number."""
        return self.ruler.levels is None

    @property
    def counts(self) -> tuple[Any, Any]:
        """This week's counts and the reference's."""
        return self.now.counts, self.before.counts


def measure(pair: Pair, *, features: int, policy: DriftPolicy) -> FeatureDrift:
    """Measure a feature; `features` of them share the policy's error rates."""
    n, m = pair.now.known, pair.before.known
    terms: dict[str, Any] = {"features": features, "alpha": policy.alpha}
    past = past_pairs(pair.past, reach=pair.reach, most=policy.history_weeks, least=policy.minimum_rows)
    known = len(past[0]) >= policy.minimum_history
    groups = distances.psi_groups(pair.before.counts) if pair.ordered else None
    seen = (pair.now.counts + pair.before.counts) > 0
    size = int(groups.max()) + 1 if groups is not None else int(seen.sum())
    return FeatureDrift(
        name=pair.name,
        kind="number" if pair.ordered else "levels",
        n=n,
        m=m,
        psi=distances.psi(*pair.counts, groups),
        psi_chance=_finite(chance.psi_chance(n, m, groups=size, **terms)),
        usual=_usual(pair, past, policy.usual_alpha / features) if known else None,
        restless=_restless(pair, policy, terms) if known else 0.0,
        importance=pair.importance,
        evidently=_evidently(pair),
        **_distance(pair, policy, terms),
        **_missing(pair, policy, terms),
        **_levels(pair, policy),
        unit=unit_break(pair.now.decades or {}, pair.before.decades or {}) if pair.ordered else None,
    )


def _usual(pair: Pair, past: tuple[Any, Any], alpha: float) -> Usual | None:
    return feature_against_past(pair.counts, past, ordered=pair.ordered, alpha=alpha)


def _restless(pair: Pair, policy: DriftPolicy, terms: dict[str, Any]) -> float:
    """The share of past weeks whose distance from the week before was beyond its bound.

    From week to week alone: beside a sum of weeks one lasting shift would be beyond it for as many weeks.
    """
    past = past_pairs(pair.past, reach=1, most=policy.history_weeks, least=1)
    if not len(past[0]):
        return 0.0
    bounds = policy.tolerance + _margin(*past, ordered=pair.ordered, terms=terms)
    return float(np.mean(_measure(*past, ordered=pair.ordered) > bounds))


def _distance(pair: Pair, policy: DriftPolicy, terms: dict[str, Any]) -> dict[str, Any]:
    n, m = pair.now.known, pair.before.known
    distance = float(_measure(*pair.counts, ordered=pair.ordered))
    margin = float(_margin(*pair.counts, ordered=pair.ordered, terms=terms))
    reach = chance.ks_chance(n, m, **terms) if pair.ordered else margin
    p = chance.ks_p_value(distance, n, m) if pair.ordered else chance.levels_p_value(*pair.counts)
    # A distance cannot exceed 1: where the margin does, nothing can be found, and the bound says so.
    return {"distance": distance, "bound": min(policy.tolerance + margin, 1.0), "chance": min(reach, 1.0), "p": p}


def _measure(now: ArrayLike, before: ArrayLike, *, ordered: bool) -> Any:
    return (distances.kolmogorov_smirnov if ordered else distances.total_variation)(now, before)


def _margin(now: ArrayLike, before: ArrayLike, *, ordered: bool, terms: dict[str, Any]) -> Any:
    if ordered:
        return chance.ks_margin(np.sum(now, axis=-1), np.sum(before, axis=-1), **terms)
    return chance.tv_margin(now, before, **terms)


def _missing(pair: Pair, policy: DriftPolicy, terms: dict[str, Any]) -> dict[str, Any]:
    rows = [side.known + side.missing for side in (pair.now, pair.before)]
    share = [side.missing / max(size, 1) for side, size in zip((pair.now, pair.before), rows, strict=True)]
    pooled = sum(side.missing for side in (pair.now, pair.before)) / max(sum(rows), 1)
    margin = chance.share_margin(*rows, pooled=pooled, **terms)
    bound = min(policy.missing_tolerance + margin, 1.0)
    return {"missing": share[0], "missing_before": share[1], "missing_bound": bound}


def _levels(pair: Pair, policy: DriftPolicy) -> dict[str, Any]:
    if pair.ruler.levels is None:
        return {}
    now, before = (distances.shares(side) for side in pair.counts)
    known = set(pair.before.strange or {})
    least, n = policy.new_level_share, max(pair.now.known, 1)
    came = {level: count / n for level, count in (pair.now.strange or {}).items() if level not in known}
    came |= {
        level: float(now[place])
        for place, level in enumerate(pair.ruler.levels)
        if now[place] and not pair.before.counts[place]
    }
    went = {
        level: float(before[place])
        for place, level in enumerate(pair.ruler.levels)
        if before[place] >= least and not pair.now.counts[place]
    }
    return {
        "strange": _largest({level: share for level, share in came.items() if share >= least}),
        "gone": _largest(went),
    }


def _largest(found: dict[str, float]) -> dict[str, float]:
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:_LISTED])


def _evidently(pair: Pair) -> bool:
    """Decide as Evidently 0.7 does by default, from counts: the test depends on the size and the distinct values."""
    n, m = pair.now.known, pair.before.known
    if not (n and m):
        return False
    few = not pair.ordered or pair.ruler.size <= _FEW_VALUES
    if pair.before.known + pair.before.missing <= _FEW_ROWS:
        return _small_p(pair, few=few) < _EVIDENTLY_P
    if few:
        return distances.jensen_shannon(*pair.counts) >= _EVIDENTLY_DISTANCE
    return _moved(pair) >= _EVIDENTLY_DISTANCE


def _small_p(pair: Pair, *, few: bool) -> float:
    if not few:
        return chance.ks_p_value(float(distances.kolmogorov_smirnov(*pair.counts)), pair.now.known, pair.before.known)
    two = ((pair.now.counts + pair.before.counts) > 0).sum() <= 2
    return (chance.levels_p_value if two else chance.fixed_levels_p_value)(*pair.counts)


def _moved(pair: Pair) -> float:
    """The Wasserstein distance in the reference's standard deviations."""
    shift = (pair.now.mean or 0.0) - (pair.before.mean or 0.0)
    moved = distances.wasserstein(*pair.counts, edges=pair.ruler.edges, shift=shift)
    return moved / max(pair.before.deviation, 0.001)


def _finite(value: float) -> float:
    return value if np.isfinite(value) else 1e9


def stacked(weeks: Sequence[FeatureProfile], size: int) -> ArrayLike:
    """Return past weeks' counts of a feature as (W, size)."""
    return np.stack([week.counts for week in weeks]) if weeks else np.zeros((0, size), dtype=np.int64)
