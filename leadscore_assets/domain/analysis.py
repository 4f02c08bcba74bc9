"""What the counts of a release say, in one of three answers: go on, go back, not yet.

No data never passes: an answer to go on needs every asked guard's own proof. "Not yet" names the sample that is still
needed and when, at the present rate, it will be there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from leadscore_assets.domain.conversion_guards import conversion_guard, winner_guard
from leadscore_assets.domain.error_guards import errors_guard, invalid_guard, split_guard
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.latency_guards import latency_guard, shadow_latency_guard
from leadscore_assets.domain.prediction_shift import shift_guards
from leadscore_assets.domain.release_counts import Outcomes, Stretch
from leadscore_assets.domain.release_guard import Answer, Guard
from leadscore_assets.domain.release_policy import ReleasePolicy, ReleaseStep

_LONGEST = timedelta(days=3650)


@dataclass(frozen=True)
class Analysis(Record):
    """All guards' answers as one, with the sentence of the guard that decides.

    `asked` names the guards that must be proved to go on. `ready_at` is when the last of them can be, at the present
    rate; None where no time is known or none is needed. `alarm` is empty unless a person should look.
    """

    answer: Answer
    sentence: str
    guards: tuple[Guard, ...]
    asked: tuple[str, ...]
    ready_at: datetime | None = None
    alarm: str = ""

    def guard(self, name: str) -> Guard | None:
        """Return a guard's answer by its name."""
        return next((item for item in self.guards if item.name == name), None)


def shadow_analysis(stretch: Stretch, policy: ReleasePolicy, now: datetime) -> Analysis:
    """Judge a shadow: answers, latency, and how far its scores lie from production's on the same leads."""
    one = (stretch,)
    guards = [errors_guard(one, policy), invalid_guard(one, policy), shadow_latency_guard(one, policy)]
    guards += shift_guards(stretch.joint, policy)
    return combined(guards, tuple(item.name for item in guards), now=now, pace=_pace(stretch))


def step_analysis(
    stretches: Sequence[Stretch],
    outcomes: Sequence[Outcomes],
    *,
    step: ReleaseStep,
    policy: ReleasePolicy,
    now: datetime,
) -> Analysis:
    """Judge a step that shares leads: the candidate beside the champion, over all stretches with a share, oldest first.

    Conversions are always watched; they are waited for only where the step asks for them.
    """
    guards = [
        split_guard(stretches, policy),
        errors_guard(stretches, policy),
        invalid_guard(stretches, policy),
        latency_guard(stretches, policy),
        conversion_guard(outcomes, policy),
    ]
    asked: tuple[str, ...] = ("split", *step.guards)
    if step.ends == "winner":
        guards, asked = [*guards, winner_guard(outcomes, policy)], (*asked, "winner")
    return combined(guards, asked, now=now, pace=_pace(stretches[-1]), outcome_pace=_outcome_pace(stretches, outcomes))


def combined(
    guards: Sequence[Guard], asked: tuple[str, ...], *, now: datetime, pace: float = 0.0, outcome_pace: float = 0.0
) -> Analysis:
    """Put guards together: one that says back is enough, on needs all that are asked; paces are leads a second."""
    back = [item for item in guards if item.answer == "go_back"]
    open_ = [item for item in guards if item.name in asked and item.answer != "go_on"]
    alarm = "; ".join(item.alarm for item in guards if item.alarm)
    found = Analysis("go_on", "", tuple(guards), asked, alarm=alarm)
    if back:
        return replace(found, answer="go_back", sentence=_named(back[0]))
    if not open_:
        return replace(found, sentence="; ".join(_named(item) for item in guards if item.name in asked))
    times = [_ready(item, now, outcome_pace if item.name in ("conversion", "winner") else pace) for item in open_]
    known = [moment for moment in times if moment]
    ready = max(known) if known and len(known) == len(times) else None
    said = "; ".join(_waiting(item, moment) for item, moment in zip(open_, times, strict=True))
    return replace(found, answer="not_yet", sentence=said, ready_at=ready)


def _ready(guard: Guard, now: datetime, pace: float) -> datetime | None:
    if guard.needed is None or not pace:
        return None
    seconds = guard.needed / pace
    return now + timedelta(seconds=seconds) if seconds < _LONGEST.total_seconds() else None


def _named(guard: Guard) -> str:
    return f"{guard.name}: {guard.sentence}"


def _waiting(guard: Guard, moment: datetime | None) -> str:
    if guard.alarm:
        return f"{guard.name} holds: {guard.alarm}"
    if guard.needed is None:
        return f"{_named(guard)}; at this rate no number of leads proves it"
    when = f", at this pace by {moment:%Y-%m-%d %H:%M} UTC" if moment else ""
    return f"{_named(guard)}; {_at_least(guard)}{guard.needed:,} more leads of the candidate are needed{when}"


def _at_least(guard: Guard) -> str:
    """A rate beyond its bound proves nothing however long it lasts: the number is then the best case."""
    beyond = guard.name in ("errors", "band_changes") and guard.value is not None and guard.value >= guard.bound
    return "at least " if beyond else ""


def _pace(stretch: Stretch) -> float:
    return stretch.candidate.leads / stretch.seconds if stretch.seconds else 0.0


def _outcome_pace(stretches: Sequence[Stretch], outcomes: Sequence[Outcomes]) -> float:
    seconds = sum(item.seconds for item in stretches)
    return sum(item.candidate_leads for item in outcomes) / seconds if seconds else 0.0
