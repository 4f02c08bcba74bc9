"""The state of the endpoint's release: what answers, what is on its way, where it stands and how it came there.

One candidate at most is on its way. Everything is a frozen record that goes to JSON and comes back equal, so that a
restart loses nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from leadscore_assets.domain.analysis import Analysis
from leadscore_assets.domain.cutover_watch import Watch
from leadscore_assets.domain.facts import Record, Variant
from leadscore_assets.domain.release_counts import LiveCounts, Outcomes, Stretch

Phase = Literal["none", "registered", "approved", "shadow", "canary", "champion", "retired", "rejected", "rolled_back"]
WAY: tuple[Phase, ...] = ("registered", "approved", "shadow", "canary")
PRIMARY, CANDIDATE, SHADOW, PREVIOUS = "primary", "candidate", "shadow", "previous"
_REMEMBERED = 200

# Where a model may go from each phase; a model that ended may come back by a rollback alone.
MOVES: dict[Phase, frozenset[Phase]] = {
    "none": frozenset({"registered", "champion"}),
    "registered": frozenset({"approved", "rejected", "retired"}),
    "approved": frozenset({"shadow", "canary", "champion", "rejected", "retired"}),
    "shadow": frozenset({"canary", "champion", "rejected", "retired"}),
    "canary": frozenset({"canary", "champion", "rolled_back", "retired"}),
    "champion": frozenset({"champion", "retired", "rolled_back"}),
    "retired": frozenset({"champion", "registered"}),
    "rejected": frozenset({"champion", "registered"}),
    "rolled_back": frozenset({"champion", "registered"}),
}


@dataclass(frozen=True)
class Model(Record):
    """A package by its bundle's digest and its registry version."""

    digest: str
    version: int


@dataclass(frozen=True)
class Waiting(Record):
    """The next candidate, since when it waits (watched seconds), and whether it is approved."""

    model: Model
    approved: bool
    seconds: float = 0.0


@dataclass(frozen=True)
class Transition(Record):
    """A model's step from phase to phase, with the candidate's share of leads after it, who moved it and why."""

    at: datetime
    model: Model
    before: Phase
    after: Phase
    weight: float
    actor: str
    reason: str


@dataclass(frozen=True)
class ReleaseState(Record):
    """What answers and what is on its way.

    `phase` is that of the release in hand, or the last one's end. `weight` is the candidate's share of leads, 0 in
    shadow. `seconds` are watched seconds in the phase (or step), `seen` is the last look. `settled` is true once the
    champion's close watch is over. `banned` are digests that were rolled back: a person must bring them back.
    """

    phase: Phase = "none"
    candidate: Model | None = None
    champion: Model | None = None
    previous: Model | None = None
    waiting: Waiting | None = None
    weight: float = 0.0
    step: int = -1
    salt: str = ""
    since: datetime | None = None
    seen: datetime | None = None
    seconds: float = 0.0
    share_seconds: float = 0.0
    step_seconds: float = 0.0
    settled: bool = True
    decision: str = ""
    reason: str = ""
    next_step: str = ""
    next_at: datetime | None = None
    deadline: datetime | None = None
    stretches: tuple[Stretch, ...] = ()
    counts: LiveCounts | None = None
    outcomes: tuple[Outcomes, ...] = ()
    watch: Watch | None = None
    analysis: Analysis | None = None
    silent: int = 0
    failures: int = 0
    alarm: str = ""
    banned: tuple[str, ...] = ()
    history: tuple[Transition, ...] = ()

    @property
    def in_hand(self) -> bool:
        """Whether a release is going on: a candidate on its way, or a champion under close watch."""
        return self.candidate is not None or not self.settled

    @property
    def earlier(self) -> Model | None:
        """What the champion would give way to: what stays warm, else what answered last and was not rolled back."""
        models = [item.model for item in reversed(self.history) if item.after == "champion"]
        former = (item for item in models if item != self.champion and item.digest not in self.banned)
        return self.previous or next(former, None)

    def remember(self, moved: Transition) -> "ReleaseState":
        """Return the state with one more transition; old ones of models that are over are left to the ledger."""
        history = (*self.history, moved)
        cut = len(history) - _REMEMBERED
        playing = {self.candidate, self.champion, self.previous, self.waiting.model if self.waiting else None}
        last = {item.model: place for place, item in enumerate(history) if item.model in playing}
        return replace(
            self, history=tuple(item for at, item in enumerate(history) if at >= cut or at == last.get(item.model))
        )

    def phase_of(self, model: Model) -> Phase:
        """Return where a model stands by the history."""
        return next((item.after for item in reversed(self.history) if item.model == model), "none")


@dataclass(frozen=True)
class Desired(Record):
    """What the endpoint should serve: variants whose weights add up to 1, at most one shadow, and what stays warm."""

    variants: tuple[Variant, ...]
    shadow: Variant | None = None
    warm: Variant | None = None
    salt: str = ""


def desired(state: ReleaseState) -> Desired | None:
    """Return what the endpoint should serve in a state; None before anything was released.

    The same state always gives the same answer, so an endpoint that differs is brought back by deploying it again.
    """
    if state.champion is None:
        return None
    share = state.weight if state.phase == "canary" and state.candidate else 0.0
    variants = [_variant(PRIMARY, state.champion, 1 - share)]
    if share and state.candidate:
        variants.append(_variant(CANDIDATE, state.candidate, share))
    shadowed = state.candidate if state.phase == "shadow" else None
    return Desired(
        tuple(variants),
        _variant(SHADOW, shadowed, 0.0) if shadowed else None,
        _variant(PREVIOUS, state.previous, 0.0) if state.previous else None,
        state.salt,
    )


def story_problems(state: ReleaseState) -> list[str]:
    """Compare a state with its own history; return each contradiction as a sentence."""
    found, stands = [], dict[Model, Phase]()
    for item in state.history:
        before = stands.get(item.model, item.before)
        if item.before != before or item.after not in MOVES[item.before]:
            found.append(f"version {item.model.version} went from {before} to {item.after} (said {item.before})")
        stands[item.model] = item.after
    champions = [model for model, phase in stands.items() if phase == "champion"]
    on_way = [model for model, phase in stands.items() if phase in WAY]
    waiting = [state.waiting.model] if state.waiting else []
    if champions != [state.champion] and (champions or state.champion):
        found.append(f"the history's champions are {champions}, the state's is {state.champion}")
    if [model for model in on_way if model not in waiting] != [item for item in (state.candidate,) if item]:
        found.append(f"the history has {on_way} on the way, the state {state.candidate} with {waiting} waiting")
    if state.candidate and stands.get(state.candidate) != state.phase:
        found.append(f"the candidate stands at {stands.get(state.candidate)}, the state at {state.phase}")
    return found


def _variant(name: str, model: Model, weight: float) -> Variant:
    return Variant(name, model.digest, model.version, weight)
