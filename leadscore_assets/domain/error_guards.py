"""The guards on answers themselves: errors, invalid outputs, and whether leads are split as configured.

Candidate and champion are compared side by side: a guard steps back only for what is shown to be the candidate's own.
"""

from collections.abc import Sequence
from functools import partial

from leadscore_assets.domain.eprocess import (
    Batch,
    attribution_margin,
    blended_evidence,
    grid_down,
    grid_up,
    log_evidence,
    rate_interval,
)
from leadscore_assets.domain.release_counts import Stretch, VariantCounts, together
from leadscore_assets.domain.release_guard import (
    Guard,
    against_bound,
    answer,
    over_starts,
    rate_proof,
    strength,
)
from leadscore_assets.domain.release_policy import ReleasePolicy

_SPLIT_SLACK, _HIGHEST = 0.10, 0.999


def errors_guard(stretches: Sequence[Stretch], policy: ReleasePolicy) -> Guard:
    """Judge errors: back when the rate is shown above its bound and shown to be the candidate's own."""
    champion, candidate = together(stretches)
    bound, now = against_bound(policy), stretches[-1].candidate
    breach = over_starts(stretches, partial(_breach, policy.errors))
    against = min(breach, over_starts(stretches, partial(_own, policy.errors_ratio)))
    back = against >= bound and candidate.errors >= policy.minimum_bad
    shared = log_evidence(champion.errors, champion.leads, margin=policy.errors, grid=grid_up(policy.errors)) >= bound
    proof, needed = rate_proof(now.errors, now.leads, margin=policy.errors, policy=policy)
    return Guard(
        "errors",
        answer(back=back, passed=needed == 0 and breach < bound),
        f"{_rate(candidate)} leads failed, {policy.errors:.1%} may; the champion's: {_rate(champion)}",
        policy.errors,
        candidate.leads,
        candidate.errors / candidate.leads if candidate.leads else None,
        rate_interval(candidate.errors, candidate.leads, alpha=policy.proof_alpha),
        strength(against, proof, policy),
        needed,
        "candidate and champion both fail; going back would not help"
        if breach >= bound and shared and not back
        else "",
    )


def invalid_guard(stretches: Sequence[Stretch], policy: ReleasePolicy) -> Guard:
    """Judge invalid outputs: a single one takes a candidate back, unless the champion gives some too."""
    champion, candidate = together(stretches)
    missing = max(policy.minimum_requests - stretches[-1].candidate.leads, 0)
    both = candidate.invalid > 0 and champion.invalid > 0
    return Guard(
        "invalid_outputs",
        answer(back=candidate.invalid > 0 and not both, passed=not missing and not candidate.invalid),
        f"{candidate.invalid:,} of {candidate.leads:,} leads got an invalid score, none may; "
        f"the champion's: {champion.invalid:,} of {champion.leads:,}",
        0.0,
        candidate.leads,
        candidate.invalid / candidate.leads if candidate.leads else None,
        rate_interval(candidate.invalid, candidate.leads, alpha=policy.proof_alpha),
        needed=None if candidate.invalid else missing,
        alarm="candidate and champion both give invalid scores" if both else "",
    )


def split_guard(stretches: Sequence[Stretch], policy: ReleasePolicy) -> Guard:
    """Judge the split: when leads do not reach the candidate as configured, no comparison of arms means anything."""
    now = stretches[-1]
    n, both = now.candidate.leads, now.candidate.leads + now.champion.leads
    high, low = min(now.weight * (1 + _SPLIT_SLACK), _HIGHEST), now.weight * (1 - _SPLIT_SLACK)
    more, fewer = ((high, grid_up(high)), (low, grid_down(low)))
    off = max(log_evidence(n, both, margin=margin, grid=grid) for margin, grid in (more, fewer))
    measured = f"{n / both:.1%} of {both:,} leads reached the candidate" if both else "no lead was answered"
    sentence = f"{measured}, {now.weight:.0%} should"
    wrong = off >= against_bound(policy)
    return Guard(
        "split",
        answer(back=False, passed=both > 0 and not wrong),
        sentence,
        now.weight,
        n,
        n / both if both else None,
        strength=strength(off, 0.0, policy),
        alarm=f"leads are not split as configured: {sentence}" if wrong else "",
    )


def _breach(margin: float, stretches: Sequence[Stretch]) -> float:
    candidate = together(stretches)[1]
    return log_evidence(candidate.errors, candidate.leads, margin=margin, grid=grid_up(margin))


def _own(ratio: float, stretches: Sequence[Stretch]) -> float:
    batches: list[Batch] = [
        (item.candidate.errors, item.candidate.errors + item.champion.errors, attribution_margin(item.exposure, ratio))
        for item in stretches
    ]
    return blended_evidence(batches, grid=grid_up)


def _rate(counts: VariantCounts) -> str:
    share = f" ({counts.errors / counts.leads:.2%})" if counts.leads else ""
    return f"{counts.errors:,} of {counts.leads:,}{share}"
