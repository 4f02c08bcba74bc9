"""The release's own steps over a SageMaker endpoint: what it did not follow is written down, and nothing else moves."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from leadscore_assets.domain.errors import PermanentError
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.releasing import package_candidate, release, serves_the_champion
from leadscore_assets.steps.rolling_out import look_at_release, roll_back
from leadscore_assets_tests.aws.endpoint.site import Site
from leadscore_assets_tests.home import NEW, Home


@pytest.fixture
def platform(site: Site, copy: Callable[[Home], Home], judged: Home) -> Platform:
    """Version 1 in production and a better package of a newer week, on an account where nothing runs yet."""
    found = replace(copy(judged).platform(), endpoint=site.make())
    package_candidate(found, NEW)
    for package in found.registry.packages():
        site.store.put(f"bundles/{package.digest}/model.tar.gz", b"hollow")
    return found


def served(platform: Platform) -> list[int]:
    return [item.version for item in platform.endpoint.status().variants if item.weight]


def test_a_release_and_its_way_back_are_told_as_on_one_machine(platform: Platform, site: Site) -> None:
    assert release(platform).changed
    assert served(platform) == [2]
    assert serves_the_champion(platform) == []
    assert [item.name for item in platform.endpoint.status().variants] == ["primary", "previous"]
    assert not look_at_release(platform).changed
    roll_back(platform, actor="ann", reason="complaints")
    assert (served(platform), present_release(platform).champion.version) == ([1], 1)  # type: ignore[union-attr]
    assert site.document("story.json")["champion"] == 1


def test_a_silent_return_is_written_down_as_a_failure_and_the_champion_stays(platform: Platform, site: Site) -> None:
    look_at_release(platform)
    assert served(platform) == [1]
    site.world.surprise = "silent"
    with pytest.raises(PermanentError, match="went back to leadscore-g1-"):
        release(platform)
    state = present_release(platform)
    assert (state.champion.version, state.failures > 0) == (1, True)  # type: ignore[union-attr]
    assert served(platform) == [1]
    assert serves_the_champion(platform) == []
    assert site.world.running() == 2
    alarms = platform.ledger.records(action="alarmed")
    assert all("went back" in item.reason for item in alarms)
    assert release(platform).changed
    assert served(platform) == [2]


def test_an_endpoint_that_a_person_stopped_is_left_alone_and_one_that_is_gone_is_brought_back(
    platform: Platform, site: Site
) -> None:
    look_at_release(platform)
    platform.endpoint.stop()
    assert not look_at_release(platform).changed
    assert site.world.running() == 0
    platform.endpoint.start()
    site.world.endpoints.clear()
    assert look_at_release(platform).changed
    assert served(platform) == [1]
