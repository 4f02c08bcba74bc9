"""What conversions say of two arms: whether the candidate loses too many, and which of the two is the better one.

Leads are randomised by the split, so of all conversions the candidate's share is known where both convert alike. Shares
that changed are summed batch by batch, and a season that both arms share cancels.
"""

import math
from collections.abc import Sequence

from leadscore_assets.domain.eprocess import (
    attribution_margin,
    blended_evidence,
    grid_up,
    more_needed,
)
from leadscore_assets.domain.release_counts import Outcomes
from leadscore_assets.domain.release_guard import Guard, against_bound, answer, proof_bound, strength
from leadscore_assets.domain.release_policy import ReleasePolicy


def conversion_guard(outcomes: Sequence[Outcomes], policy: ReleasePolicy) -> Guard:
    """Judge conversions: back when a loss is shown and what was measured is beyond the bound."""
    ratio, n = conversion_ratio(outcomes), _candidates(outcomes)
    against = worse_evidence(outcomes)
    lost = ratio is not None and ratio <= 1 - policy.conversion_worse
    needed = more_needed(
        lambda extra: better_evidence(outcomes, 1 - policy.conversion_worse, scale=1 + extra / max(n, 1)),
        bound=proof_bound(policy),
    )
    enough = _enough(outcomes, policy)
    return Guard(
        "conversion",
        answer(back=lost and enough and against >= against_bound(policy), passed=needed == 0 and enough),
        f"{_told(outcomes)}; {policy.conversion_worse:.0%} fewer may be",
        policy.conversion_worse,
        n,
        ratio,
        strength=strength(against, better_evidence(outcomes, 1 - policy.conversion_worse), policy),
        needed=needed,
    )


def winner_guard(outcomes: Sequence[Outcomes], policy: ReleasePolicy) -> Guard:
    """Name the better arm by conversions: the candidate (go on), the champion (go back), or neither yet.

    Each wrong name has at most the chance `winner_alpha`, whenever it is asked. How many leads went to an arm decides
    nothing.
    """
    enough, bound = _enough(outcomes, policy), -math.log(policy.winner_alpha)
    better, worse = better_evidence(outcomes, 1.0), worse_evidence(outcomes)
    n = _candidates(outcomes)

    def leading(extra: int) -> float:
        scale = 1 + extra / max(n, 1)
        ahead = better >= worse
        return better_evidence(outcomes, 1.0, scale=scale) if ahead else worse_evidence(outcomes, scale=scale)

    needed = more_needed(leading, bound=bound)
    found = answer(back=enough and worse >= bound, passed=enough and better >= bound)
    leads = {"go_on": "the candidate wins", "go_back": "the champion wins", "not_yet": "no winner yet"}[found]
    return Guard(
        "winner",
        found,
        f"{leads}: {_told(outcomes)}",
        policy.winner_alpha,
        n,
        conversion_ratio(outcomes),
        strength=strength(worse, better, policy),
        needed=needed,
    )


def conversion_ratio(outcomes: Sequence[Outcomes]) -> float | None:
    """Return the candidate's conversions per lead in units of the champion's, stretch by stretch (Mantel-Haenszel)."""
    mine = theirs = 0.0
    for item in outcomes:
        both = item.candidate_leads + item.champion_leads
        if both:
            mine += item.candidate_converted * item.champion_leads / both
            theirs += item.champion_converted * item.candidate_leads / both
    return mine / theirs if theirs else None


def better_evidence(outcomes: Sequence[Outcomes], ratio: float, *, scale: float = 1.0) -> float:
    """Return log E against "the candidate converts at most `ratio` times as often as the champion"."""
    batches = [
        (scale * item.candidate_converted, scale * _converted(item), attribution_margin(item.weight, ratio))
        for item in outcomes
    ]
    return blended_evidence(batches, grid=grid_up)


def worse_evidence(outcomes: Sequence[Outcomes], *, scale: float = 1.0) -> float:
    """Return log E against "the candidate converts at least as often as the champion".

    Asked of the champion's conversions, as the grid above a margin is the finer one.
    """
    batches = [
        (scale * item.champion_converted, scale * _converted(item), attribution_margin(1 - item.weight, 1.0))
        for item in outcomes
    ]
    return blended_evidence(batches, grid=grid_up)


def _converted(item: Outcomes) -> int:
    return item.candidate_converted + item.champion_converted


def _candidates(outcomes: Sequence[Outcomes]) -> int:
    return sum(item.candidate_leads for item in outcomes)


def _enough(outcomes: Sequence[Outcomes], policy: ReleasePolicy) -> bool:
    champions = sum(item.champion_leads for item in outcomes)
    return min(_candidates(outcomes), champions) >= policy.minimum_outcomes


def _told(outcomes: Sequence[Outcomes]) -> str:
    mine, theirs = (sum(getattr(item, f"{arm}_converted") for item in outcomes) for arm in ("candidate", "champion"))
    others = sum(item.champion_leads for item in outcomes)
    ratio = conversion_ratio(outcomes)
    change = f" ({ratio - 1:+.1%})" if ratio is not None else ""
    return f"{mine:,} of {_candidates(outcomes):,} leads converted against {theirs:,} of {others:,}{change}"
