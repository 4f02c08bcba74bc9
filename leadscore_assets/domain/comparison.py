"""Whether one model does better than another on the same rows, with an honest interval and without resampling.

The standard error of any metric's difference comes from its influence function (for the AUC, DeLong's covariance); a
seeded paired bootstrap of Spearman stands beside it for those who want to see the two agree.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from leadscore_assets.domain.delong import delong
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.influence import Judged, influence
from leadscore_assets.domain.ladder import LOWER_IS_BETTER
from leadscore_assets.domain.metrics import Floats
from leadscore_assets.domain.spearman import (
    MINIMUM_ROWS,
    Ranked,
    influence_of,
    spearman_influence,
    weighted_correlation,
)

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

    @property
    def gain(self) -> tuple[float, float, float]:
        """The gain and its two ends, low to high, counted so that better is positive."""
        if self.metric in LOWER_IS_BETTER:
            return -self.difference, -self.high, -self.low
        return self.difference, self.low, self.high


def compare(candidate: ArrayLike, champion: ArrayLike, label: ArrayLike, *, confidence: float) -> Comparison:
    """Compare two models' scores (n each) by Spearman against the label of the same n rows, in O(n log n).

    The interval is normal and two-sided: with no true difference its lower end lies above 0 in (1 - confidence) / 2 of
    test sets. Raises InvalidInput below 10 rows, on unequal lengths or values that are not finite, and where a column
    is constant.
    """
    columns = Ranked.of(candidate, label, name="candidate"), Ranked.of(champion, label, name="champion")
    new, old = (influence_of(ranked) for ranked in columns)
    return _compared("spearman", new, old, confidence=confidence)


def compare_by(metric: str, candidate: Judged, champion: Judged, *, confidence: float) -> Comparison:
    """Compare two models' answers on the same n rows by any metric; `difference` is not turned where lower is better.

    Raises InvalidInput below 10 rows and where the rows do not define the metric for both models.
    """
    if metric == "spearman":
        return compare(candidate.score, champion.score, candidate.label, confidence=confidence)
    if candidate.score.size < MINIMUM_ROWS:
        raise InvalidInput(f"{candidate.score.size} rows are too few for an interval; give at least {MINIMUM_ROWS}")
    if metric == "auc":
        return _compared_areas(candidate, champion, confidence=confidence)
    return _compared(metric, influence(metric, candidate), influence(metric, champion), confidence=confidence)


def paired_bootstrap(
    candidate: ArrayLike, champion: ArrayLike, label: ArrayLike, *, confidence: float, draws: int = 1000, seed: int = 42
) -> Comparison:
    """Compare as `compare` does, by drawing the n rows again with replacement: percentile interval over `draws` draws.

    A draw counts how often each row was taken and re-ranks by counting, so that it costs O(n) and sorts nothing. Draws
    in which a column is constant are left out. The same seed gives the same answer. Raises InvalidInput as `compare`
    does, and below 100 draws.
    """
    new, old = Ranked.of(candidate, label, name="candidate"), Ranked.of(champion, label, name="champion")
    if draws < MINIMUM_DRAWS:
        raise InvalidInput(f"{draws} draws are too few for an interval; give at least {MINIMUM_DRAWS}, usually 1000")
    generator = np.random.default_rng(seed)
    gains = np.empty(draws)
    for draw in range(draws):
        counts = np.bincount(generator.integers(0, new.n, new.n), minlength=new.n).astype(np.float64)
        gains[draw] = weighted_correlation(new, counts) - weighted_correlation(old, counts)
    gains = gains[np.isfinite(gains)]
    low, high = np.quantile(gains, [(1 - confidence) / 2, (1 + confidence) / 2])
    whole = np.ones(new.n)
    first, second = weighted_correlation(new, whole), weighted_correlation(old, whole)
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


def spearman_interval(score: ArrayLike, label: ArrayLike, *, confidence: float) -> tuple[float, float, float]:
    """Return one model's Spearman with the two ends of its interval, cut at -1 and 1; raises as `compare` does."""
    rho, moved = spearman_influence(score, label)
    reach = z_score(confidence) * float(np.std(moved, ddof=1)) / math.sqrt(moved.size)
    return rho, max(rho - reach, -1.0), min(rho + reach, 1.0)


def rows_needed(comparison: Comparison, *, gain: float, over: float = 0.0, power: float = 0.8) -> int | None:
    """Return how many test rows show a true `gain` as more than `over` with this chance; None when gain <= over.

    The standard error shrinks with the square root of the rows, and is taken from the comparison. A gain that would
    take a million times the comparison's rows is none.
    """
    reach = (z_score(comparison.confidence) + NormalDist().inv_cdf(power)) * comparison.standard_error
    if gain <= over or reach > 1000 * (gain - over):
        return None
    return math.ceil(comparison.n * (reach / (gain - over)) ** 2)


def _compared(
    metric: str, candidate: tuple[float, Floats], champion: tuple[float, Floats], *, confidence: float
) -> Comparison:
    (new, new_influence), (old, old_influence) = candidate, champion
    n = new_influence.size
    error = float(np.std(new_influence - old_influence, ddof=1)) / math.sqrt(n)
    return _with_interval(metric, n, new, old, error=error, confidence=confidence)


def _compared_areas(candidate: Judged, champion: Judged, *, confidence: float) -> Comparison:
    areas = delong(np.stack([candidate.score, champion.score]), candidate.outcome)
    (new, both), (_, old) = areas.covariance
    error = math.sqrt(max(float(new + old - 2 * both), 0.0))
    first, second = (float(value) for value in areas.auc)
    n = candidate.score.size
    return _with_interval("auc", n, first, second, error=error, confidence=confidence, method="delong")


def _with_interval(
    metric: str, n: int, new: float, old: float, *, error: float, confidence: float, method: str = "influence"
) -> Comparison:
    difference, reach = new - old, z_score(confidence) * error
    return Comparison(
        metric=metric,
        n=n,
        candidate=new,
        champion=old,
        difference=difference,
        standard_error=error,
        low=difference - reach,
        high=difference + reach,
        confidence=confidence,
        method=method,
    )


def z_score(confidence: float) -> float:
    """Return how many standard errors a two-sided normal interval of this confidence reaches to either side."""
    if not 0 < confidence < 1:
        raise InvalidInput(f"confidence is {confidence}; give a share between 0 and 1, for example 0.95")
    return NormalDist().inv_cdf((1 + confidence) / 2)
