"""`leadscore retrain` and `leadscore backfill`: the whole loop, done twice, and the past without a release."""

from collections.abc import Callable

import pytest

from leadscore_assets_tests.home import NEW, OLD, WEEKS, Home, whole

Copy = Callable[[Home], Home]


def test_a_retraining_done_twice_is_done_once(copy: Copy, judged: Home) -> None:
    home = copy(judged)
    first = home.cli("retrain", "--week", f"{NEW}", "--json").json
    records = home.platform().ledger.records()
    pid = home.platform().endpoint.status().pid
    second = home.cli("retrain", "--week", f"{NEW}", "--json").json
    assert {**first, "run_id": None} == {**second, "run_id": None}
    assert (first["version"], first["decision"], first["rule"]) == (2, "promote", "better")
    # The week is looked at again, now beside what the new champion learnt from, and each request is a record.
    asked_again = ("watched", "asked")
    later = [record for record in home.platform().ledger.records() if record.action not in asked_again]
    assert later == [record for record in records if record.action not in asked_again]
    assert home.platform().endpoint.status().pid == pid
    whole(home)


def test_a_candidate_that_is_not_better_ends_green_without_a_package(copy: Copy, champion: Home) -> None:
    home = copy(champion)
    found = home.cli("retrain", "--week", f"{WEEKS[1]}", "--json").json
    assert (found["success"], found["version"]) == (True, None)
    assert found["decision"] == "keep"
    assert [item.version for item in home.platform().registry.packages()] == [1]
    refusals = home.platform().ledger.records(action="not packaged")
    assert len(refusals) == 1
    assert f"week {WEEKS[1]}: keep" in refusals[0].reason


def test_the_newest_week_with_leads_is_trained_by_default(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    told = home.cli("retrain")
    assert f"Live: version 1 (v1.0.0) of week {WEEKS[-1]}" in told.out
    assert "First model" in told.out


def test_a_retraining_ingests_what_its_window_needs(home: Home) -> None:
    found = home.cli("retrain", "--week", f"{OLD}", "--json").json
    assert found["success"] is True
    assert home.cli("status", "--json").json["weeks"]["stored"] == 3


def test_a_backfill_trains_and_judges_but_never_registers_or_deploys(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    found = home.cli("backfill", "--from", f"{WEEKS[1]}", "--to", f"{OLD}", "--json").json
    assert [item["week"] for item in found] == [f"{week}" for week in WEEKS[1:3]]
    assert all(item["success"] and item["version"] is None for item in found)
    assert home.platform().registry.packages() == []
    assert not (home.path / "endpoint" / "desired.json").exists()
    assert not home.platform().ledger.records(action="registered")


def test_a_week_that_fails_does_not_stop_a_backfill(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    told = home.cli("backfill", "--from", f"{WEEKS[0]}", "--to", f"{WEEKS[1]}", code=1)
    assert f"week {WEEKS[0]}: no matured and labelled row" in " ".join(told.out.split())
    assert "1 of 2 weeks judged" in told.out
    assert "Nothing was released." in told.out


@pytest.mark.parametrize(("beginning", "line"), [("rounds =", "rounds = 11"), ("confidence =", "confidence = 0.9")])
def test_a_changed_policy_judges_anew_and_the_champion_stays(
    copy: Copy, champion: Home, beginning: str, line: str
) -> None:
    home = copy(champion)
    home.set(beginning, line, file="policy.toml")
    found = home.cli("retrain", "--week", f"{OLD}", "--json").json
    assert found["success"] is True
    assert [item.stage for item in home.platform().registry.packages()] == ["production"]
    assert home.platform().endpoint.status().variants[0].version == 1
