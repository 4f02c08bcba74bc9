"""The mixture e-process on counts: evidence that may be looked at any time, because it holds at every moment at once.

An event is asked to be no likelier than a margin (or no rarer). Ville's inequality bounds the chance that evidence ever
reaches 1/alpha while that is true. No seed, no fixed sample, only two running counts.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

Floats = NDArray[np.float64]

_UP = np.array([0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95])
_DOWN = np.array([0.02, 0.05, 0.1, 0.25, 0.5, 0.75])
_HIGHEST = 0.999


def grid_up(margin: float) -> Floats:
    """Return the chances above a margin that a breach is sought at."""
    grid: Floats = np.minimum(margin + (1 - margin) * _UP, _HIGHEST)
    return grid


def grid_down(margin: float) -> Floats:
    """Return the chances below a margin that its being kept is proved at."""
    grid: Floats = margin * _DOWN
    return grid


def log_factors(margin: float, grid: Floats) -> tuple[Floats, Floats]:
    """Return what one event, and one without it, adds to the log evidence at each chance of the grid."""
    return np.log(grid / margin), np.log1p(-grid) - np.log1p(-margin)


def log_evidence(events: int, trials: int, *, margin: float, grid: Floats) -> float:
    """Return log E after `events` of `trials`: the mixture over the grid against P(event) <= margin.

    With `grid_down` it is against P(event) >= margin. Act when it reaches log(1/alpha), at any time.
    """
    hit, miss = log_factors(margin, grid)
    return float(logsumexp(events * hit + (trials - events) * miss) - np.log(grid.size))


def cusum(events: ArrayLike, trials: ArrayLike, *, margin: float, grid: Floats) -> Floats:
    """Return the log of the e-CUSUM after each of T batches (Shin, Ramdas, Rinaldo 2023, arXiv 2203.03532).

    Each component starts again from no evidence whenever it falls below it, so that a late change is seen as fast as an
    early one. While P(event) <= margin, it reaches log(A) at most once in A batches on average.
    """
    hit, miss = log_factors(margin, grid)
    at: Any = np.zeros(grid.size)
    found = []
    for s, n in zip(np.asarray(events, dtype=np.float64), np.asarray(trials, dtype=np.float64), strict=True):
        at = np.maximum(at, 0.0) + s * hit + (n - s) * miss
        found.append(logsumexp(at) - np.log(grid.size))
    return np.array(found, dtype=np.float64)
