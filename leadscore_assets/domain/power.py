"""How often a gate would see what it asks for: the power of a test on conversions among the best tenth of leads."""

import math
from statistics import NormalDist

TOP_SHARE = 0.1
# Of two models whose scores are correlated 0.96, the best tenths share four leads of five (measured in
# benchmarks/promotion_world.py); shared leads convert alike and cannot tell the models apart.
SHARED = 0.8


def kpi_power(*, rate: float, relative_gain: float, rows: int, confidence: float = 0.90) -> float:
    """Return the chance to show, with one-sided (1 + confidence) / 2, a true relative gain of the best tenth's rate.

    `rate` is the share of the best tenth of `rows` leads that convert, 0 to 1; only leads in one of the two tenths
    count.
    """
    apart = rows * TOP_SHARE * (1 - SHARED)
    better = min(rate * (1 + relative_gain), 1.0)
    spread = apart * (rate * (1 - rate) + better * (1 - better))
    if spread <= 0:
        return 0.0
    error = math.sqrt(spread) / (rows * TOP_SHARE)
    return NormalDist().cdf(rate * relative_gain / error - NormalDist().inv_cdf((1 + confidence) / 2))


def kpi_rows_needed(*, rate: float, relative_gain: float, power: float, confidence: float = 0.90) -> int | None:
    """Return the test rows that give this power; None where no number does."""
    if not 0 < rate < 1 or relative_gain <= 0:
        return None
    rows = 100
    while kpi_power(rate=rate, relative_gain=relative_gain, rows=rows, confidence=confidence) < power:
        rows *= 2
    low, high = rows // 2, rows
    while high - low > max(low // 100, 1):
        middle = (low + high) // 2
        enough = kpi_power(rate=rate, relative_gain=relative_gain, rows=middle, confidence=confidence) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high
