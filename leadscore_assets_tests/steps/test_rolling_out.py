"""Rolling out: one event through endpoint, ledger and registry, and back again."""

from collections.abc import Callable

import pytest

from leadscore_assets.domain.errors import CorruptArtefact, Missing, Refused
from leadscore_assets.domain.release_state import story_problems
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.releasing import package_candidate, release, serves_the_champion
from leadscore_assets.steps.rolling_out import look_at_release, roll_back
from leadscore_assets_tests.home import NEW, Home


@pytest.fixture
def released(copy: Callable[[Home], Home], judged: Home) -> Platform:
    """A home whose second version has just taken the first one's place."""
    platform = copy(judged).platform()
    package_candidate(platform, NEW)
    assert release(platform).changed
    return platform


def served(platform: Platform) -> list[int]:
    return [item.version for item in platform.endpoint.status().variants if item.weight]


def test_a_release_is_one_story_in_state_ledger_registry_and_server(released: Platform) -> None:
    state = present_release(released)
    assert (state.champion.version, state.previous.version, state.phase) == (2, 1, "champion")
    assert story_problems(state) == []
    assert serves_the_champion(released) == []
    assert released.registry.production().version == 2
    assert [item.subject for item in released.ledger.records(action="promoted")][-1] == "package 2"


def test_looking_again_changes_nothing_and_records_nothing(released: Platform) -> None:
    records = released.ledger.records()
    assert not look_at_release(released).changed
    assert released.ledger.records() == records


def test_one_command_goes_back_and_the_model_that_was_taken_back_does_not_return_by_itself(released: Platform) -> None:
    moved = roll_back(released, to=None, actor="ann", reason="complaints")
    assert served(released) == [1]
    assert moved.state.champion.version == 1
    assert released.registry.production().version == 1
    [record] = released.ledger.records(action="rolled back")
    assert (record.subject, record.reason, record.evidence["by"]) == ("package 2", "complaints", "ann")
    assert not release(released).changed
    assert served(released) == [1]
    roll_back(released, to=2, actor="ann", reason="it was the export")
    assert served(released) == [2]


def test_a_target_that_is_missing_or_broken_is_refused_and_nothing_moves(released: Platform) -> None:
    with pytest.raises(Missing, match="package 9 is not registered"):
        roll_back(released, to=9, actor="ann", reason="x")
    model = released.bundles.path(released.registry.get(1).digest) / "model.ubj"
    model.write_bytes(model.read_bytes()[:-9])
    with pytest.raises(CorruptArtefact):
        roll_back(released, to=1, actor="ann", reason="x")
    with pytest.raises(Refused, match="answers already"):
        roll_back(released, to=2, actor="ann", reason="x")
    assert served(released) == [2]


def test_a_server_that_serves_something_else_is_brought_back_and_said_once(released: Platform) -> None:
    first = released.registry.get(1)
    from leadscore_assets.domain.facts import Variant

    released.endpoint.deploy([Variant("primary", first.digest, 1)])
    assert serves_the_champion(released)
    assert look_at_release(released).changed
    assert served(released) == [2]
    assert len(released.ledger.records(action="repaired")) == 1
    assert not look_at_release(released).changed
    assert len(released.ledger.records(action="repaired")) == 1
