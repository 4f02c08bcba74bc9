"""A release that takes its time: shadow, shares, cutover and the watch, as server, ledger and registry tell it."""

import time
from collections.abc import Callable

import pytest

from leadscore_assets.domain.errors import Refused
from leadscore_assets.domain.release_state import story_problems
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.releasing import release, serves_the_champion
from leadscore_assets.steps.rolling_out import decline, look_at_release, look_quietly, roll_back
from leadscore_assets_tests.home import Home
from leadscore_assets_tests.steps.releases import SLOW, Clock, asked, set_off, slowly

LEADS = [f"key-{number}" for number in range(400)]


@pytest.fixture
def home(copy: Callable[[Home], Home], judged: Home) -> Home:
    return slowly(copy(judged))


def weights(platform: Platform) -> dict[str, float]:
    return {item.name: item.weight for item in platform.endpoint.status().variants}


def counted(platform: Platform, leads: int) -> None:
    """Wait until the server's processes have reported so many distinct leads, the shadow's too where there is one."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        counts = platform.endpoint.counts()
        shadow = platform.endpoint.status().shadow is None or (
            counts.shadow is not None and counts.shadow.keys >= leads
        )
        if sum(item.keys for item in counts.variants) >= leads and shadow:
            return
        time.sleep(0.05)
    raise AssertionError(platform.endpoint.counts())


def test_a_candidate_goes_step_by_step_and_everything_tells_the_same_story(home: Home) -> None:
    clock = Clock()
    platform = set_off(home, clock)
    assert release(platform).moved.state.phase == "shadow"
    assert (weights(platform), platform.endpoint.status().shadow.version) == ({"primary": 1.0}, 2)
    assert set(asked(home, LEADS).values()) == {"primary"}
    counted(platform, len(LEADS))
    for _ in range(7):
        clock.pass_(hours=23)
        said = look_quietly(platform)
        assert said is not None
        assert present_release(platform).phase == "shadow"
    clock.pass_(hours=23)
    assert look_quietly(platform) is None
    moved = look_at_release(platform)
    assert (moved.state.phase, weights(platform)) == ("canary", {"primary": 0.8, "candidate": 0.2})
    assert platform.endpoint.status().shadow is None
    first = asked(home, LEADS)
    counted(platform, len(LEADS))
    some = {key for key, name in first.items() if name == "candidate"}
    assert 0.1 < len(some) / len(LEADS) < 0.3
    clock.pass_(hours=2)
    assert look_at_release(platform).state.weight == 0.5
    half = {key for key, name in asked(home, LEADS).items() if name == "candidate"}
    assert some < half
    counted(platform, len(LEADS))
    clock.pass_(hours=2)
    moved = look_at_release(platform)
    assert (moved.state.phase, moved.state.champion.version) == ("champion", 2)
    assert weights(platform) == {"primary": 1.0, "previous": 0.0}
    assert platform.registry.production().version == 2
    asked(home, LEADS)
    counted(platform, len(LEADS))
    for _ in range(8):
        clock.pass_(hours=23)
        look_at_release(platform)
    state = present_release(platform)
    assert (state.settled, state.in_hand) == (True, False)
    assert weights(platform) == {"primary": 1.0}
    assert (story_problems(state), serves_the_champion(platform)) == ([], [])
    told = [(item.action, item.subject) for item in platform.ledger.records()]
    steps = ["queued", "approved", "shadowed", "shifted", "shifted", "promoted", "stayed"]
    assert [action for action, subject in told if subject == "package 2" and action != "registered"] == steps
    assert platform.ledger.verify() == []


def test_a_release_is_called_off_by_a_person_at_any_step(home: Home) -> None:
    clock = Clock()
    platform = set_off(home, clock)
    release(platform)
    moved = decline(platform, 2, actor="ann", reason="launch week")
    assert (moved.state.phase, weights(platform), moved.status.shadow) == ("rejected", {"primary": 1.0}, None)
    assert [item.stage for item in platform.registry.packages()] == ["production", "archive"]
    assert not release(platform).changed
    with pytest.raises(Refused, match="not on its way"):
        decline(platform, 2, actor="ann", reason="again")


def test_evidence_that_no_longer_holds_ends_the_release_before_traffic_moves(home: Home) -> None:
    clock = Clock()
    platform = set_off(home, clock)
    release(platform)
    asked(home, LEADS)
    counted(platform, len(LEADS))
    for _ in range(7):
        clock.pass_(hours=23)
        look_at_release(platform)
    gate = next(iter(platform.lake.local_path("gates").glob("*/weekly_leads_match_the_contract.json")))
    for path in platform.lake.local_path("gates").glob("*/weekly_leads_match_the_contract.json"):
        path.unlink()
    assert not gate.exists()
    clock.pass_(hours=23)
    moved = look_at_release(platform)
    assert (moved.state.phase, weights(platform)) == ("rejected", {"primary": 1.0})
    assert "weekly_leads_match_the_contract has not run" in moved.reason
    assert present_release(platform).champion.version == 1


def test_a_rollback_in_a_canary_sends_every_lead_to_the_champion(home: Home) -> None:
    home = slowly(home, shadow="shadow = false")
    clock = Clock()
    platform = set_off(home, clock)
    assert release(platform).moved.state.phase == "canary"
    assert set(asked(home, LEADS).values()) == {"primary", "candidate"}
    with pytest.raises(Refused, match="version 2 has never answered"):
        roll_back(platform, to=2, actor="ann", reason="x")
    moved = roll_back(platform, to=1, actor="ann", reason="complaints")
    assert (moved.state.phase, moved.state.banned) == (
        "rolled_back",
        (present_release(platform).history[-1].model.digest,),
    )
    assert set(asked(home, LEADS).values()) == {"primary"}
    assert not release(platform).changed


def test_a_candidate_that_ranks_otherwise_is_taken_back_in_shadow_by_itself(
    copy: Callable[[Home], Home], judged: Home
) -> None:
    """The newer model turns the older one's ranking round; the policy's own bounds do not let that pass unseen."""
    bounds = ("rank_correlation", "band_changes", "score_size")
    home, clock = copy(judged), Clock()
    for beginning, line in SLOW.items():
        if beginning not in bounds:
            home.set(beginning, line, file="policy.toml")
    platform = set_off(home, clock)
    assert release(platform).moved.state.phase == "shadow"
    asked(home, LEADS)
    counted(platform, len(LEADS))
    clock.pass_(minutes=1)
    assert look_quietly(platform) is None
    moved = look_at_release(platform)
    assert (moved.state.phase, moved.state.decision) == ("rejected", "go_back")
    assert moved.reason.startswith("rank_correlation:")
    assert (moved.status.shadow, weights(platform)) == (None, {"primary": 1.0})
    assert platform.ledger.records(action="rejected")[-1].reason == moved.reason
    assert not release(platform).changed
