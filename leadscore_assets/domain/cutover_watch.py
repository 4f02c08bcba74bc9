"""The close watch after a cutover: evidence starts again, so that a late fault is seen as fast as an early one.

Without a second arm, errors are an e-CUSUM over distinct leads, and latency one over minutes: a minute counts as slow
when more of its leads than the former champion's tail are 1.5 times slower than that tail began. A burst of a few
minutes is weathered; a model that stays slow is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from leadscore_assets.domain.eprocess import Floats, grid_up, log_factors
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.latency_guards import P90, P99
from leadscore_assets.domain.release_counts import (
    LATENCY_EDGES_MS,
    VariantCounts,
    edge_at,
    slower_edge,
    slower_than,
)
from leadscore_assets.domain.release_guard import Guard, Strength, answer, rate_proof, strength
from leadscore_assets.domain.release_policy import ReleasePolicy

MINUTE = 60.0
SLOW_MINUTES = 0.2
MINUTE_LEADS = 20
_PAST_LEADS = 200


@dataclass(frozen=True)
class Watch(Record):
    """The watch's running sums: what was counted since the cutover, and since the last whole minute.

    `limit` is the edge that a slow lead lies above, `tail` the share of leads that may. `error_sums` and `slow_sums`
    are the e-CUSUM's components.
    """

    total: VariantCounts
    open: VariantCounts
    limit: int
    tail: float
    seconds: float = 0.0
    minutes: int = 0
    slow: int = 0
    error_sums: tuple[float, ...] = ()
    slow_sums: tuple[float, ...] = ()


def opened(digest: str, former: VariantCounts | None, policy: ReleasePolicy) -> Watch:
    """Begin a watch; the former champion's latencies say what is slow, the policy's where there are too few."""
    place = edge_at(former.latency, P90) if former and sum(former.latency) >= _PAST_LEADS else None
    limit = slower_edge(place, policy.latency_worse) if place is not None else None
    nothing = VariantCounts(digest)
    if limit is None:
        fixed = min(int(np.searchsorted(LATENCY_EDGES_MS, policy.latency_ms)), len(LATENCY_EDGES_MS) - 1)
        return Watch(nothing, nothing, fixed, 1 - P99)
    return Watch(nothing, nothing, limit, 1 - P90)


def watched(watch: Watch, more: VariantCounts, *, seconds: float, policy: ReleasePolicy) -> Watch:
    """Return the watch after more counts; a minute with enough leads is closed, and no sum starts below zero."""
    grown = replace(watch, total=watch.total.plus(more), open=watch.open.plus(more), seconds=watch.seconds + seconds)
    if grown.seconds < MINUTE or grown.open.leads < MINUTE_LEADS:
        return grown
    slow = _is_slow(grown)
    return replace(
        grown,
        open=VariantCounts(watch.open.digest),
        seconds=0.0,
        minutes=grown.minutes + 1,
        slow=grown.slow + slow,
        error_sums=tuple(_errors(grown, policy).tolist()),
        slow_sums=tuple(_slowness(grown.slow_sums, slow).tolist()),
    )


def watch_guards(watch: Watch, policy: ReleasePolicy) -> list[Guard]:
    """Judge errors, invalid outputs and latency since the cutover.

    A false alarm in a whole watch has at most the chance `guard_alpha` for each: every minute may begin a change, so
    the bound is that many times higher.
    """
    total, starts = watch.total, max(policy.watch_maximum_hours * 60, 1.0)
    errors = _log_mean(_errors(watch, policy))
    proof, needed = rate_proof(total.errors, total.leads, margin=policy.errors, policy=policy)
    bound = float(np.log(starts / policy.guard_alpha))
    rate = total.errors / total.leads if total.leads else None
    missing = max(policy.minimum_requests - total.leads, 0)
    return [
        Guard(
            "errors",
            answer(back=errors >= bound and total.errors >= policy.minimum_bad, passed=needed == 0),
            f"{total.errors:,} of {total.leads:,} leads failed since the cutover, {policy.errors:.1%} may",
            policy.errors,
            total.leads,
            rate,
            strength=_strength(errors, proof, bound, policy),
            needed=needed,
        ),
        Guard(
            "invalid_outputs",
            answer(back=total.invalid > 0, passed=not missing and not total.invalid),
            f"{total.invalid:,} of {total.leads:,} leads got an invalid score since the cutover, none may",
            0.0,
            total.leads,
            needed=None if total.invalid else missing,
        ),
        _latency_guard(watch, bound, policy),
    ]


def _latency_guard(watch: Watch, bound: float, policy: ReleasePolicy) -> Guard:
    total, slow = watch.total, _log_mean(np.array(watch.slow_sums or (0.0,)))
    missing = max(policy.minimum_requests - total.leads, 0)
    return Guard(
        "latency_p99",
        answer(back=slow >= bound, passed=watch.minutes > 0 and sum(total.latency) > 0 and not missing),
        f"{watch.slow:,} of {watch.minutes:,} minutes had more than {watch.tail:.0%} of leads slower than "
        f"{LATENCY_EDGES_MS[watch.limit]:.3g} ms",
        policy.latency_worse,
        total.leads,
        strength=_strength(slow, 0.0, bound, policy),
        needed=missing,
    )


def _errors(watch: Watch, policy: ReleasePolicy) -> Floats:
    grid = grid_up(policy.errors)
    hit, miss = log_factors(policy.errors, grid)
    before = np.maximum(np.array(watch.error_sums or np.zeros(grid.size)), 0.0)
    found: Floats = before + watch.open.errors * hit + (watch.open.leads - watch.open.errors) * miss
    return found


def _slowness(sums: Sequence[float], slow: bool) -> Floats:
    grid = grid_up(SLOW_MINUTES)
    hit, miss = log_factors(SLOW_MINUTES, grid)
    before = np.maximum(np.array(sums or np.zeros(grid.size)), 0.0)
    found: Floats = before + (hit if slow else miss)
    return found


def _is_slow(watch: Watch) -> bool:
    timed = sum(watch.open.latency)
    return timed > 0 and slower_than(watch.open.latency, watch.limit) > watch.tail * timed


def _log_mean(sums: Floats) -> float:
    return float(np.logaddexp.reduce(sums) - np.log(sums.size))


def _strength(against: float, proof: float, bound: float, policy: ReleasePolicy) -> Strength:
    return replace(strength(against, proof, policy), against_bound=bound / float(np.log(10)))
