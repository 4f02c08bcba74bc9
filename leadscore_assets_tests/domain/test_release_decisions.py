"""What a decision of the registry's pages asks of a release, and what the release's story decided."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leadscore_assets.domain.facts import Decision
from leadscore_assets.domain.release_decisions import Effect, effect_of, own_decisions, sentence
from leadscore_assets.domain.release_state import Model, Phase, ReleaseState, Transition, Waiting

AT = datetime(2026, 1, 5, tzinfo=UTC)
OLD, NEW = Model("a" * 64, 1), Model("b" * 64, 2)


def story(*steps: tuple[Phase, str], model: Model = NEW) -> ReleaseState:
    history = [
        Transition(AT + timedelta(hours=at), model, "none", phase, 0.0, actor, f"why {at}")
        for at, (phase, actor) in enumerate(steps)
    ]
    return ReleaseState(champion=OLD, history=tuple(history))


def on_way(*phases: Phase) -> ReleaseState:
    return replace(story(*((phase, "platform") for phase in phases)), candidate=NEW, phase=phases[-1])


@pytest.mark.parametrize(
    ("state", "model", "approved", "expected"),
    [
        (on_way("registered"), NEW, True, "approve"),
        (on_way("registered"), NEW, False, "decline"),
        (on_way("registered", "approved", "shadow"), NEW, True, "nothing"),
        (on_way("registered", "approved", "shadow"), NEW, False, "decline"),
        (on_way("registered", "approved", "canary"), NEW, False, "decline"),
        (replace(story(("registered", "platform")), waiting=Waiting(NEW, approved=False)), NEW, True, "approve"),
        (replace(story(("registered", "platform")), waiting=Waiting(NEW, approved=False)), NEW, False, "decline"),
        (on_way("registered"), OLD, False, "warn"),
        (on_way("registered"), OLD, True, "nothing"),
        (story(("rejected", "ann")), NEW, True, "nothing"),
        (ReleaseState(), NEW, False, "nothing"),
    ],
)
def test_a_decision_moves_what_is_on_its_way_and_nothing_else(
    state: ReleaseState, model: Model, approved: bool, expected: Effect
) -> None:
    assert effect_of(state, model, approved=approved) == expected
    assert sentence(expected, state, model)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([("registered", "platform"), ("approved", "platform"), ("shadow", "platform")], None),
        ([("registered", "platform"), ("approved", "ann")], (True, "ann", 1)),
        ([("registered", "platform"), ("approved", "ann"), ("shadow", "platform")], (True, "ann", 1)),
        ([("canary", "platform"), ("rolled_back", "platform")], (False, "platform", 1)),
        ([("approved", "ann"), ("rejected", "bob")], (False, "bob", 1)),
        ([("rolled_back", "platform"), ("champion", "ann")], (True, "ann", 1)),
        ([("champion", "platform"), ("retired", "platform")], None),
    ],
)
def test_the_story_decides_where_a_person_approved_or_a_way_ended(
    steps: list[tuple[Phase, str]], expected: tuple[bool, str, int] | None
) -> None:
    found = own_decisions(story(*steps)).get(NEW)
    if expected is None:
        assert found is None
    else:
        approved, by, at = expected
        assert found == Decision(2, approved, by, AT + timedelta(hours=at), f"why {at}")
