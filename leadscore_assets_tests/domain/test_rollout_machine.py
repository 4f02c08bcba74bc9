"""Random releases: whatever happens, the endpoint stays whole, leads stay where they are, and every path ends."""

import json
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from leadscore_assets.domain.release_events import Approved, Declined, Failed, RolledBack
from leadscore_assets.domain.release_policy import ReleasePolicy
from leadscore_assets.domain.release_state import CANDIDATE, WAY, Model, ReleaseState, desired, story_problems
from leadscore_assets_tests.domain.release_endpoint import BROKEN, FINE, NEW, OLD, SLOW, Traits, World, places

STEPS = (
    {"name": "tenth", "weight": 0.1, "minimum_hours": 1, "maximum_hours": 6},
    {"name": "half", "weight": 0.5, "minimum_hours": 2, "maximum_hours": 6},
)
BANDIT = (
    {
        "name": "bandit",
        "weight": 0.2,
        "minimum_hours": 1,
        "maximum_hours": 12,
        "ends": "winner",
        "allocation": "thompson",
    },
)
TIMES = {"wait_days": 1, "watch_hours": 2, "warm_hours": 2, "watch_maximum_hours": 4, "batch_hours": 2}
TRAITS = st.sampled_from([FINE, BROKEN, SLOW, Traits(invalid=True), Traits(converts_every=5)])


def policies() -> st.SearchStrategy[ReleasePolicy]:
    return st.builds(
        lambda shadow, steps, then, undecided, unproved: ReleasePolicy(
            shadow=shadow,
            shadow_maximum_days=7,
            steps=steps,
            next_candidate=then,
            undecided=undecided,
            unproved=unproved,
            **TIMES,
        ),
        st.booleans(),
        st.sampled_from([(), STEPS, BANDIT]),
        st.sampled_from(["wait", "supersede", "skip"]),
        st.sampled_from(["back", "forward"]),
        st.sampled_from(["keep", "back"]),
    )


class Release(RuleBasedStateMachine):
    """One endpoint through any number of releases."""

    @initialize(policy=policies(), empty=st.booleans())
    def begin(self, policy, empty):
        self.world = World(policy, state=ReleaseState()) if empty else World(policy)
        self.version = 1
        self.reached = (None, set())

    @rule(traits=TRAITS, approved=st.booleans())
    def register(self, traits, approved):
        self.version += 1
        self.world.register(Model(f"{self.version:064d}", self.version), traits, approved=approved)

    @rule(minutes=st.sampled_from([1, 10, 60, 600]), leads=st.sampled_from([0, 30, 300]))
    def look(self, minutes, leads):
        self.world.look(minutes=minutes, leads=leads)

    @rule(minutes=st.sampled_from([1, 60]))
    def look_in_vain(self, minutes):
        self.world.look(minutes=minutes, leads=10, silent=True)

    @rule(days=st.integers(-400, 400))
    def clock_jump(self, days):
        self.world.now += timedelta(days=days)

    @rule()
    def platform_restart(self):
        self.world.restart()

    @rule()
    def endpoint_restart(self):
        self.world.endpoint.restart()

    @rule(traits=TRAITS)
    def turn(self, traits):
        """The candidate begins to behave in another way."""
        if self.world.state.candidate:
            self.world.endpoint.traits[self.world.state.candidate.digest] = traits

    @precondition(lambda self: self.world.state.phase == "registered" and self.world.state.candidate)
    @rule(yes=st.booleans())
    def decide(self, yes):
        version = self.world.state.candidate.version
        self.world.happen(Approved(version, "ann") if yes else Declined(version, "ann", "no"))

    @precondition(lambda self: self.world.state.champion and self.world.state.champion != OLD)
    @rule()
    def person_goes_back(self):
        self.world.happen(RolledBack("ann", "for a reason", to=OLD))

    @precondition(lambda self: self.world.state.candidate)
    @rule()
    def person_takes_back(self):
        self.world.happen(RolledBack("ann", "for a reason"))

    @rule()
    def endpoint_fails(self):
        self.world.happen(Failed("it did not start"))

    @invariant()
    def one_hundred_percent_in_all_and_never_two_of_them(self):
        wanted = desired(self.world.state) if hasattr(self, "world") else None
        if wanted is None:
            return
        weights = [item.weight for item in wanted.variants]
        assert sum(weights) == pytest.approx(1)
        assert len(weights) == 1 or (len(weights) == 2 and all(0 < weight < 1 for weight in weights))
        assert len({item.digest for item in wanted.variants}) == len(weights)

    @invariant()
    def no_lead_moves_back(self):
        if not hasattr(self, "world"):
            return
        state, wanted = self.world.state, desired(self.world.state)
        shares = [item.weight for item in wanted.variants if item.name == CANDIDATE] if wanted else []
        moved = set(np.flatnonzero(places(0, 200, wanted.salt) < shares[0]).tolist()) if shares else set()
        release, before = self.reached
        if release == (state.candidate, wanted and wanted.salt) and state.candidate:
            assert before <= moved
        self.reached = ((state.candidate, wanted and wanted.salt), moved)

    @invariant()
    def the_history_tells_the_same_story_and_the_state_survives_json(self):
        if not hasattr(self, "world"):
            return
        state = self.world.state
        assert story_problems(state) == []
        assert (state.candidate is not None) == (state.phase in WAY)
        assert state.champion is None or state.champion.digest not in state.banned
        assert ReleaseState.from_json(json.loads(json.dumps(state.to_json()))) == state

    def teardown(self):
        if hasattr(self, "world"):
            self.world.until_over(leads=0, looks=700)


TestRelease = Release.TestCase
TestRelease.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


def ended(traits: Traits, disturb) -> tuple[str, Model, str]:
    """Where a release of the short steps ends when a disturbance follows every look."""
    world = World(ReleasePolicy(shadow=False, steps=STEPS, next_candidate="wait", **TIMES))
    world.register(NEW, traits)
    for look in range(200):
        if not world.state.in_hand:
            break
        world.look(minutes=20, leads=240)
        disturb(world, look)
    return world.state.phase, world.state.champion, world.state.reason.split(":")[0]


@pytest.mark.parametrize("traits", [FINE, BROKEN, SLOW], ids=["fine", "broken", "slow"])
@given(jumps=st.lists(st.integers(-40, 40), min_size=1, max_size=8), lost=st.integers(2, 5))
@settings(max_examples=8, deadline=None)
def test_restarts_missed_ticks_and_clock_jumps_end_in_the_same_place(traits, jumps, lost):
    def shaken(world, look):
        world.restart()
        if look % lost == 0:
            world.endpoint.answer(30)
        if look % 3 == 0:
            world.now += timedelta(days=jumps[look % len(jumps)])

    assert ended(traits, shaken) == ended(traits, lambda world, look: None)
