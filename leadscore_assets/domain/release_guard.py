"""One guard's answer in a release, of three: go on, go back, not yet; and what all guards reckon with.

Every bit of evidence here holds at every moment at once, so that looking every minute costs nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from leadscore_assets.domain.eprocess import grid_down, log_evidence, more_needed
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.release_counts import Stretch
from leadscore_assets.domain.release_policy import GuardName, ReleasePolicy

Answer = Literal["go_on", "go_back", "not_yet"]
_TEN = float(np.log(10))


@dataclass(frozen=True)
class Strength(Record):
    """How strong the evidence is, as log10 of e-values: against the candidate and for it, each with where it acts."""

    against: float = 0.0
    against_bound: float = 0.0
    proof: float = 0.0
    proof_bound: float = 0.0


@dataclass(frozen=True)
class Guard(Record):
    """One guard's answer: what was measured on `n` leads, against which bound.

    `needed` is how many more leads of the candidate a proof takes at the present rate, or takes at least where that
    rate proves nothing; None where no number does.
    `alarm` says why nothing moves and a person should look.
    """

    name: GuardName
    answer: Answer
    sentence: str
    bound: float
    n: int
    value: float | None = None
    interval: tuple[float, float] | None = None
    strength: Strength = Strength()
    needed: int | None = None
    alarm: str = ""


def answer(*, back: bool, passed: bool) -> Answer:
    """Return the one of three answers; a breach outweighs a proof."""
    return "go_back" if back else "go_on" if passed else "not_yet"


def strength(against: float, proof: float, policy: ReleasePolicy) -> Strength:
    """Return natural log evidence against and for as a guard states it, with the policy's bounds."""
    return Strength(
        round(against / _TEN, 4),
        float(-np.log10(policy.guard_alpha)),
        round(proof / _TEN, 4),
        float(-np.log10(policy.proof_alpha)),
    )


def against_bound(policy: ReleasePolicy) -> float:
    """Return the log evidence at which one guard takes a candidate back."""
    return float(-np.log(policy.guard_alpha))


def proof_bound(policy: ReleasePolicy) -> float:
    """Return the log evidence at which a bound counts as kept."""
    return float(-np.log(policy.proof_alpha))


def over_starts(stretches: Sequence[Stretch], evidence: Callable[[Sequence[Stretch]], float]) -> float:
    """Return log E mixed over the stretches it may begin at, so that a good past hides no fault that came later.

    The j-th start weighs 2^-j; starts that are yet to come count as 1.
    """
    logs = [evidence(stretches[at:]) - (at + 1) * np.log(2) for at in range(len(stretches))]
    return float(np.logaddexp.reduce([*logs, -len(stretches) * np.log(2)]))


def rate_proof(events: int, trials: int, *, margin: float, policy: ReleasePolicy) -> tuple[float, int | None]:
    """Return the log evidence that a rate keeps its margin, and how many more trials the proof takes at this rate.

    Where it takes for ever at this rate, the number is the least there can be: when no further event comes.
    """
    grid, bound = grid_down(margin), proof_bound(policy)

    def evidence(rate: float, extra: int) -> float:
        return log_evidence(events + rate * extra, trials + extra, margin=margin, grid=grid)

    present = events / trials if trials else 0.0
    needed = more_needed(partial(evidence, present), bound=bound)
    if needed is None:
        needed = more_needed(partial(evidence, 0.0), bound=bound)
    return evidence(0.0, 0), at_least(needed, trials, policy)


def at_least(needed: int | None, n: int, policy: ReleasePolicy) -> int | None:
    """Return how many more leads it takes when the policy's minimum counts too."""
    return None if needed is None else max(needed, policy.minimum_requests - n, 0)
