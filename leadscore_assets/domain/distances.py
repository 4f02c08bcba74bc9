"""How far two sets of counts lie apart: the field's distances, on the counts of fixed bins instead of on rows.

Counts are (..., places); the answer has the shape before the places. Where a side has no value at all, the distance is
0: nothing is known of it.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
PSI_BINS = 10
_PSI_FLOOR = 1e-4


def shares(counts: ArrayLike) -> Floats:
    """Return counts as shares of their sum along the last axis, 0 where the sum is 0."""
    values = np.asarray(counts, dtype=np.float64)
    found: Floats = values / np.maximum(values.sum(axis=-1, keepdims=True), 1.0)
    return found


def kolmogorov_smirnov(now: ArrayLike, reference: ArrayLike) -> Any:
    """Return the largest gap between the two distribution functions, 0 to 1, seen at the bins' edges."""
    return np.abs(_gaps(now, reference)).max(axis=-1) * _both(now, reference)


def total_variation(now: ArrayLike, reference: ArrayLike) -> Any:
    """Return the share of rows, 0 to 1, that would have to change their level."""
    return 0.5 * np.abs(shares(now) - shares(reference)).sum(axis=-1) * _both(now, reference)


def psi_groups(reference: ArrayLike, *, groups: int = PSI_BINS) -> NDArray[np.int64]:
    """Return for each place (places,) of a number its group: cut behind the places where the reference's deciles lie.

    A value that holds several deciles alone makes one group, as it does with exact deciles.
    """
    reached = np.cumsum(shares(reference))
    cuts = np.unique(np.searchsorted(reached, np.arange(1, groups) / groups - 1e-12))
    return np.searchsorted(cuts, np.arange(reached.size)).astype(np.int64)


def psi(now: ArrayLike, reference: ArrayLike, groups: NDArray[np.int64] | None = None) -> float:
    """Return the population stability index of two counts (places,), the places gathered into groups where given.

    Shares below 0.0001 count as 0.0001, so that an empty place does not make it infinite.
    """
    sides = np.array([now, reference], dtype=np.float64)
    if not sides.sum(axis=1).all():
        return 0.0
    if groups is not None:
        sides = np.stack([np.bincount(groups, weights=side) for side in sides])
    p, q = np.maximum(shares(sides[:, sides.sum(axis=0) > 0]), _PSI_FLOOR)
    return float(np.sum((p - q) * np.log(p / q)))


def squared_distance(now: ArrayLike, reference: ArrayLike, *, ordered: bool) -> tuple[Any, Any]:
    """Return the mean squared gap between two distributions, and its expectation from chance for 1/n + 1/m = 1.

    Of numbers (`ordered`) it is the Cramer-von Mises distance on the bins; of levels the sum of squared differences of
    their shares. Chance adds exactly (1/n + 1/m) times the second answer, whatever the distribution, which makes
    distances of weeks of different sizes comparable.
    """
    pooled = (shares(now) + shares(reference)) / 2
    if ordered:
        below = np.cumsum(pooled, axis=-1)
        found = (np.square(_gaps(now, reference)) * pooled).sum(axis=-1)
        return found * _both(now, reference), (pooled * below * np.maximum(1 - below, 0)).sum(axis=-1)
    found = np.square(shares(now) - shares(reference)).sum(axis=-1)
    return found * _both(now, reference), (pooled * (1 - pooled)).sum(axis=-1)


def wasserstein(now: ArrayLike, reference: ArrayLike, *, edges: ArrayLike, shift: float) -> float:
    """Return the first Wasserstein distance in the feature's own unit; `shift` is the difference of the means.

    Between the first and the last edge values are spread evenly inside their bins. What lies outside is known through
    the means, whose difference is the whole signed area; a change of both tails in opposite directions is missed.
    """
    points, gaps = np.asarray(edges, dtype=np.float64), _gaps(now, reference)[:-1]
    first, last, width = gaps[:-1], gaps[1:], np.diff(points)
    whole = np.abs(first) + np.abs(last)
    # The gap runs in a straight line inside a bin; where it changes sign, two triangles are left.
    area = np.where(first * last < 0, (first**2 + last**2) / np.maximum(2 * whole, 1e-300), whole / 2)
    outside = shift + float(np.sum((first + last) / 2 * width))
    return float(np.sum(area * width)) + abs(outside)


def jensen_shannon(now: ArrayLike, reference: ArrayLike) -> float:
    """Return the Jensen-Shannon distance (the square root of the divergence, in nats)."""
    p, q = shares(now), shares(reference)
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(side > 0, side * np.log(side / middle), 0.0).sum() for side in (p, q)]
    return float(np.sqrt(max(sum(parts) / 2, 0.0)))


def _gaps(now: ArrayLike, reference: ArrayLike) -> Floats:
    found: Floats = np.cumsum(shares(now), axis=-1) - np.cumsum(shares(reference), axis=-1)
    return found


def _both(now: ArrayLike, reference: ArrayLike) -> Any:
    return (np.asarray(now).sum(axis=-1) > 0) & (np.asarray(reference).sum(axis=-1) > 0)
