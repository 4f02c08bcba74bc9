"""Judges the drill's answers: each must come from a model that may answer this lead at this moment, with its score.

Which variant a lead belongs to follows from the routing alone. While traffic moves, what answered before and what comes
after it are both right; at any other moment one of them is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.drill_load import Noted
from benchmarks.drill_site import Served
from leadscore_assets.domain.routing import routed

TOLERANCE = 1e-5
Expected = Mapping[str, Mapping[str, float]]


@dataclass
class Phase:
    """A stretch of the drill and what was done in it; `tolerated` requests were in the hands of a killed process."""

    name: str
    about: str
    begin: float
    end: float = float("inf")
    done: str = ""
    tolerated: int = 0


@dataclass
class Figures:
    """What became of one phase's requests; latencies in milliseconds from the moment each was due."""

    requests: int = 0
    lost: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    def percentile(self, percent: float) -> float:
        return float(np.percentile(self.latencies, percent)) if self.latencies else float("nan")


def judged(
    noted: Sequence[Noted],
    phases: Sequence[Phase],
    timeline: Sequence[Served],
    leads: Sequence[list[str]],
    said: Expected,
) -> list[Figures]:
    """Return the figures of every phase, in order; `leads` are the ids in each body, `said` by digest and lead."""
    found = [Figures() for _ in phases]
    for item in noted:
        at = max((place for place, phase in enumerate(phases) if phase.begin <= item.due), default=0)
        figures = found[at]
        figures.requests += 1
        if item.status == 0:
            figures.lost += 1
            continue
        figures.latencies.append(1e3 * (item.done - item.due))
        if problem := wrong(item, timeline, leads[item.number % len(leads)], said):
            figures.wrong[problem] += 1
    return found


def wrong(item: Noted, timeline: Sequence[Served], leads: list[str], said: Expected) -> str:
    """Say what is wrong with an answer; empty when nothing is."""
    if item.status != 200:
        return f"status {item.status}"
    if item.leads != leads:
        return "another lead"
    allowed = [
        model_of(leads[0], served) for served in timeline if served.begin <= item.done and item.sent <= served.end
    ]
    if (item.variant, item.version, item.digest) not in allowed:
        return f"answered by {item.variant} version {item.version}"
    expected = [said[item.digest][lead] for lead in leads]
    near = np.allclose(item.scores, expected, rtol=0, atol=TOLERANCE)
    return "" if near else "another score"


def model_of(lead: str, served: Served) -> tuple[str, int, str]:
    """Return the name, version and digest that answers a lead in a configuration."""
    name = routed(lead, [(item.name, item.weight) for item in served.variants], salt=served.salt)
    found = next(item for item in served.variants if item.name == name)
    return found.name, found.version, found.digest


def moved_back(noted: Sequence[Noted], timeline: Sequence[Served]) -> int:
    """Count answers by an older model to a lead that a newer one had answered while the newer one's share only rose."""
    reached: set[str] = set()
    back, before = 0, (0, 0.0)
    for at, served in enumerate(timeline):
        newest = max((item for item in served.variants if item.weight > 0), key=lambda item: item.version)
        share = newest.weight / sum(item.weight for item in served.variants)
        if (newest.version, share) < before or newest.version != before[0]:
            reached.clear()
        before = (newest.version, share)
        until = timeline[at + 1].begin if at + 1 < len(timeline) else float("inf")
        for item in noted:
            if item.leads and item.sent >= served.settled and item.done <= until:
                back += item.digest != newest.digest and item.leads[0] in reached
                if item.digest == newest.digest:
                    reached.add(item.leads[0])
    return back


def first_answer(noted: Sequence[Noted], digest: str, *, since: float) -> float:
    """Return the seconds from a moment to the first answer by a bundle."""
    return min(
        (item.done - since for item in noted if item.digest == digest and item.done > since), default=float("inf")
    )


def last_answer(noted: Sequence[Noted], digest: str, *, since: float, until: float) -> float:
    """Return the seconds from a moment to the last answer by another bundle before a moment."""
    return max(
        (item.done - since for item in noted if item.digest not in ("", digest) and since < item.done <= until),
        default=0.0,
    )
