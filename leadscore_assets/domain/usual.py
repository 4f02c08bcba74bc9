"""Usual: whether a distance is larger than the same distance has been from week to week in the past.

Real weeks differ by more than chance, so the question of a drift is not whether weeks differ but whether this one
differs more than weeks do.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from leadscore_assets.domain.distances import squared_distance
from leadscore_assets.domain.facts import Record

Floats = NDArray[np.float64]
FEWEST = 3
_DOUBT = 3.0


@dataclass(frozen=True)
class Usual(Record):
    """A value against its own past: how many past `weeks`, what they reach `usually`, and the one-sided `p`.

    `usually` is the value that the past exceeds with the probability that the caller asked for.
    """

    weeks: int
    p: float
    value: float
    usually: float


def against_past(value: float, past: ArrayLike, *, alpha: float) -> Usual:
    """Compare a value with K past ones by a one-sided t-interval for a new value (K - 1 degrees of freedom).

    Past values that never differ make any larger value unusual.
    """
    known = np.asarray(past, dtype=np.float64)
    weeks, mean = known.size, float(known.mean())
    # A past without any spread must not turn rounding into a finding.
    width = max(float(known.std(ddof=1)), 1e-9) * np.sqrt(1 + 1 / weeks)
    p = float(stdtr(weeks - 1, (mean - value) / width))
    return Usual(weeks, p, value, mean + width * float(stdtrit(weeks - 1, 1 - alpha)))


def past_pairs(weeks: ArrayLike, *, reach: int, most: int, least: int) -> tuple[Floats, Floats]:
    """Pair each of the last `most` weeks' counts (K, places) with the sum of up to `reach` weeks before it.

    `weeks` (W, places) are oldest first. Pairs with a side below `least` values are left out.
    """
    counts = np.asarray(weeks, dtype=np.float64)
    sums = np.vstack([np.zeros((1, counts.shape[1])), np.cumsum(counts, axis=0)])
    at = np.arange(max(len(counts) - most, 1), len(counts))
    before = sums[at] - sums[np.maximum(at - reach, 0)]
    enough = (counts[at].sum(axis=1) >= least) & (before.sum(axis=1) >= least)
    return counts[at][enough], before[enough]


def feature_against_past(
    pair: tuple[ArrayLike, ArrayLike], past: tuple[Floats, Floats], *, ordered: bool, alpha: float
) -> Usual | None:
    """Compare the distance of a pair (this week's counts, the reference's) with that of past pairs.

    Distances are taken in units of what chance and the feature's own mean wobble lead to at their sizes, so that weeks
    of other sizes stay comparable, and as logarithms. None where fewer than three weeks can be compared.
    """
    if len(past[0]) < FEWEST:
        return None
    found, chance = _measured(*past, ordered=ordered)
    distance, noise = _measured(*pair, ordered=ordered)
    wobble = _wobble(found - chance, grew=bool(noise < np.mean(chance)))
    if not float(wobble + noise):
        return None
    return against_past(float(_scaled(distance, wobble + noise)), _scaled(found, wobble + chance), alpha=alpha)


def _wobble(excess: Floats, *, grew: bool) -> float:
    """The mean squared distance that weeks have beyond chance, doubtful as it is, taken the harmless way.

    Weeks of one size cancel it. After a change of size too small a wobble would make larger weeks look unusual, and
    too large a one would make smaller weeks do so.
    """
    doubt = _DOUBT * float(np.std(excess, ddof=1)) / np.sqrt(excess.size)
    return max(float(np.mean(excess) + (doubt if grew else -doubt)), 0.0)


def _measured(now: ArrayLike, reference: ArrayLike, *, ordered: bool) -> tuple[Any, Any]:
    found, unit = squared_distance(now, reference, ordered=ordered)
    n, m = (np.asarray(side, dtype=np.float64).sum(axis=-1) for side in (now, reference))
    return found, unit * (1 / np.maximum(n, 1) + 1 / np.maximum(m, 1))


def _scaled(distance: Any, expected: Any) -> Any:
    return np.log(np.maximum(distance / np.maximum(expected, 1e-300), 1e-6)) / 2
