"""The release as a state machine: its paths, its verdicts, and what it asks for."""

import itertools
from datetime import timedelta

import pytest

from leadscore_assets.domain.release_events import Declined, Failed, Tick
from leadscore_assets.domain.release_policy import ReleasePolicy
from leadscore_assets.domain.release_state import ReleaseState, desired, story_problems
from leadscore_assets_tests.domain.release_endpoint import (
    BROKEN,
    FINE,
    NEW,
    NEXT,
    OLD,
    SLOW,
    Traits,
    World,
)


def canary(**more) -> World:
    return World(ReleasePolicy(preset="canary", **more))


def phases(world: World, model=NEW) -> list[str]:
    return [item.after for item in world.state.history if item.model == model]


def test_a_good_candidate_goes_through_shadow_and_both_steps_and_becomes_the_champion():
    world = canary()
    world.register()
    assert (world.state.phase, desired(world.state).shadow.digest) == ("shadow", NEW.digest)
    world.until_over()
    shares = [item.weight for item in world.state.history if item.after == "canary"]
    assert phases(world) == ["registered", "approved", "shadow", "canary", "canary", "champion", "champion"]
    assert shares == [0.10, 0.50]
    assert (world.state.champion, world.state.settled) == (NEW, True)
    assert world.state.reason.startswith("stable: ")
    assert story_problems(world.state) == []


def test_each_step_lasts_its_least_time_and_says_what_comes_next_and_when():
    world, planned = canary(), {}
    world.register()
    for _ in range(400):
        if world.state.phase == "champion":
            break
        planned[world.state.step] = (world.state.next_step, world.state.next_at, world.state.deadline)
        world.look(leads=150)
    moments = [item.at for item in world.state.history if item.model == NEW][2:]
    days = [(after - before).total_seconds() / 86_400 for before, after in itertools.pairwise(moments)]
    assert days == [7, 1, 2]
    assert [item[0] for item in planned.values()] == ["canary_10 (10%)", "canary_50 (50%)", "cutover"]
    assert [item[1] for item in planned.values()] == moments[1:]
    assert planned[1][2] == moments[2] + timedelta(days=7)


@pytest.mark.parametrize(
    ("traits", "guard"),
    [(BROKEN, "errors"), (Traits(invalid=True), "invalid_outputs")],
    ids=["errors", "invalid outputs"],
)
def test_a_candidate_that_fails_in_shadow_is_rejected_before_it_answers_anyone(traits, guard):
    world = canary()
    world.register(traits=traits)
    world.until_over()
    assert (world.state.phase, world.state.champion) == ("rejected", OLD)
    assert world.state.reason.startswith(guard)
    assert "canary" not in phases(world)


@pytest.mark.parametrize(
    ("traits", "guard"),
    [(BROKEN, "errors"), (Traits(invalid=True), "invalid_outputs"), (SLOW, "latency_p99")],
    ids=["errors", "invalid outputs", "latency"],
)
def test_a_candidate_that_turns_bad_in_a_canary_is_rolled_back_by_the_guards_name(traits, guard):
    world = canary()
    world.register()
    while world.state.phase == "shadow":
        world.look()
    world.endpoint.traits[NEW.digest] = traits
    world.until_over()
    assert (world.state.phase, world.state.champion) == ("rolled_back", OLD)
    assert world.state.reason.startswith(guard)
    assert [item.weight for item in desired(world.state).variants] == [1.0]
    assert NEW.digest in world.state.banned


def test_a_fault_after_the_cutover_brings_the_warm_champion_back_whole():
    world = canary()
    world.register()
    while world.state.phase != "champion":
        world.look()
    assert (world.state.previous, desired(world.state).warm.digest) == (OLD, OLD.digest)
    world.endpoint.traits[NEW.digest] = BROKEN
    world.look(minutes=1)
    assert (world.state.phase, world.state.champion) == ("rolled_back", OLD)
    assert [item.kind for item in world.actions[-4:]] == ["serve", "promote", "archive", "notify"]


def test_without_leads_nothing_passes_and_the_verdict_says_how_long_was_waited():
    world = canary()
    world.register()
    world.until_over(leads=0)
    assert (world.state.phase, world.state.champion) == ("rejected", OLD)
    assert world.state.reason.startswith("not decided in 14 days: ")
    assert NEW.digest not in world.state.banned


def test_a_step_that_the_leads_cannot_decide_ends_back_at_the_champion():
    world = canary()
    world.register()
    while world.state.phase == "shadow":
        world.look()
    world.until_over(leads=1)
    assert (world.state.phase, world.state.champion) == ("rolled_back", OLD)
    assert "not decided in 7 days: errors" in world.state.reason


def test_where_both_models_fail_it_holds_and_alarms_once():
    world = canary()
    world.register()
    while world.state.phase == "shadow":
        world.look()
    world.endpoint.traits = dict.fromkeys((OLD.digest, NEW.digest), Traits(fails_every=9))
    for _ in range(30):
        world.look()
    assert world.state.phase == "canary"
    alarms = [item.reason for item in world.actions if item.kind == "alarm"]
    assert alarms == ["candidate and champion both fail; going back would not help"]


def test_the_default_releases_at_once_and_a_newer_candidate_takes_over_at_once():
    world = World(ReleasePolicy(), state=ReleaseState())
    for model in (OLD, NEW, NEXT):
        world.register(model)
        assert (world.state.phase, world.state.champion) == ("champion", model)
    assert world.state.previous == NEW
    world.until_over(leads=0)
    assert (world.state.champion, world.state.settled) == (NEXT, True)
    assert world.state.reason.startswith("kept, unproved; not decided in 7 days")


def test_the_first_model_goes_live_at_once_under_every_strategy():
    for preset in ("canary", "gradual", "ab", "champion_challenger", "bandit"):
        world = World(ReleasePolicy(preset=preset), state=ReleaseState())
        world.register()
        assert (world.state.phase, world.state.champion) == ("champion", NEW)


def test_an_endpoint_that_does_not_follow_four_times_takes_the_candidate_back():
    world = canary()
    world.register()
    for _ in range(3):
        world.happen(Failed("golden rows differ"))
    assert world.state.phase == "shadow"
    world.happen(Failed("golden rows differ"))
    assert (world.state.phase, world.state.champion) == ("rejected", OLD)
    assert "4 times in a row: golden rows differ" in world.state.reason


def test_counts_that_cannot_be_read_move_nothing_and_alarm_once():
    world = canary()
    world.register()
    for _ in range(10):
        world.look(silent=True)
    assert world.state.phase == "shadow"
    assert [item.reason for item in world.actions if item.kind == "alarm"] == ["4 looks without counts"]


def test_a_repeated_event_changes_nothing():
    world = canary()
    world.register()
    world.look()
    tick = Tick(world.endpoint.read(world.state))
    world.happen(tick)
    before = world.state
    world.happen(tick)
    world.register()
    assert world.state.history == before.history
    assert world.state.stretches == before.stretches


def test_counts_of_another_share_or_bundle_are_left_out():
    world = canary()
    world.register()
    while world.state.phase == "shadow":
        world.look()
    earlier = world.endpoint.read(world.state)
    world.happen(Tick(earlier.__class__(earlier.configuration, 0.3, earlier.champion, earlier.candidate)))
    assert (world.state.silent, world.state.stretches[-1].champion.leads) == (1, 0)


def test_a_winner_ends_an_even_split_and_nobody_wins_by_share():
    better = World(ReleasePolicy(preset="ab"))
    better.register(traits=Traits(converts_every=10))
    better.until_over(leads=120)
    assert better.state.champion == NEW
    assert any("winner: the candidate wins" in item.reason for item in better.state.history)
    worse = World(ReleasePolicy(preset="ab"))
    worse.register(traits=Traits(converts_every=40))
    worse.until_over(leads=120)
    assert (worse.state.champion, worse.state.phase) == (OLD, "rolled_back")
    equal = World(ReleasePolicy(preset="ab", minimum_outcomes=20))
    equal.register(traits=FINE)
    equal.until_over(leads=20, looks=3000)
    assert equal.state.champion == OLD
    assert "not decided in 84 days: winner: no winner yet" in equal.state.reason


def test_undecided_goes_forward_only_where_the_policy_says_so_and_all_else_is_proved():
    world = World(ReleasePolicy(preset="ab", undecided="forward"))
    world.register()
    world.until_over(leads=20, looks=3000)
    assert world.state.champion == NEW
    assert any("no winner in 84 days, and every guard is proved" in item.reason for item in world.state.history)


def test_a_bandits_share_rises_batch_by_batch_and_a_winner_ends_it():
    world = World(ReleasePolicy(preset="bandit"))
    world.register(traits=Traits(converts_every=16))
    world.until_over(leads=40, looks=3000)
    shares = [item.weight for item in world.state.history if item.after == "canary"]
    assert shares == sorted(shares)
    assert len(shares) > 1
    assert shares[-1] <= 1 - world.policy.floor
    assert world.state.champion == NEW


def test_a_long_history_forgets_the_oldest_and_never_what_is_still_in_play():
    world = World(ReleasePolicy(preset="canary"))
    for version in range(10, 90):
        world.register(NEXT.__class__(f"{version:064d}", version))
        world.happen(Declined(version, "ann", "no"))
    assert len(world.state.history) <= 201
    assert story_problems(world.state) == []
    assert world.state.phase_of(OLD) == "champion"
