"""What a measured gain is worth once luck and history are counted in: a shrunken gain with its interval.

Noise from week to week is told from pairs of models that were compared in two weeks, the prior from what past
retrainings brought; while history is short, documented start values weigh as so many weeks of it (empirical Bayes).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import ArrayLike

from leadscore_assets.domain.comparison import Comparison, z_score
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.metrics import Floats
from leadscore_assets.domain.promotion_policy import PromotionPolicy

_MOST_SPREADS, _ROUNDS = 5, 6


@dataclass(frozen=True)
class PastGain(Record):
    """A past week's comparison: the measured gain (better is positive), and the same pair's on the next week's rows.

    Errors are standard errors on the rows alone. `repeated` is None where the pair was not compared again.
    """

    week: date
    metric: str
    gain: float
    standard_error: float
    repeated: float | None = None
    repeated_error: float | None = None


@dataclass(frozen=True)
class Posterior(Record):
    """A gain after shrinking: `mean` with its two-sided interval at the policy's confidence, and what it rests on.

    `noise` is tau, the standard deviation of a gain from week to week beyond its rows; `low_measured` and
    `high_measured` are the measured gain's interval with that noise counted in. `weeks` and `repeats` count the history
    behind prior and noise.
    """

    mean: float
    standard_deviation: float
    low: float
    high: float
    low_measured: float
    high_measured: float
    noise: float
    prior_mean: float
    prior_sd: float
    weeks: int = 0
    repeats: int = 0


def posterior(comparison: Comparison, history: Sequence[PastGain], policy: PromotionPolicy) -> Posterior:
    """Shrink a comparison's gain towards what past retrainings brought, by the newest weeks of `history`.

    `history` holds weeks before the judged one, in any order; those of another metric are left out, and so are pairs
    that answered alike: twins say nothing about weeks or retrainings.
    """
    told = [item for item in history if item.metric == comparison.metric and item.standard_error > 0]
    known = sorted(told, key=lambda item: item.week)
    kept = known[max(len(known) - policy.history_weeks, 0) :]
    changes, variances = _repeats(kept)
    tau = noise(changes, variances, policy)
    gains, errors = np.array([item.gain for item in kept]), np.array([item.standard_error for item in kept])
    mean, spread = prior(gains, errors, tau, policy)
    gain, error = comparison.gain[0], float(np.hypot(comparison.standard_error, tau))
    centre, deviation = shrink(gain, error, mean, spread)
    reach = z_score(policy.confidence)
    return Posterior(
        mean=float(centre),
        standard_deviation=float(deviation),
        low=float(centre - reach * deviation),
        high=float(centre + reach * deviation),
        low_measured=gain - reach * error,
        high_measured=gain + reach * error,
        noise=float(tau),
        prior_mean=float(mean),
        prior_sd=float(spread),
        weeks=len(kept),
        repeats=len(changes),
    )


def noise(changes: Floats, variances: Floats, policy: PromotionPolicy) -> Floats:
    """Return tau by the method of moments, not below the policy's floor; along the first axis lie the repeats.

    A repeat is one pair of models in two weeks: `changes` is the second gain less the first, `variances` the sum of
    their squared standard errors. Over all comparisons the spread of true gains would be taken for noise; within a pair
    the true gain cancels, so E[change^2] = variance + 2 tau^2. A repeat weighs as much as its rows let it tell.
    """
    rows = variances / 2
    return np.sqrt(_variance(changes**2 / 2, rows, policy.noise**2, policy))


def prior(gains: Floats, errors: Floats, tau: ArrayLike, policy: PromotionPolicy) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of true gains by the method of moments; along the first axis lie the weeks.

    Measured gains spread by the true gains' variance, their own squared errors and tau squared; the first is what is
    left, not below the noise's floor. A week weighs as much as its rows let it tell, and counts as five of its own
    spreads at most, so that one week in which the world changed does not speak for all others.
    """
    noisy = errors**2 + np.square(tau)
    centre, spread = policy.prior_mean, policy.prior_sd**2
    reach = np.sqrt(_MOST_SPREADS**2 * (spread + noisy))
    counted = np.clip(gains, centre - reach, centre + reach)
    mean, variance = np.asarray(centre), np.asarray(spread)
    for _ in range(_ROUNDS):
        share = variance / (variance + noisy)
        mean = (policy.start_weeks * centre + (share * counted).sum(axis=0)) / (policy.start_weeks + share.sum(axis=0))
        variance = _variance((counted - mean) ** 2, noisy, spread, policy)
    return np.asarray(mean), np.sqrt(variance)


def _variance(squares: Floats, noisy: Floats, start: float, policy: PromotionPolicy) -> Floats:
    """Return what is left of squared deviations (first axis) without their noise, the start value counted in.

    The weights are those of Paule and Mandel (1982), squared as fits a variance: a week's share of what is looked for
    in what it shows. They hang on the answer, which is found in a few rounds.
    """
    found, least = np.asarray(start), policy.least_noise**2
    squares = np.minimum(squares, _MOST_SPREADS**2 * (start + noisy))
    for _ in range(_ROUNDS):
        weight = np.square(found / (found + noisy))
        excess = (weight * (squares - noisy)).sum(axis=0)
        moments = (policy.start_weeks * start + excess) / (policy.start_weeks + weight.sum(axis=0))
        # Halfway on the logarithmic scale: a whole step would swing between the start value and the floor.
        found = np.sqrt(found * np.maximum(moments, least))
    return np.asarray(found, dtype=np.float64)


def shrink(gain: ArrayLike, error: ArrayLike, prior_mean: ArrayLike, prior_sd: ArrayLike) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the true gain, given a measured one with its whole error (n each).

    s2 = 1 / (1 / v + 1 / v0) and mu = s2 (d / v + m0 / v0). Without any error the gain is what was measured.
    """
    v, v0 = np.square(np.asarray(error, dtype=np.float64)), np.square(np.asarray(prior_sd, dtype=np.float64))
    weight = v0 / (v + v0)
    mean = weight * np.asarray(gain) + (1 - weight) * np.asarray(prior_mean)
    return mean, np.sqrt(weight * v)


def _repeats(history: Sequence[PastGain]) -> tuple[Floats, Floats]:
    found = [
        (item.repeated - item.gain, item.standard_error**2 + item.repeated_error**2)
        for item in history
        if item.repeated is not None and item.repeated_error is not None
    ]
    changes, variances = np.array(found).reshape(-1, 2).T
    return changes, variances
