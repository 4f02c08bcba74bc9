"""Whether one model ranks the same rows better than another, with an honest interval and without resampling.

The standard error comes from the influence function of the tie-corrected rank correlation; a seeded paired bootstrap
stands beside it for those who want to see the two agree.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.metrics import Floats

MINIMUM_ROWS = 10
MINIMUM_DRAWS = 100


@dataclass(frozen=True)
class Comparison(Record):
    """A metric of two models on the same n rows: both values, candidate minus champion, and its two-sided interval.

    `confidence` is the share of such intervals that hold the true difference; `method` is influence or bootstrap.
    """

    metric: str
    n: int
    candidate: float
    champion: float
    difference: float
    standard_error: float
    low: float
    high: float
    confidence: float
    method: str = "influence"


def compare(candidate: ArrayLike, champion: ArrayLike, label: ArrayLike, *, confidence: float) -> Comparison:
    """Compare two models' scores (n each) by Spearman against the label of the same n rows, in O(n log n).

    The interval is normal and two-sided: with no true difference its lower end lies above 0 in (1 - confidence) / 2 of
    test sets. Raises InvalidInput below 10 rows, on unequal lengths or values that are not finite, and where a column
    is constant.
    """
    columns = _Ranked.of(candidate, label, name="candidate"), _Ranked.of(champion, label, name="champion")
    (new, new_influence), (old, old_influence) = (_influence(ranked) for ranked in columns)
    error = float(np.std(new_influence - old_influence, ddof=1)) / math.sqrt(new_influence.size)
    reach = _quantile(confidence) * error
    return Comparison(
        metric="spearman",
        n=new_influence.size,
        candidate=new,
        champion=old,
        difference=new - old,
        standard_error=error,
        low=new - old - reach,
        high=new - old + reach,
        confidence=confidence,
    )


def paired_bootstrap(
    candidate: ArrayLike, champion: ArrayLike, label: ArrayLike, *, confidence: float, draws: int = 1000, seed: int = 42
) -> Comparison:
    """Compare as `compare` does, by drawing the n rows again with replacement: percentile interval over `draws` draws.

    A draw counts how often each row was taken and re-ranks by counting, so that it costs O(n) and sorts nothing. Draws
    in which a column is constant are left out. The same seed gives the same answer. Raises InvalidInput as `compare`
    does, and below 100 draws.
    """
    new, old = _Ranked.of(candidate, label, name="candidate"), _Ranked.of(champion, label, name="champion")
    if draws < MINIMUM_DRAWS:
        raise InvalidInput(f"{draws} draws are too few for an interval; give at least {MINIMUM_DRAWS}, usually 1000")
    generator = np.random.default_rng(seed)
    gains = np.empty(draws)
    for draw in range(draws):
        counts = np.bincount(generator.integers(0, new.n, new.n), minlength=new.n).astype(np.float64)
        gains[draw] = _weighted(new, counts) - _weighted(old, counts)
    gains = gains[np.isfinite(gains)]
    low, high = np.quantile(gains, [(1 - confidence) / 2, (1 + confidence) / 2])
    whole = np.ones(new.n)
    first, second = _weighted(new, whole), _weighted(old, whole)
    return Comparison(
        metric="spearman",
        n=new.n,
        candidate=first,
        champion=second,
        difference=first - second,
        standard_error=float(np.std(gains, ddof=1)),
        low=float(low),
        high=float(high),
        confidence=confidence,
        method="bootstrap",
    )


def spearman_influence(x: ArrayLike, y: ArrayLike) -> tuple[float, Floats]:
    """Return the tie-corrected rank correlation of n pairs and each pair's influence on it (n values of mean 0).

    With a, b the centred mid-ranks / n, S_x(b)_i = mean_j[(1{x_j > x_i} + 1/2 1{x_j = x_i} - 1/2) b_j]:
    phi = a b + S_x(b) + S_y(a) - 3 cov, psi_a = a^2 + 2 S_x(a) - 3 va, psi_b likewise, and the influence is
    phi / sqrt(va vb) - rho / 2 (psi_a / va + psi_b / vb). Its standard deviation / sqrt n is the standard error of rho,
    and that of two models' difference is the standard error of their difference. Raises InvalidInput as `compare` does.
    """
    return _influence(_Ranked.of(x, y, name="x"))


def spearman_interval(score: ArrayLike, label: ArrayLike, *, confidence: float) -> tuple[float, float, float]:
    """Return one model's Spearman with the two ends of its interval, cut at -1 and 1; raises as `compare` does."""
    rho, influence = spearman_influence(score, label)
    reach = _quantile(confidence) * float(np.std(influence, ddof=1)) / math.sqrt(influence.size)
    return rho, max(rho - reach, -1.0), min(rho + reach, 1.0)


def rows_needed(comparison: Comparison, *, gain: float, over: float = 0.0, power: float = 0.8) -> int | None:
    """Return how many test rows show a true `gain` as more than `over` with this chance; None when gain <= over.

    The standard error shrinks with the square root of the rows, and is taken from the comparison.
    """
    if gain <= over:
        return None
    reach = (_quantile(comparison.confidence) + NormalDist().inv_cdf(power)) * comparison.standard_error
    return math.ceil(comparison.n * (reach / (gain - over)) ** 2)


@dataclass(frozen=True)
class _Ranked:
    """Two columns of the same rows as dense levels: every further step counts, and none sorts."""

    n: int
    x: NDArray[np.intp]
    y: NDArray[np.intp]

    @classmethod
    def of(cls, x: ArrayLike, y: ArrayLike, *, name: str) -> Self:
        first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if first.ndim != 1 or first.shape != second.shape:
            raise InvalidInput(
                f"{name} has the shape {first.shape} and the label {second.shape}; give the same rows to both"
            )
        if first.size < MINIMUM_ROWS:
            raise InvalidInput(f"{first.size} rows are too few for an interval; give at least {MINIMUM_ROWS}")
        return cls(n=first.size, x=_levels(name, first), y=_levels("label", second))


def _levels(name: str, column: Floats) -> NDArray[np.intp]:
    if not np.isfinite(column).all():
        raise InvalidInput(f"{name} holds values that are missing or not finite; leave those rows out")
    values, inverse = np.unique(column, return_inverse=True)
    if values.size == 1:
        raise InvalidInput(
            f"{name} is {values[0]:g} in all {column.size} rows; ranks need at least two different values"
        )
    return inverse


def _influence(ranked: _Ranked) -> tuple[float, Floats]:
    a, b = _centred(ranked.x, ranked.n), _centred(ranked.y, ranked.n)
    va, vb, cov = float(np.mean(a * a)), float(np.mean(b * b)), float(np.mean(a * b))
    rho = cov / math.sqrt(va * vb)
    phi = a * b + _above(ranked.x, b) + _above(ranked.y, a) - 3 * cov
    psi_a = a * a + 2 * _above(ranked.x, a) - 3 * va
    psi_b = b * b + 2 * _above(ranked.y, b) - 3 * vb
    influence: Floats = phi / math.sqrt(va * vb) - rho / 2 * (psi_a / va + psi_b / vb)
    return rho, influence


def _centred(level: NDArray[np.intp], n: int) -> Floats:
    counts = np.bincount(level)
    middle = (np.cumsum(counts) - (counts - 1) / 2.0 - 0.5) / n - 0.5
    return np.asarray(middle[level], dtype=np.float64)


def _above(level: NDArray[np.intp], values: Floats) -> Floats:
    """S_x(b): for each row the mean of b over the rows above it, half of it for equals, less half of the whole mean."""
    sums = np.bincount(level, weights=values)
    total = sums.sum()
    higher = total - np.cumsum(sums)
    return np.asarray((higher + sums / 2 - total / 2)[level] / values.size, dtype=np.float64)


def _weighted(ranked: _Ranked, counts: Floats) -> float:
    a, b = (_weighted_ranks(level, counts) for level in (ranked.x, ranked.y))
    scale = math.sqrt(float(counts @ (a * a)) * float(counts @ (b * b)))
    return float(counts @ (a * b)) / scale if scale > 0 else math.nan


def _weighted_ranks(level: NDArray[np.intp], counts: Floats) -> Floats:
    sums = np.bincount(level, weights=counts)
    middle = np.cumsum(sums) - sums / 2 - counts.sum() / 2
    return np.asarray(middle[level], dtype=np.float64)


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise InvalidInput(f"confidence is {confidence}; give a share between 0 and 1, for example 0.95")
    return NormalDist().inv_cdf((1 + confidence) / 2)
