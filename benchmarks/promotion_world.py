"""Simulated truth for promotion rules: leads that two models score, and years of weekly retrainings.

Leads have five ordinal labels; the champion's Spearman is 0.55 and the models' scores are correlated 0.96. A year has
52 candidates whose true quality is N(0, 0.008), 3 % of them broken by 0.05; a measured gain carries week noise.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from leadscore_assets.domain.calibration import fit_calibrator
from leadscore_assets.domain.influence import Judged, influence
from leadscore_assets.domain.ladder import LOWER_IS_BETTER
from leadscore_assets.domain.metrics import evaluate, spearman

Array = NDArray[np.float64]
CHAMPION, ALIKE, THRESHOLD = 0.55, 0.96, 3.5
QUALITY_SD, BROKEN_SHARE, BROKEN_BY, WEEK_NOISE = 0.008, 0.03, 0.05, 0.004
METRICS = ("spearman", "auc", "f1", "recall", "precision_top_decile", "rmse")
_CUTS = np.array([-1.48, -0.55, 0.42, 1.34])
_CHANCE = np.array([0.02, 0.05, 0.12, 0.25, 0.45])


@dataclass(frozen=True)
class Pair:
    """Candidate and champion on the same rows."""

    candidate: Judged
    champion: Judged


def draw_pair(rng: np.random.Generator, n: int, delta: float) -> Pair:
    """Draw n leads that two models score, the candidate's true Spearman higher by `delta`."""
    old_r, new_r = _latent(CHAMPION), _latent(CHAMPION + delta)
    lead, own, other = rng.normal(size=(3, n))
    old = old_r * lead + np.sqrt(1 - old_r**2) * own
    share = (new_r - ALIKE * old_r) / (1 - old_r**2)
    copied = ALIKE - share * old_r
    new = copied * old + share * lead + np.sqrt(1 - copied**2 - share**2 - 2 * copied * share * old_r) * other
    label = np.digitize(lead, _CUTS) + 1.0
    outcome = (rng.random(n) < _CHANCE[label.astype(int) - 1]).astype(float)
    return Pair(*(_judged(x, label, outcome) for x in (new, old)))


def metrics_of(rows: Judged) -> dict[str, float]:
    """Return every metric of one model by the product's own code."""
    return evaluate(
        rows.score, rows.label, outcome=rows.outcome, probability=rows.probability, threshold=rows.threshold
    )


@dataclass(frozen=True)
class Metrics:
    """How other metrics go with Spearman: champion's values, slopes per unit of Spearman gain, Cholesky factor of the
    paired noise of one row (all in the order of METRICS, better counted as positive), and the shared top tenth.
    """

    base: Array
    slope: Array
    root: Array
    shared_top: float


@cache
def joint_metrics() -> Metrics:
    """Measure on large samples how the other metrics go with Spearman."""
    rng = np.random.default_rng(7)
    better, equal = draw_pair(rng, 400_000, 0.02), draw_pair(rng, 60_000, 0.0)
    sign = np.array([-1.0 if name in LOWER_IS_BETTER else 1.0 for name in METRICS])
    new, old = (np.array([metrics_of(rows)[name] for name in METRICS]) for rows in (better.candidate, better.champion))
    gain = (new - old) * sign
    moved = np.stack([influence(name, equal.candidate)[1] - influence(name, equal.champion)[1] for name in METRICS])
    covariance = np.cov(moved * sign[:, None])
    tops = [rows.score >= np.quantile(rows.score, 0.9) for rows in (equal.candidate, equal.champion)]
    return Metrics(old, gain / gain[0], np.linalg.cholesky(covariance), float((tops[0] & tops[1]).mean() / 0.1))


@dataclass(frozen=True)
class World:
    """Years of candidates: `level` (weeks + 1, years) is a model's quality less what models before it have lost.

    Differences of levels are true gains at every time; row 0 is the first champion.
    """

    name: str
    level: Array
    broken: NDArray[np.bool_]


WORLDS = {"stationary": (0.0, 0), "decay 0.001 a week": (0.001, 0), "decay 0.003 and 2 shifts a year": (0.003, 2)}


def draw_world(name: str, *, years: int, weeks: int = 52, seed: int = 1) -> World:
    """Draw a named world: how much a model loses a week, and how often a year all older models lose 0.02 at once."""
    decay, shifts = WORLDS[name]
    rng = np.random.default_rng(seed)
    quality = rng.normal(0, QUALITY_SD, (weeks + 1, years))
    broken = rng.random((weeks + 1, years)) < BROKEN_SHARE
    at = np.arange(weeks + 1)[:, None]
    lost = decay * at + sum((at >= rng.integers(1, weeks + 1, years)) * 0.02 for _ in range(shifts))
    return World(name, quality - BROKEN_BY * broken + lost, broken)


def _judged(x: Array, label: Array, outcome: Array) -> Judged:
    score = np.clip(3 + 0.75 * x, 1, 5)
    return Judged(score, label, outcome, _chances(score), THRESHOLD)


def _chances(score: Array) -> Array:
    chance = _calibrator().predict(score)
    return np.full(score.shape, 0.15) if chance is None else chance


@cache
def _calibrator():
    rng = np.random.default_rng(5)
    lead, own = rng.normal(size=(2, 50_000))
    r = _latent(CHAMPION)
    label = np.digitize(lead, _CUTS)
    score = np.clip(3 + 0.75 * (r * lead + np.sqrt(1 - r**2) * own), 1, 5)
    return fit_calibrator(score, (rng.random(lead.size) < _CHANCE[label]).astype(float))


@cache
def _latent(rho: float) -> float:
    """The correlation with the latent lead that gives this Spearman against the five labels."""
    grid, found = _latent_curve()
    return float(np.interp(rho, found, grid))


@cache
def _latent_curve() -> tuple[Array, Array]:
    rng = np.random.default_rng(3)
    lead, own = rng.normal(size=(2, 400_000))
    label = np.digitize(lead, _CUTS)
    grid = np.linspace(0.45, 0.75, 13)
    return grid, np.array([spearman(r * lead + np.sqrt(1 - r * r) * own, label) for r in grid])
