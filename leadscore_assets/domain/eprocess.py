"""The mixture e-process on counts: evidence that may be looked at any time, because it holds at every moment at once.

An event is asked to be no likelier than a margin (or no rarer). Ville's inequality bounds the chance that evidence ever
reaches 1/alpha while that is true. No seed, no fixed sample, only two running counts.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_UP = np.array([0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95])
_DOWN = np.array([0.02, 0.05, 0.1, 0.25, 0.5, 0.75])
_HIGHEST = 0.999
_HALVINGS = 60

Grid = Callable[[float], Floats]
Batch = tuple[float, float, float]


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


def log_evidence(events: float, trials: float, *, margin: float, grid: Floats) -> float:
    """Return log E after `events` of `trials`: the mixture over the grid against P(event) <= margin.

    With `grid_down` it is against P(event) >= margin. Act when it reaches log(1/alpha), at any time.
    """
    hit, miss = log_factors(margin, grid)
    return float(np.logaddexp.reduce(events * hit + (trials - events) * miss) - np.log(grid.size))


def blended_evidence(batches: Iterable[Batch], *, grid: Grid) -> float:
    """Return log E over batches of (events, trials, margin), whose margins may change from batch to batch.

    Each component of the grid sums its factors over all batches before they are mixed, so that randomised counts under
    changing weights stay one e-process. A margin of 0 or 1 leaves nothing to test, and its batch adds nothing.
    """
    sums: Any = np.zeros(grid(0.5).size)
    for events, trials, margin in batches:
        if trials and 0 < margin < 1:
            hit, miss = log_factors(margin, grid(margin))
            sums = sums + events * hit + (trials - events) * miss
    return float(np.logaddexp.reduce(sums) - np.log(sums.size))


def attribution_margin(weight: float, ratio: float) -> float:
    """Return the chance that an event is the candidate's, which takes a share `weight` of leads and `ratio` times the
    champion's rate of events (Lindon and Malek 2022, arXiv 2011.03567).
    """
    return weight * ratio / (weight * ratio + 1 - weight)


def rate_interval(events: float, trials: float, *, alpha: float) -> tuple[float, float]:
    """Return the confidence sequence of a rate: it covers the truth at every moment at once, with chance 1 - alpha.

    It holds every rate whose likelihood the Beta(1/2, 1/2) mixture does not beat by 1/alpha.
    """
    if not trials:
        return 0.0, 1.0
    from scipy.special import betaln

    mixed = float(betaln(events + 0.5, trials - events + 0.5) - betaln(0.5, 0.5))

    def against(rate: float) -> float:
        hit = events * np.log(rate) if events else 0.0
        return mixed - hit - ((trials - events) * np.log1p(-rate) if trials > events else 0.0)

    centre, bound = events / trials, -np.log(alpha)
    low = _crossing(against, 0.0, centre, bound) if events else 0.0
    return low, _crossing(against, 1.0, centre, bound) if trials > events else 1.0


def half_width(deviation: float, n: int, *, alpha: float, tuned_for: int) -> float:
    """Return the one-sided half width of the asymptotic confidence sequence of a mean of n values.

    It is narrowest around `tuned_for` values and needs a hundred or so (Waudby-Smith and others, arXiv 2103.06476).
    """
    if not n:
        return float("inf")
    odds = -2 * np.log(alpha)
    spread = n * (odds + np.log(odds) + 1) / tuned_for
    inside = np.log(np.sqrt(spread + 1) / (2 * alpha) + 1)
    return float(deviation * np.sqrt(2 * (spread + 1) / (n * spread) * inside))


def more_needed(evidence: Callable[[int], float], *, bound: float, most: int = 1 << 32) -> int | None:
    """Return how many more trials bring log evidence to a bound when all goes on as it did; None where none do.

    `evidence` gives log E after so many more trials at the present rate.
    """
    if evidence(0) >= bound:
        return 0
    high = 1
    while evidence(high) < bound:
        high *= 2
        if high > most:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if evidence(middle) >= bound else (middle, high)
    return high


def _crossing(against: Callable[[float], float], outer: float, inner: float, bound: float) -> float:
    for _ in range(_HALVINGS):
        middle = (outer + inner) / 2
        outer, inner = (middle, inner) if against(middle) >= bound else (outer, middle)
    return outer


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
        found.append(np.logaddexp.reduce(at) - np.log(grid.size))
    return np.array(found, dtype=np.float64)
