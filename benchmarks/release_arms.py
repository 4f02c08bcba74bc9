"""Two arms and their conversions with known truth: which one is named the winner, and what the search costs.

12 weeks of 100,000 leads in all, looked at every day, a season of 15 % that both arms share.
"""

from dataclasses import dataclass

import numpy as np

from leadscore_assets.domain.bandit import next_share
from leadscore_assets.domain.conversion_guards import better_evidence, winner_guard, worse_evidence
from leadscore_assets.domain.release_counts import Outcomes
from leadscore_assets.domain.release_policy import ReleasePolicy

LEADS, DAYS, SEASON = 100_000, 84, 0.15
PAIRS = ((0.05, 0.05), (0.055, 0.05), (0.045, 0.05), (0.065, 0.05), (0.04, 0.05))


@dataclass
class Search:
    """One search: conversions lost against always the better arm, and whether the candidate was named (None: open)."""

    regret: float
    named: bool | None
    day: int


def search(policy: ReleasePolicy, rates: tuple[float, float], rng: np.random.Generator) -> Search:
    """Let a strategy's last step look for the winner, with the product's own evidence and allocation."""
    step, bound, held = policy.steps[-1], -np.log(policy.winner_alpha), dict[float, Outcomes]()
    share = step.weight
    for day in range(DAYS):
        held[share] = another_day(held.get(share, Outcomes(share, 0, 0, 0, 0)), rates, day, rng)
        outcomes = tuple(held.values())
        for named, evidence in ((True, better_evidence(outcomes, 1.0)), (False, worse_evidence(outcomes))):
            said = "go_on" if named else "go_back"
            if evidence >= bound and winner_guard(outcomes, policy).answer == said:
                return Search(_lost(outcomes, rates) + _rest(rates, day, named=named), named, day + 1)
        if step.allocation == "thompson" and (day + 1) * 24 % policy.batch_hours == 0:
            share = next_share(share, outcomes, policy)
    return Search(_lost(tuple(held.values()), rates), None, DAYS)


def another_day(held: Outcomes, rates: tuple[float, float], day: int, rng: np.random.Generator) -> Outcomes:
    """Add a day's leads and conversions of both arms."""
    season = 1 + SEASON * np.sin(2 * np.pi * day / 7)
    leads = LEADS // DAYS
    mine = int(rng.binomial(leads, held.weight))
    won = [int(rng.binomial(n, rate * season)) for n, rate in zip((mine, leads - mine), rates, strict=True)]
    return Outcomes(
        held.weight,
        held.candidate_leads + mine,
        held.candidate_converted + won[0],
        held.champion_leads + leads - mine,
        held.champion_converted + won[1],
    )


def _lost(outcomes: tuple[Outcomes, ...], rates: tuple[float, float]) -> float:
    best = max(rates)
    return sum(item.candidate_leads * (best - rates[0]) + item.champion_leads * (best - rates[1]) for item in outcomes)


def _rest(rates: tuple[float, float], day: int, *, named: bool) -> float:
    return (DAYS - day - 1) * (LEADS // DAYS) * (max(rates) - rates[0 if named else 1])
