"""The guards on latency: the candidate's tail against the champion's under the same traffic, and a shadow's own.

A pause that both arms share is nobody's fault, so leads slower than 1.5 times the champion's tail are counted against
the champion's own leads beyond that tail, never against a past.
"""

from collections.abc import Sequence

import numpy as np

from leadscore_assets.domain.eprocess import (
    Batch,
    Grid,
    attribution_margin,
    blended_evidence,
    grid_down,
    grid_up,
    log_evidence,
    more_needed,
)
from leadscore_assets.domain.release_counts import (
    LATENCY_EDGES_MS,
    Stretch,
    VariantCounts,
    edge_at,
    slower_edge,
    slower_than,
    tail_edge,
    together,
)
from leadscore_assets.domain.release_guard import (
    Guard,
    against_bound,
    answer,
    at_least,
    over_starts,
    proof_bound,
    rate_proof,
    strength,
)
from leadscore_assets.domain.release_policy import ReleasePolicy

P90, P99 = 0.90, 0.99
Pair = tuple[int, int]


def latency_guard(stretches: Sequence[Stretch], policy: ReleasePolicy) -> Guard:
    """Judge latency at the champion's p90 and p99, mixed: the first has more leads, the second sees a thin tail."""
    champion, candidate = together(stretches)
    pairs = _pairs(champion, policy.latency_worse)
    if not pairs or not candidate.latency:
        return _untimed(candidate.leads, policy.latency_worse, policy)
    against = over_starts(stretches, lambda part: _mixed(part, pairs))
    now, n = stretches[-1:], stretches[-1].candidate.leads
    needed = more_needed(
        lambda extra: _tail(now, pairs[0], grid_down, scale=1 + extra / max(n, 1)), bound=proof_bound(policy)
    )
    needed = at_least(needed, n, policy)
    breached, slow = against >= against_bound(policy), slower_than(candidate.latency, pairs[0][1])
    return Guard(
        "latency_p99",
        answer(back=breached and slow >= policy.minimum_bad, passed=needed == 0 and not breached),
        f"p99 {_p99(candidate)} against the champion's {_p99(champion)}, {policy.latency_worse:.0%} more may be",
        policy.latency_worse,
        candidate.leads,
        _ratio(candidate, champion),
        strength=strength(against, _tail(now, pairs[0], grid_down), policy),
        needed=needed,
    )


def shadow_latency_guard(stretches: Sequence[Stretch], policy: ReleasePolicy) -> Guard:
    """Judge a shadow's latency, which shares no road with production's: at most 1 % slower than `latency_ms`."""
    candidate, margin = together(stretches)[1], 1 - P99
    place = int(np.searchsorted(LATENCY_EDGES_MS, policy.latency_ms * (1 - 1e-9)))
    timed = sum(candidate.latency)
    if not timed or place >= len(LATENCY_EDGES_MS):
        return _untimed(candidate.leads, policy.latency_ms, policy)
    slow = slower_than(candidate.latency, place)
    breach = log_evidence(slow, timed, margin=margin, grid=grid_up(margin))
    proof, needed = rate_proof(slow, timed, margin=margin, policy=policy)
    at = edge_at(candidate.latency, P99)
    return Guard(
        "latency_p99",
        answer(back=breach >= against_bound(policy) and slow >= policy.minimum_bad, passed=needed == 0),
        f"{slow:,} of {timed:,} unseen answers took longer than {policy.latency_ms:g} ms, {margin:.0%} may",
        policy.latency_ms,
        candidate.leads,
        LATENCY_EDGES_MS[at] if at is not None else None,
        strength=strength(breach, proof, policy),
        needed=needed,
    )


def _pairs(champion: VariantCounts, worse: float) -> list[Pair]:
    """The champion's tail edges, each with the edge that is that much slower."""
    places = [tail_edge(champion.latency, 1 - share) for share in (P90, P99)]
    found = [(place, slower_edge(place, worse)) for place in places if place is not None]
    return [(place, slower) for place, slower in found if slower is not None]


def _mixed(stretches: Sequence[Stretch], pairs: Sequence[Pair]) -> float:
    return float(np.logaddexp.reduce([_tail(stretches, pair, grid_up) for pair in pairs]) - np.log(len(pairs)))


def _tail(stretches: Sequence[Stretch], pair: Pair, grid: Grid, *, scale: float = 1.0) -> float:
    batches: list[Batch] = []
    for item in stretches:
        slow, usual = slower_than(item.candidate.latency, pair[1]), slower_than(item.champion.latency, pair[0])
        batches.append((scale * slow, scale * (slow + usual), attribution_margin(item.exposure, 1.0)))
    return blended_evidence(batches, grid=grid)


def _untimed(n: int, bound: float, policy: ReleasePolicy) -> Guard:
    return Guard(
        "latency_p99", "not_yet", "no latency is known yet", bound, n, needed=max(policy.minimum_requests - n, 1)
    )


def _p99(counts: VariantCounts) -> str:
    at = edge_at(counts.latency, P99)
    return f"{LATENCY_EDGES_MS[at]:.3g} ms" if at is not None else "unknown"


def _ratio(candidate: VariantCounts, champion: VariantCounts) -> float | None:
    mine, theirs = (edge_at(counts.latency, P99) for counts in (candidate, champion))
    return LATENCY_EDGES_MS[mine] / LATENCY_EDGES_MS[theirs] if mine is not None and theirs is not None else None
