"""The rank correlation of two columns with each row's influence on it: every further step counts, and none sorts."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.metrics import Floats

MINIMUM_ROWS = 10


@dataclass(frozen=True)
class Ranked:
    """Two columns of the same n rows as dense levels."""

    n: int
    x: NDArray[np.intp]
    y: NDArray[np.intp]

    @classmethod
    def of(cls, x: ArrayLike, y: ArrayLike, *, name: str) -> Self:
        """Rank two columns (n,); raise InvalidInput below 10 rows, on unequal lengths, gaps and constant columns."""
        first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if first.ndim != 1 or first.shape != second.shape:
            raise InvalidInput(
                f"{name} has the shape {first.shape} and the label {second.shape}; give the same rows to both"
            )
        if first.size < MINIMUM_ROWS:
            raise InvalidInput(f"{first.size} rows are too few for an interval; give at least {MINIMUM_ROWS}")
        return cls(n=first.size, x=_levels(name, first), y=_levels("label", second))


def spearman_influence(x: ArrayLike, y: ArrayLike) -> tuple[float, Floats]:
    """Return the tie-corrected rank correlation of n pairs and each pair's influence on it (n values of mean 0).

    With a, b the centred mid-ranks / n, S_x(b)_i = mean_j[(1{x_j > x_i} + 1/2 1{x_j = x_i} - 1/2) b_j]:
    phi = a b + S_x(b) + S_y(a) - 3 cov, psi_a = a^2 + 2 S_x(a) - 3 va, psi_b likewise, and the influence is
    phi / sqrt(va vb) - rho / 2 (psi_a / va + psi_b / vb). Its standard deviation / sqrt n is the standard error of rho,
    and that of two models' difference is the standard error of their difference. Raises as `Ranked.of` does.
    """
    return influence_of(Ranked.of(x, y, name="x"))


def _levels(name: str, column: Floats) -> NDArray[np.intp]:
    if not np.isfinite(column).all():
        raise InvalidInput(f"{name} holds values that are missing or not finite; leave those rows out")
    values, inverse = np.unique(column, return_inverse=True)
    if values.size == 1:
        raise InvalidInput(
            f"{name} is {values[0]:g} in all {column.size} rows; ranks need at least two different values"
        )
    return inverse


def influence_of(ranked: Ranked) -> tuple[float, Floats]:
    """Return what `spearman_influence` does, of two columns that are ranked already."""
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


def weighted_correlation(ranked: Ranked, counts: Floats) -> float:
    """Return the rank correlation with each row counted so many times (n,); NaN where a column is constant."""
    a, b = (_weighted_ranks(level, counts) for level in (ranked.x, ranked.y))
    scale = math.sqrt(float(counts @ (a * a)) * float(counts @ (b * b)))
    return float(counts @ (a * b)) / scale if scale > 0 else math.nan


def _weighted_ranks(level: NDArray[np.intp], counts: Floats) -> Floats:
    sums = np.bincount(level, weights=counts)
    middle = np.cumsum(sums) - sums / 2 - counts.sum() / 2
    return np.asarray(middle[level], dtype=np.float64)
