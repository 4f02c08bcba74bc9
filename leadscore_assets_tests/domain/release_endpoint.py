"""An endpoint in memory that follows a release's state: it deals leads by a nested hash and counts what they got."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from leadscore_assets.domain.release_counts import LATENCY_EDGES_MS, LiveCounts, Outcomes, VariantCounts
from leadscore_assets.domain.release_events import Action, Event, Registered, Tick
from leadscore_assets.domain.release_policy import ReleasePolicy
from leadscore_assets.domain.release_state import CANDIDATE, PRIMARY, SHADOW, Desired, Model, ReleaseState, desired
from leadscore_assets.domain.rollout import adopted, advance
from leadscore_assets.domain.serving_counts import SCORE_BINS

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
OLD, NEW, NEXT = Model("a" * 64, 1), Model("b" * 64, 2), Model("c" * 64, 3)
_GOLDEN = 0.618033988749895


def places(first: int, end: int, salt: str) -> np.ndarray:
    """Leads' places in [0, 1): evenly spread, others under another salt."""
    return (np.arange(first, end) * _GOLDEN + sum(map(ord, salt)) / 997) % 1


@dataclass(frozen=True)
class Traits:
    """What a model does: of how many leads one fails, whether scores are valid, milliseconds, conversions by lead."""

    fails_every: int = 0
    invalid: bool = False
    ms: float = 2.0
    converts_every: int = 20


FINE, BROKEN, SLOW = Traits(), Traits(fails_every=2), Traits(ms=5.0)


@dataclass
class Endpoint:
    """Variants by name, leads seen so far, and what each bundle did under the present salt."""

    traits: dict[str, Traits] = field(default_factory=dict)
    serving: Desired | None = None
    counts: dict[tuple[str, str], VariantCounts] = field(default_factory=dict)
    outcomes: dict[float, list[int]] = field(default_factory=dict)
    joint: np.ndarray = field(default_factory=lambda: np.zeros(SCORE_BINS**2, dtype=int))
    leads: int = 0
    period: int = 0

    def follow(self, state: ReleaseState) -> None:
        """Serve what the state asks for; under another salt all counts begin anew."""
        wanted = desired(state)
        if wanted and (self.serving is None or wanted.salt != self.serving.salt):
            self.restart()
            self.outcomes = {}
        self.serving = wanted

    def restart(self) -> None:
        """Lose every count, as a machine that goes down."""
        self.counts, self.joint, self.period = {}, np.zeros(SCORE_BINS**2, dtype=int), self.period + 1

    def answer(self, leads: int) -> None:
        """Answer so many new leads."""
        if self.serving is None:
            return
        variants = {item.name: item for item in self.serving.variants}
        share = variants[CANDIDATE].weight if CANDIDATE in variants else 0.0
        numbers = np.arange(self.leads, self.leads + leads)
        new = places(self.leads, self.leads + leads, self.serving.salt) < share
        for name, chosen in ((PRIMARY, numbers[~new]), (CANDIDATE, numbers[new])):
            if chosen.size:
                self._count(name, variants[name].digest, chosen)
                self._outcome(share, name, variants[name].digest, chosen.size)
        if self.serving.shadow:
            self._count(SHADOW, self.serving.shadow.digest, numbers)
            np.add.at(self.joint, numbers % SCORE_BINS * (SCORE_BINS + 1), 1)
        self.leads += leads

    def read(self, state: ReleaseState) -> LiveCounts | None:
        """The counts as the analysis reads them."""
        if self.serving is None or state.champion is None:
            return None
        variants = {item.name: item for item in self.serving.variants}
        shadow, candidate = self.serving.shadow, variants.get(CANDIDATE)
        other = (SHADOW, shadow.digest) if shadow else (CANDIDATE, candidate.digest) if candidate else None
        primary = (PRIMARY, variants[PRIMARY].digest)
        return LiveCounts(
            f"{self.serving.salt}:{self.period}",
            candidate.weight if candidate else 0.0,
            self.counts.get(primary, VariantCounts(primary[1])),
            self.counts.get(other, VariantCounts(other[1])) if other else None,
            tuple(self.joint.tolist()) if shadow else (),
            tuple(Outcomes(share, *held) for share, held in self.outcomes.items() if share),
        )

    def _count(self, name: str, digest: str, numbers: np.ndarray) -> None:
        traits = self.traits.get(digest, FINE)
        failed = int((numbers % traits.fails_every == 0).sum()) if traits.fails_every else 0
        bins = np.searchsorted(LATENCY_EDGES_MS, traits.ms * (1 + numbers % 10 / 10))
        latency = tuple(np.bincount(bins, minlength=len(LATENCY_EDGES_MS) + 1).tolist())
        invalid = (numbers.size - failed) * traits.invalid
        more = VariantCounts(digest, numbers.size, failed, invalid, latency)
        self.counts[name, digest] = self.counts.get((name, digest), VariantCounts(digest)).plus(more)

    def _outcome(self, share: float, name: str, digest: str, leads: int) -> None:
        held = self.outcomes.setdefault(share, [0, 0, 0, 0])
        at, every = (0 if name == CANDIDATE else 2), self.traits.get(digest, FINE).converts_every
        held[at] += leads
        held[at + 1] = held[at] // every


@dataclass
class World:
    """A release with its endpoint and a clock that the test holds."""

    policy: ReleasePolicy
    state: ReleaseState = field(default_factory=lambda: adopted(OLD, START))
    endpoint: Endpoint = field(default_factory=Endpoint)
    now: datetime = START
    actions: list[Action] = field(default_factory=list)

    def happen(self, event: Event) -> str:
        """Let an event happen now, and the endpoint follow; return the reason."""
        self.state, actions, reason = advance(self.state, event, self.policy, self.now)
        self.actions += actions
        self.endpoint.follow(self.state)
        return reason

    def register(self, model: Model = NEW, traits: Traits = FINE, *, approved: bool = True) -> str:
        """Let a package pass its gates."""
        self.endpoint.traits[model.digest] = traits
        return self.happen(Registered(model, approved))

    def look(self, *, minutes: float = 60, leads: int = 60, silent: bool = False) -> str:
        """Answer leads for some minutes, then tick."""
        self.endpoint.answer(leads)
        self.now += timedelta(minutes=minutes)
        return self.happen(Tick(None if silent else self.endpoint.read(self.state)))

    def until_over(self, *, leads: int = 60, looks: int = 2000, minutes: float = 60) -> None:
        """Look until no release is in hand and none waits."""
        for _ in range(looks):
            if not self.state.in_hand and self.state.waiting is None:
                return
            self.look(minutes=minutes, leads=leads)
        raise AssertionError(f"the release did not end in {looks} looks: {self.state.phase} {self.state.reason}")

    def restart(self) -> None:
        """Write the state to JSON and read it back."""
        again = ReleaseState.from_json(json.loads(json.dumps(self.state.to_json())))
        assert again == self.state
        self.state = again
