"""People and the queue: who approves, declines and goes back, and what becomes of the next candidate."""

import pytest

from leadscore_assets.domain.errors import Refused
from leadscore_assets.domain.release_events import Approved, Declined, RolledBack
from leadscore_assets.domain.release_policy import ReleasePolicy
from leadscore_assets.domain.release_state import ReleaseState, story_problems
from leadscore_assets_tests.domain.release_endpoint import NEW, NEXT, OLD, World


def canary(**more) -> World:
    return World(ReleasePolicy(preset="canary", **more))


def test_the_next_candidate_waits_its_turn_and_the_newest_of_those_waiting_is_taken():
    world, last = canary(), NEXT.__class__("d" * 64, 4)
    world.register()
    world.register(NEXT)
    world.register(last)
    assert (world.state.candidate, world.state.waiting.model) == (NEW, last)
    assert world.state.phase_of(NEXT) == "retired"
    world.happen(RolledBack("ann", "not now"))
    assert (world.state.phase, world.state.champion) == ("rejected", OLD)
    world.look()
    assert (world.state.phase, world.state.candidate) == ("shadow", last)
    assert story_problems(world.state) == []


def test_a_candidate_is_skipped_or_supersedes_as_the_policy_says():
    skipping = canary(next_candidate="skip")
    skipping.register()
    assert "skipped" in skipping.register(NEXT)
    assert (skipping.state.candidate, skipping.state.phase_of(NEXT)) == (NEW, "retired")
    superseding = canary(next_candidate="supersede")
    superseding.register()
    superseding.register(NEXT)
    assert (superseding.state.candidate, superseding.state.phase_of(NEW)) == (NEXT, "retired")


def test_a_manual_approval_is_waited_for_and_expires():
    world = canary()
    world.register(approved=False)
    assert (world.state.phase, world.state.next_step) == ("registered", "approval")
    world.happen(Approved(NEW.version, "ann"))
    assert (world.state.phase, world.state.history[-2].actor) == ("shadow", "ann")
    expired = canary()
    expired.register(approved=False)
    expired.until_over()
    assert (expired.state.phase, expired.state.champion) == ("retired", OLD)
    assert "nobody approved it" in expired.state.reason


def test_a_declined_candidate_ends_and_may_come_again():
    world = canary()
    world.register(approved=False)
    world.happen(Declined(NEW.version, "ann", "wrong week"))
    assert (world.state.phase, world.state.reason) == ("rejected", "wrong week")
    world.register()
    assert world.state.phase == "shadow"
    with pytest.raises(Refused, match="version 9 is not on its way; on the way: version 2"):
        world.happen(Declined(9, "ann", "no"))


def test_a_person_goes_back_at_any_time_and_to_any_version():
    world = World(ReleasePolicy())
    world.register()
    world.until_over()
    world.happen(RolledBack("ann", "sales complained"))
    assert (world.state.champion, world.state.banned) == (OLD, (NEW.digest,))
    assert "was rolled back" in world.register()
    assert world.state.champion == OLD
    world.happen(RolledBack("ann", "it was the price list", to=NEW))
    assert (world.state.champion, world.state.banned) == (NEW, (OLD.digest,))
    assert story_problems(world.state) == []
    with pytest.raises(Refused, match="version 2 answers already"):
        world.happen(RolledBack("ann", "again", to=NEW))


def test_going_back_without_anything_earlier_is_refused_with_the_remedy():
    world = World(ReleasePolicy())
    with pytest.raises(Refused, match="no earlier model to go back to; name one with --to"):
        world.happen(RolledBack("ann", "why not"))
    with pytest.raises(Refused, match="nothing answers yet"):
        World(ReleasePolicy(), state=ReleaseState()).happen(RolledBack("ann", "why not", to=OLD))
