"""The release as it is told to whoever looks at the endpoint: where it stands, why, what comes next, what was decided.

It says models by their versions and holds no lead data; it is made from the state alone, so it is never ahead of it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from leadscore_assets.domain.facts import Record

if TYPE_CHECKING:
    from leadscore_assets.domain.release_state import Model, ReleaseState

DECISIONS = 20


@dataclass(frozen=True)
class GuardTold(Record):
    """A guard's name, its answer of three, and its sentence."""

    name: str
    answer: str
    sentence: str


@dataclass(frozen=True)
class Decision(Record):
    """A version's step from phase to phase, with the candidate's share of leads after it, who moved it and why."""

    at: datetime
    version: int
    before: str
    after: str
    weight: float
    actor: str
    reason: str


@dataclass(frozen=True)
class Story(Record):
    """A release in hand, or the last one's end.

    `weight` is the candidate's share of leads. `guards` are the last analysis', `decisions` the newest first.
    `rollback` says whether there is something to go back to, `rollback_to` which version would answer then.
    """

    phase: str
    champion: int | None = None
    candidate: int | None = None
    previous: int | None = None
    waiting: int | None = None
    weight: float = 0.0
    settled: bool = True
    since: datetime | None = None
    decision: str = ""
    reason: str = ""
    next_step: str = ""
    next_at: datetime | None = None
    deadline: datetime | None = None
    guards: tuple[GuardTold, ...] = ()
    alarm: str = ""
    decisions: tuple[Decision, ...] = ()
    rollback: bool = False
    rollback_to: int | None = None


def story_of(state: "ReleaseState") -> Story:
    """Tell a state's story."""
    target = _rollback_target(state)
    analysis = state.analysis
    return Story(
        phase=state.phase,
        champion=_version(state.champion),
        candidate=_version(state.candidate),
        previous=_version(state.previous),
        waiting=_version(state.waiting.model if state.waiting else None),
        weight=state.weight,
        settled=state.settled,
        since=state.since,
        decision=state.decision,
        reason=state.reason,
        next_step=state.next_step,
        next_at=state.next_at,
        deadline=state.deadline,
        guards=tuple(GuardTold(item.name, item.answer, item.sentence) for item in analysis.guards) if analysis else (),
        alarm=state.alarm or (analysis.alarm if analysis else ""),
        decisions=_decisions(state),
        rollback=target is not None,
        rollback_to=_version(target),
    )


def _decisions(state: "ReleaseState") -> tuple[Decision, ...]:
    last = reversed(state.history[-DECISIONS:])
    return tuple(
        Decision(item.at, item.model.version, item.before, item.after, item.weight, item.actor, item.reason)
        for item in last
    )


def _rollback_target(state: "ReleaseState") -> "Model | None":
    """What would answer all leads after a rollback that names no version."""
    return state.champion if state.candidate else state.earlier


def _version(model: "Model | None") -> int | None:
    return model.version if model else None
