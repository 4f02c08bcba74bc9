"""Rolling out: one event through endpoint, ledger and registry, and back again."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from leadscore_assets.domain.errors import CorruptArtefact, Missing, PermanentError, Refused
from leadscore_assets.domain.facts import Variant
from leadscore_assets.domain.release_state import story_problems
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.releasing import package_candidate, release, serves_the_champion
from leadscore_assets.steps.rolling_out import look_at_release, look_quietly, roll_back
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
    released.endpoint.deploy([Variant("primary", first.digest, 1)])
    assert serves_the_champion(released)
    assert look_at_release(released).changed
    assert served(released) == [2]
    assert len(released.ledger.records(action="repaired")) == 1
    assert not look_at_release(released).changed
    assert len(released.ledger.records(action="repaired")) == 1


def test_a_rollback_needs_neither_registry_nor_ledger_and_tells_them_later(released: Platform, tmp_path: Path) -> None:
    home = Path(released.lake.local_path("release/state.json")).parents[2]
    broken = [home / "registry" / "mlflow.db", home / "ledger.db"]
    for path in broken:
        path.rename(tmp_path / path.name)
        path.write_bytes(b"no database at all" * 99)
    moved = roll_back(released, to=1, actor="ann", reason="complaints")
    assert served(released) == [1]
    assert [problem.split(" could")[0] for problem in moved.problems] == ["the ledger", "the registry"]
    assert look_at_release(released).problems
    assert served(released) == [1]
    for path in broken:
        path.unlink()
        (tmp_path / path.name).rename(path)
    assert look_at_release(released).problems == ()
    assert released.registry.production().version == 1
    assert [item.subject for item in released.ledger.records(action="rolled back")] == ["package 2"]
    assert [item.subject for item in released.ledger.records(action="promoted")][-1] == "package 1"
    assert serves_the_champion(released) == []


def test_an_endpoint_that_a_person_stopped_stays_so_until_it_is_started_or_released_to(released: Platform) -> None:
    released.endpoint.stop()
    assert not look_at_release(released).changed
    assert not released.endpoint.status().running
    assert "was stopped by a person" in serves_the_champion(released)[0]
    assert look_quietly(released) is not None
    roll_back(released, to=1, actor="ann", reason="complaints")
    assert served(released) == [1]


def test_an_endpoint_whose_server_was_killed_is_brought_back_at_the_next_look(released: Platform) -> None:
    status = released.endpoint.status()
    assert status.pid
    psutil.Process(status.pid).kill()
    psutil.wait_procs([psutil.Process(status.pid)] if psutil.pid_exists(status.pid) else [], timeout=10)
    assert look_quietly(released) is None
    assert look_at_release(released).changed
    assert served(released) == [2]
    [record] = released.ledger.records(action="repaired")
    assert "did not run" in record.reason


def test_a_target_whose_bundle_is_gone_is_refused_and_nothing_moves(released: Platform) -> None:
    before = present_release(released)
    package = released.registry.get(1)
    folder = released.bundles.path(package.digest)
    kept = folder.with_name("kept")
    folder.rename(kept)
    with pytest.raises(Missing):
        roll_back(released, to=1, actor="ann", reason="x")
    kept.rename(folder)
    assert served(released) == [2]
    assert present_release(released).champion == before.champion


def test_a_state_that_cannot_be_read_is_named_and_nothing_moves(released: Platform) -> None:
    released.lake.write_json("release/state.json", {"state": {"phase": 7, "history": 3}})
    with pytest.raises(CorruptArtefact, match=r"release/state\.json"):
        look_at_release(released)
    assert served(released) == [2]


def test_a_rollback_that_died_before_the_endpoint_followed_is_finished_by_the_next_look(
    released: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(type(released.endpoint), "deploy", dies)
        with pytest.raises(KeyboardInterrupt):
            roll_back(released, to=1, actor="ann", reason="complaints")
    assert served(released) == [2]
    assert look_quietly(released) is None
    look_at_release(released)
    assert served(released) == [1]
    assert [item.subject for item in released.ledger.records(action="rolled back")] == ["package 2"]


def test_a_version_that_never_answered_goes_live_by_a_release_alone(on_judged: Platform) -> None:
    release(on_judged)
    assert package_candidate(on_judged, NEW)
    with pytest.raises(Refused, match="version 2 has never answered all leads"):
        roll_back(on_judged, to=2, actor="ann", reason="x")
    assert served(on_judged) == [1]


def test_an_endpoint_that_does_not_follow_is_written_down_and_the_way_back_is_finished_later(
    copy: Callable[[Home], Home], judged: Home
) -> None:
    home = copy(judged)
    platform = home.platform()
    package_candidate(platform, NEW)
    release(platform)
    platform.endpoint.stop()
    with socket.create_server(("127.0.0.1", home.port)):
        began = time.monotonic()
        with pytest.raises(PermanentError):
            roll_back(platform, to=1, actor="ann", reason="complaints")
        assert time.monotonic() - began < 30
        state = present_release(platform)
        assert (state.champion.version, state.failures) == (1, 1)
        assert [item.subject for item in platform.ledger.records(action="rolled back")] == ["package 2"]
    assert look_at_release(platform).changed
    assert served(platform) == [1]
    assert serves_the_champion(platform) == []
