"""How far a shadow's scores lie from production's on the same leads: rank correlation, band changes, size.

All three come from one table of 50 x 50 counts, so that millions of leads weigh no more than a thousand, and no score
of a lead is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leadscore_assets.domain.eprocess import grid_up, half_width, log_evidence, more_needed, rate_interval
from leadscore_assets.domain.release_counts import Floats
from leadscore_assets.domain.release_guard import (
    Guard,
    against_bound,
    answer,
    rate_proof,
    strength,
)
from leadscore_assets.domain.release_policy import GuardName, ReleasePolicy
from leadscore_assets.domain.serving_counts import SCORE_BINS


@dataclass(frozen=True)
class Mean:
    """A mean over n leads, with the standard deviation of what one lead adds to it."""

    value: float
    deviation: float
    n: int


def shift_guards(joint: Sequence[int], policy: ReleasePolicy) -> list[Guard]:
    """Judge the three from counts (2500,) of production score by shadow score."""
    counts = np.asarray(joint, dtype=np.float64).reshape(-1, SCORE_BINS) if joint else np.zeros((SCORE_BINS,) * 2)
    rank, size = rank_correlation(counts), mean_distance(counts)
    return [
        _mean_guard("rank_correlation", rank, policy.rank_correlation, policy, least=True),
        _band_guard(counts, policy),
        _mean_guard("score_size", size, policy.score_size, policy, least=False),
    ]


def rank_correlation(counts: Floats) -> Mean | None:
    """Return Spearman's correlation of a table (R, C), ties shared, with its influence function's deviation.

    None where one side has a single value.
    """
    n = float(counts.sum())
    if not n:
        return None
    a, b = _ranks(counts.sum(axis=1)), _ranks(counts.sum(axis=0))
    shares = counts / n
    va, vb = float(shares.sum(axis=1) @ a**2), float(shares.sum(axis=0) @ b**2)
    if min(va, vb) <= 0:
        return None
    cov = float(a @ shares @ b)
    rho = cov / np.sqrt(va * vb)
    phi = np.outer(a, b) + _above(shares @ b)[:, None] + _above(a @ shares)[None, :] - 3 * cov
    psi_a = a**2 + 2 * _above(shares.sum(axis=1) * a) - 3 * va
    psi_b = b**2 + 2 * _above(shares.sum(axis=0) * b) - 3 * vb
    influence = phi / np.sqrt(va * vb) - rho / 2 * (psi_a[:, None] / va + psi_b[None, :] / vb)
    return Mean(float(rho), float(np.sqrt((shares * influence**2).sum())), int(n))


def mean_distance(counts: Floats) -> Mean | None:
    """Return the mean distance of both scores, as a share of their range."""
    n = float(counts.sum())
    if not n:
        return None
    places = np.arange(SCORE_BINS) / SCORE_BINS
    distance = np.abs(places[:, None] - places[None, :])
    mean = float((counts * distance).sum() / n)
    return Mean(mean, float(np.sqrt((counts * (distance - mean) ** 2).sum() / n)), int(n))


def changed_bands(counts: Floats, bands: Sequence[float]) -> int:
    """Return how many leads lie in another band; each model's bands are cumulative shares of its own scores."""
    bounds = np.asarray(bands)
    rows, columns = (np.searchsorted(bounds, 0.5 - _ranks(counts.sum(axis=axis)), side="right") for axis in (1, 0))
    return int(counts[rows[:, None] != columns[None, :]].sum())


def _mean_guard(name: GuardName, mean: Mean | None, bound: float, policy: ReleasePolicy, *, least: bool) -> Guard:
    """Judge a mean by its confidence sequence; `least` where it must lie above its bound."""
    word = "at least" if least else "at most"
    title = "rank correlation of both scores" if least else "mean distance of both scores, of their range"
    if mean is None or mean.n < policy.minimum_requests:
        n = mean.n if mean else 0
        return Guard(name, "not_yet", f"{title}: {n:,} leads in both", bound, n, needed=policy.minimum_requests - n)

    def width(alpha: float, n: int) -> float:
        return half_width(mean.deviation, n, alpha=alpha, tuned_for=policy.minimum_requests * 10)

    sign = 1 if least else -1
    room = sign * (mean.value - bound)
    proof = room > width(policy.proof_alpha, mean.n)
    needed = more_needed(lambda extra: room - width(policy.proof_alpha, mean.n + extra), bound=0.0)
    reach = width(policy.guard_alpha, mean.n)
    return Guard(
        name,
        answer(back=-room > reach, passed=proof),
        f"{title} {mean.value:.3f} on {mean.n:,} leads, {word} {bound:g}",
        bound,
        mean.n,
        mean.value,
        (mean.value - reach, mean.value + reach),
        needed=needed,
    )


def _band_guard(counts: Floats, policy: ReleasePolicy) -> Guard:
    n, bound = int(counts.sum()), policy.band_changes
    changed = changed_bands(counts, policy.bands) if n else 0
    against = log_evidence(changed, n, margin=bound, grid=grid_up(bound))
    proof, needed = rate_proof(changed, n, margin=bound, policy=policy)
    return Guard(
        "band_changes",
        answer(back=against >= against_bound(policy) and n >= policy.minimum_requests, passed=needed == 0),
        f"{changed:,} of {n:,} leads change their band, at most {bound:.0%} may",
        bound,
        n,
        changed / n if n else None,
        rate_interval(changed, n, alpha=policy.proof_alpha),
        strength(against, proof, policy),
        needed,
    )


def _ranks(margin: Floats) -> Floats:
    """Middle ranks of a margin's bins (B,), between -0.5 and 0.5."""
    found: Floats = (np.cumsum(margin) - margin / 2) / margin.sum() - 0.5
    return found


def _above(values: Floats) -> Floats:
    """What lies in higher bins, plus half of the same bin's, minus half of all."""
    total = values.sum()
    found: Floats = total - np.cumsum(values) + values / 2 - total / 2
    return found
