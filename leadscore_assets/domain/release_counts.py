"""What a release is judged on: counts of distinct leads by variant, as the endpoint gives them and as they add up.

A lead counts once a stretch, by its first outcome, so that a client that tries again is not an error wave. A stretch is
the time in which the candidate has one share of leads; where the share changes, the leads seen start anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.serving_counts import LATENCY_BOUNDS

Floats = NDArray[np.float64]

LATENCY_EDGES_MS: tuple[float, ...] = tuple(1000 * bound for bound in LATENCY_BOUNDS)


@dataclass(frozen=True)
class VariantCounts(Record):
    """Counts of one bundle's distinct leads: errors (no answer), invalid (NaN or out of range), and latencies.

    `latency` counts the leads up to each edge of LATENCY_EDGES_MS and, last, those above all of them; it is empty where
    nothing was timed. Four edges make a factor of 1.5, so that "50 % slower" falls on an edge.
    """

    digest: str
    leads: int = 0
    errors: int = 0
    invalid: int = 0
    latency: tuple[int, ...] = ()

    def plus(self, other: "VariantCounts") -> "VariantCounts":
        """Return both counts added."""
        return _combined(self, other, 1)

    def since(self, earlier: "VariantCounts | None") -> "VariantCounts":
        """Return what was counted after `earlier`; where counting began anew, all that there is."""
        if earlier is None or earlier.digest != self.digest or _fell(self, earlier):
            return self
        return _combined(self, earlier, -1)


@dataclass(frozen=True)
class Outcomes(Record):
    """Leads whose outcome is known, by the candidate's share at the time they were first answered in this release."""

    weight: float
    candidate_leads: int
    candidate_converted: int
    champion_leads: int
    champion_converted: int


@dataclass(frozen=True)
class LiveCounts(Record):
    """What the endpoint has counted so far, and all outcomes of the release.

    `configuration` names the counting: under another name everything starts from zero. `weight` is the candidate's
    share that the endpoint deals by now. In shadow the candidate's counts are of its unseen answers, and `joint` has
    50 x 50 counts of production score (rows) by shadow score, even bins over the score's range, row by row.
    """

    configuration: str
    weight: float
    champion: VariantCounts
    candidate: VariantCounts | None = None
    joint: tuple[int, ...] = ()
    outcomes: tuple[Outcomes, ...] = ()


@dataclass(frozen=True)
class Stretch(Record):
    """What both models did while the candidate had one share; `seconds` were watched. A weight of 0 is shadow."""

    weight: float
    champion: VariantCounts
    candidate: VariantCounts
    seconds: float = 0.0
    joint: tuple[int, ...] = ()

    @property
    def exposure(self) -> float:
        """The candidate's share of the leads that either model answered; in shadow what was measured."""
        if self.weight:
            return self.weight
        both = self.candidate.leads + self.champion.leads
        return self.candidate.leads / both if both else 0.5


def grown(stretch: Stretch, now: LiveCounts, before: LiveCounts | None, *, seconds: float) -> Stretch:
    """Return a stretch after another look, `seconds` later, at the same configuration's counts or a new one's."""
    known = before if before and before.configuration == now.configuration else None
    candidate = now.candidate or replace(stretch.candidate, leads=0, errors=0, invalid=0, latency=())
    more = candidate.since(known.candidate if known else None)
    joint = _joint(now.joint, known.joint if known else ())
    return replace(
        stretch,
        champion=stretch.champion.plus(now.champion.since(known.champion if known else None)),
        candidate=stretch.candidate.plus(more),
        seconds=stretch.seconds + seconds,
        joint=_summed(stretch.joint, joint),
    )


def together(stretches: Sequence[Stretch]) -> tuple[VariantCounts, VariantCounts]:
    """Return the champion's and the candidate's counts over several stretches of one release."""
    champion, candidate = stretches[0].champion, stretches[0].candidate
    for item in stretches[1:]:
        champion, candidate = champion.plus(item.champion), candidate.plus(item.candidate)
    return champion, candidate


def edge_at(latency: Sequence[int], share: float) -> int | None:
    """Return the place of the lowest edge that at least a share of leads lies below; None without any, or above all."""
    total = sum(latency)
    if not total:
        return None
    place = int(np.searchsorted(np.cumsum(latency), share * total - 1e-9))
    return place if place < len(LATENCY_EDGES_MS) else None


def tail_edge(latency: Sequence[int], tail: float) -> int | None:
    """Return the place of the highest edge that at least a share `tail` of leads lies above; None without such an edge.

    However narrow latencies are, there are leads beyond it, so that it can always be compared.
    """
    total = sum(latency)
    if not total:
        return None
    place = int((total - np.cumsum(latency) >= tail * total - 1e-9).sum()) - 1
    return place if place >= 0 else None


def slower_edge(place: int, worse: float) -> int | None:
    """Return the place of the lowest edge that is at least 1 + `worse` times another; None above all of them."""
    found = int(np.searchsorted(LATENCY_EDGES_MS, LATENCY_EDGES_MS[place] * (1 + worse) * (1 - 1e-9)))
    return found if found < len(LATENCY_EDGES_MS) else None


def slower_than(latency: Sequence[int], place: int) -> int:
    """Return how many leads took longer than an edge."""
    return int(sum(latency[place + 1 :]))


def _combined(one: VariantCounts, other: VariantCounts, sign: int) -> VariantCounts:
    latency = _summed(one.latency, tuple(sign * count for count in other.latency))
    return VariantCounts(
        one.digest,
        one.leads + sign * other.leads,
        one.errors + sign * other.errors,
        one.invalid + sign * other.invalid,
        latency,
    )


def _summed(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    if not one or not other:
        return one or other
    return tuple(first + second for first, second in zip(one, other, strict=True))


def _fell(now: VariantCounts, earlier: VariantCounts) -> bool:
    numbers = [item.name for item in fields(now) if item.name not in ("digest", "latency")]
    lower = any(getattr(now, name) < getattr(earlier, name) for name in numbers)
    return lower or any(one < other for one, other in zip(now.latency, earlier.latency, strict=False))


def _joint(now: tuple[int, ...], before: tuple[int, ...]) -> tuple[int, ...]:
    if not before or not now or sum(now) < sum(before):
        return now
    return tuple(one - other for one, other in zip(now, before, strict=True))
