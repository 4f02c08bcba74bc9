"""`leadscore release` and `leadscore rollback`: what they say and what they do."""

from collections.abc import Callable

import pytest

from leadscore_assets_tests.home import NEW, Home, refused, run_cli

ASKS = 'rungs = [{name = "asks", decision = "manual", when = [{of = "gain", above = 0.0}]}]'


@pytest.fixture
def home(copy: Callable[[Home], Home], released: Home) -> Home:
    """Version 2 in production, and a server that runs."""
    home = copy(released)
    home.cli("endpoint", "start")
    return home


def test_status_says_what_answers_what_comes_next_and_when(home: Home) -> None:
    told = home.cli("release", "status").out
    assert "Champion  version 2" in told
    assert "end of the watch" in told
    assert "previous" in told
    found = home.cli("release", "status", "--json").json
    assert (found["release"]["champion"]["version"], found["endpoint"]["variants"][0]["version"]) == (2, 2)


def test_rollback_says_which_version_answers_and_a_look_changes_nothing(home: Home) -> None:
    told = home.cli("rollback", "--reason", "complaints", "--json").json
    assert (told["version"], told["running"]) == (1, True)
    assert "Version 2 answers" in home.cli("rollback", "--to", "2").out
    looked = home.cli("release", "look", "--json").json
    assert looked["release"]["champion"]["version"] == 2
    reasons = [record["reason"] for record in home.cli("ledger", "show", "--json").json]
    assert "complaints" in reasons


def test_a_rollback_in_vain_says_why_and_what_there_is(home: Home) -> None:
    refused(run_cli("--home", str(home.path), "rollback", "--to", "2"), "version 2 answers already", "earlier one")
    refused(run_cli("--home", str(home.path), "rollback", "--to", "9"), "package 9 is not registered", "there are 1, 2")
    refused(run_cli("--home", str(home.path), "release", "approve", "7"), "version 7 waits for no approval")
    refused(run_cli("--home", str(home.path), "release", "decline", "7", "--reason", "x"), "is not on its way")


def test_a_version_that_a_person_decides_on_goes_live_with_an_approval_and_not_without(
    copy: Callable[[Home], Home], champion: Home
) -> None:
    home = copy(champion)
    home.set("rungs", ASKS, file="policy.toml")
    home.cli("retrain", "--week", f"{NEW}")
    state = home.cli("release", "status", "--json").json["release"]
    assert (state["phase"], state["waiting"]["model"]["version"], state["champion"]["version"]) == ("champion", 2, 1)
    assert "Waiting   version 2" in home.cli("release", "status").out
    told = home.cli("release", "approve", "2").out
    assert "Champion  version 2" in told
    platform = home.platform()
    assert platform.registry.production().version == 2
    [record] = [item for item in platform.ledger.records(action="approved") if item.subject == "package 2"]
    assert record.evidence["by"] != "platform"
    home.cli("rollback")
    assert platform.registry.production().version == 1
