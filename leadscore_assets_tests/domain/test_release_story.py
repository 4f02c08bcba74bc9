import json
from datetime import UTC, datetime, timedelta

import pytest

from leadscore_assets.domain.errors import Refused
from leadscore_assets.domain.release_events import Registered, RolledBack, Tick
from leadscore_assets.domain.release_policy import ReleasePolicy, ReleaseStep
from leadscore_assets.domain.release_state import Model, ReleaseState
from leadscore_assets.domain.release_story import DECISIONS, Story, story_of
from leadscore_assets.domain.rollout import adopted, advance

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
OLD, NEW, NEXT = Model("a" * 64, 1), Model("b" * 64, 2), Model("c" * 64, 3)
CANARY = ReleasePolicy(strategy="canary", steps=(ReleaseStep(name="tenth", weight=0.1),), next_candidate="wait")


def released(policy: ReleasePolicy, *models: Model) -> ReleaseState:
    state = adopted(OLD, NOW)
    for model in models:
        state = advance(state, Registered(model), policy, NOW).state
    return state


def test_before_the_first_release_there_is_nothing_to_tell_and_nothing_to_go_back_to() -> None:
    assert story_of(ReleaseState()) == Story("none")
    assert not story_of(adopted(OLD, NOW)).rollback


def test_a_canary_is_told_with_its_share_what_comes_next_and_who_waits() -> None:
    state = released(CANARY, NEW, NEXT)
    story = story_of(advance(state, Tick(), CANARY, NOW + timedelta(minutes=5)).state)
    assert (story.phase, story.weight) == ("canary", 0.1)
    assert (story.champion, story.candidate, story.previous, story.waiting) == (1, 2, None, 3)
    assert (story.rollback, story.rollback_to) == (True, 1)
    assert story.next_step
    assert story.deadline
    assert story.next_at is None or story.next_at <= story.deadline
    assert [item.version for item in story.decisions][-1] == 1
    assert [(guard.name, guard.answer) for guard in story.guards][:2] == [("split", "not_yet"), ("errors", "not_yet")]


def test_what_the_story_promises_is_what_a_rollback_does() -> None:
    policy = ReleasePolicy()
    for models in ((NEW,), (NEW, NEXT)):
        state = released(policy, *models)
        promised = story_of(state).rollback_to
        after = advance(state, RolledBack("ann", "complaints"), policy, NOW).state
        assert after.champion
        assert after.champion.version == promised
    while story_of(state).rollback:
        state = advance(state, RolledBack("ann", "again"), policy, NOW).state
    with pytest.raises(Refused, match="no earlier model"):
        advance(state, RolledBack("ann", "again"), policy, NOW)


def test_the_newest_decisions_come_first_and_there_are_twenty_at_most() -> None:
    state, policy = adopted(OLD, NOW), ReleasePolicy()
    for number in range(2, 30):
        state = advance(state, Registered(Model(f"{number:064x}", number)), policy, NOW + timedelta(hours=number)).state
    decisions = story_of(state).decisions
    assert len(decisions) == DECISIONS
    assert (decisions[0].version, decisions[0].after) == (29, "champion")
    assert [item.at for item in decisions] == sorted((item.at for item in decisions), reverse=True)


def test_a_story_goes_to_json_and_comes_back() -> None:
    story = story_of(advance(released(CANARY, NEW), Tick(), CANARY, NOW + timedelta(minutes=5)).state)
    assert Story.from_json(json.loads(json.dumps(story.to_json()))) == story
