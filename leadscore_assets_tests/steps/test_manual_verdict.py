"""A verdict that asks a person: the package is staged, and nothing of it goes live."""

from collections.abc import Callable

from leadscore_assets.steps.judging import stored_evaluation
from leadscore_assets.steps.releasing import release
from leadscore_assets_tests.home import NEW, Home

ASKS = 'rungs = [{name = "asks", decision = "manual", when = [{of = "gain", above = 0.0}]}]'


def test_a_package_that_waits_for_a_person_is_staged_and_never_released(
    champion: Home, copy: Callable[[Home], Home]
) -> None:
    home = copy(champion)
    home.set("rungs", ASKS, file="policy.toml")
    told = home.cli("retrain", "--week", f"{NEW}", "--json").json
    assert (told["decision"], told["rule"], told["version"]) == ("manual", "asks", 2)
    platform = home.platform()
    assert [package.stage for package in platform.registry.packages()] == ["production", "staging"]
    assert platform.registry.production().version == 1
    assert [variant.version for variant in platform.endpoint.status().variants] == [1]
    registered = platform.ledger.records(action="registered")[-1]
    assert registered.reason.endswith("waits for a person")
    assert not release(platform).changed
    assert "A person decides." in stored_evaluation(platform, NEW).verdict.sentence
