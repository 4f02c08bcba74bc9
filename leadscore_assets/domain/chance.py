"""What chance alone would reach: critical values, margins and p-values beside every distance.

A distance without its chance level says nothing: PSI over 0.2 is certain on 100 rows and impossible on 10,000. Sizes
are n and m, the known values on either side; `alpha` is shared between `features`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, chdtri, kolmogorov, ndtri

from leadscore_assets.domain.distances import shares

_FOLDS = 1.15


def noise(n: float, m: float) -> float:
    """Return 1/n + 1/m, the scale of every squared distance that chance makes; infinite without values."""
    return 1 / n + 1 / m if n and m else float("inf")


def psi_chance(n: float, m: float, *, groups: int, features: int, alpha: float) -> float:
    """Return the PSI that chance exceeds on any of the features in a share `alpha` of weeks.

    PSI is (1/n + 1/m) times a chi-square with one degree less than groups (Yurdakul and Naranjo 2020).
    """
    return float(noise(n, m) * chdtri(max(groups - 1, 1), alpha / features))


def ks_chance(n: float, m: float, *, features: int, alpha: float) -> float:
    """Return the two-sample Kolmogorov-Smirnov distance that chance exceeds on any feature in a share of weeks."""
    return float(np.sqrt(np.log(2 * features / alpha) / 2 * noise(n, m)))


def ks_margin(n: ArrayLike, m: ArrayLike, *, features: int, alpha: float) -> Any:
    """Return the margin by Dvoretzky, Kiefer, Wolfowitz and Massart for each side: valid at any n, no law assumed."""
    with np.errstate(divide="ignore"):
        roots = 1 / np.sqrt(np.asarray(n, dtype=np.float64)) + 1 / np.sqrt(np.asarray(m, dtype=np.float64))
    return np.sqrt(np.log(2 * features / alpha) / 2) * roots


def tv_margin(now: ArrayLike, reference: ArrayLike, *, features: int, alpha: float) -> Any:
    """Return how far chance can drive total variation apart: its expectation, and McDiarmid's bound around that.

    The expectation grows with the number of levels, which a bound for one level would not know. Counts are
    (..., levels).
    """
    with np.errstate(divide="ignore"):
        scale = sum(1 / np.asarray(side, dtype=np.float64).sum(axis=-1) for side in (now, reference))
    pooled = (shares(now) + shares(reference)) / 2
    expected = 0.5 * np.sqrt(pooled * (1 - pooled)).sum(axis=-1) * np.sqrt(scale)
    return expected + np.sqrt(np.log(features / alpha) / 2 * scale)


def share_margin(n: float, m: float, *, pooled: float, features: int, alpha: float) -> float:
    """Return how far chance can drive two shares apart (Bernstein's inequality, two-sided)."""
    log = np.log(2 * features / alpha)
    return float(np.sqrt(2 * pooled * (1 - pooled) * noise(n, m) * log) + 2 * log * noise(n, m) / 3)


def ks_p_value(distance: float, n: float, m: float) -> float:
    """Return the asymptotic p-value of a two-sample Kolmogorov-Smirnov distance."""
    return float(kolmogorov(distance / np.sqrt(noise(n, m)))) if n and m else 1.0


def levels_p_value(now: ArrayLike, reference: ArrayLike) -> float:
    """Return Pearson's chi-square p-value that two counts of levels are of one distribution."""
    table = np.array([now, reference], dtype=np.float64)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(chdtrc(table.shape[1] - 1, np.sum((table - expected) ** 2 / expected)))


def fixed_levels_p_value(now: ArrayLike, reference: ArrayLike) -> float:
    """Return the chi-square p-value that takes the reference's shares as if they were known: too small, but in use."""
    table = np.array([now, reference], dtype=np.float64)
    observed, shape = table[:, table.sum(axis=0) > 0]
    if observed.size < 2 or not (observed.sum() and shape.sum()):
        return 1.0
    expected = shape * observed.sum() / shape.sum()
    return (
        0.0
        if (expected == 0).any()
        else float(chdtrc(observed.size - 1, np.sum((observed - expected) ** 2 / expected)))
    )


def false_discoveries(p_values: Sequence[float], *, rate: float) -> list[bool]:
    """Tell which p-values are discoveries with their false share held at `rate` (Benjamini and Hochberg 1995)."""
    order = np.argsort(p_values, kind="stable")
    ranked = np.asarray(p_values, dtype=np.float64)[order]
    passed = np.flatnonzero(ranked <= rate * np.arange(1, ranked.size + 1) / max(ranked.size, 1))
    found = np.zeros(ranked.size, dtype=bool)
    found[order[: passed[-1] + 1 if passed.size else 0]] = True
    return [bool(one) for one in found]


def auc_chance(n: int, m: int, *, alpha: float) -> float:
    """Return the AUC that an out-of-fold model without anything to find exceeds with probability alpha.

    Mann and Whitney's normal law, 1.15 times as wide: two folds learn from each other's rows (measured at 500 to 2,000
    rows a side).
    """
    return float(0.5 + _FOLDS * ndtri(1 - alpha) * np.sqrt((n + m + 1) / (12 * n * m)))
