"""The commands that look: status, doctor, ledger, endpoint, compare. They change nothing."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from leadscore_assets_tests.home import NEW, OLD, START, WEEKS, Home, run_cli

Copy = Callable[[Home], Home]


def test_status_tells_what_is_stored_live_and_due(live: Home) -> None:
    found = live.cli("status", "--json").json
    assert found["weeks"]["stored"] == len(WEEKS)
    assert (found["weeks"]["first"], found["weeks"]["last"]) == (f"{START}", f"{WEEKS[-1]}")
    assert found["weeks"]["waiting"] == []
    assert found["models"] == {"bundles": 2, "packages": 2}
    assert (found["champion"]["version"], found["champion"]["stage"]) == (2, "production")
    assert found["endpoint"]["running"] is True
    assert found["ledger"]["records"] > 10


def test_status_for_a_person_fits_on_one_screen(live: Home) -> None:
    out = live.cli("status").out
    assert "7 weeks, 1,470 rows" in out
    assert f"version 2 (v1.1.0) of week {NEW}" in out
    assert len(out.splitlines()) < 15


def test_status_of_a_home_without_a_model_says_so(ingested: Home) -> None:
    out = ingested.cli("status").out
    assert "Champion  none" in out
    assert "not running" in out
    assert ingested.cli("status", "--json").json["champion"] is None


def test_doctor_finds_nothing_to_mend(live: Home) -> None:
    out = live.cli("doctor").out
    assert "MEND" not in out
    assert all(item["passed"] for item in live.cli("doctor", "--json").json)


def test_doctor_says_what_to_mend(copy: Copy, champion: Home) -> None:
    home = copy(champion)
    found = {item["check"]: item for item in home.cli("doctor", "--json", code=1).json}
    assert not found["registry and endpoint"]["passed"]
    assert "leadscore endpoint start" in found["registry and endpoint"]["found"]
    assert found["ledger"]["passed"]


def test_doctor_of_a_folder_that_is_no_home_says_how_to_make_one(tmp_path: Path) -> None:
    told = run_cli("--home", str(tmp_path / "none"), "doctor")
    assert told.code == 1
    assert "is no home yet; run 'leadscore" in told.error
    assert "Traceback" not in told.error
    assert not (tmp_path / "none").exists()


def test_the_ledger_shows_who_decided_what_and_why(live: Home) -> None:
    records = live.cli("ledger", "show", "--json").json
    assert {"ingested", "trained", "judged", "registered", "promoted", "scored"} <= {item["action"] for item in records}
    assert all(item["actor"] and item["reason"] and item["evidence"] for item in records)
    promoted = live.cli("ledger", "show", "--action", "promoted", "--json").json
    assert [item["subject"] for item in promoted] == ["package 1", "package 2"]
    assert len(live.cli("ledger", "show", "--limit", "3", "--json").json) == 3
    assert "takes the place of version 1" in " ".join(live.cli("ledger", "show", "--action", "promoted").out.split())


def test_a_sound_ledger_is_told_sound(live: Home) -> None:
    assert live.cli("ledger", "verify", "--json").json == {"sound": True, "findings": []}
    assert "The chain is sound" in live.cli("ledger", "verify").out


def test_a_tampered_ledger_is_found_and_ends_with_exit_code_1(copy: Copy, champion: Home) -> None:
    home = copy(champion)
    with sqlite3.connect(home.path / "ledger.db") as database:
        database.execute("DROP TRIGGER records_refuse_update")
        database.execute("UPDATE records SET reason = 'as agreed' WHERE seq = 3")
    database.close()
    told = home.cli("ledger", "verify", code=1)
    assert "record 3 does not match its own hash" in told.out
    assert "The chain is broken." in told.out
    assert home.cli("ledger", "verify", "--json", code=1).json["sound"] is False
    assert "MEND ledger" in home.cli("doctor", code=1).out


def test_the_endpoint_starts_stops_and_tells_where_it_is(copy: Copy, champion: Home) -> None:
    home = copy(champion)
    stopped = home.cli("endpoint", "status", "--json").json
    assert stopped["running"] is False
    started = home.cli("endpoint", "start", "--json").json
    assert (started["running"], started["address"]) == (True, f"http://127.0.0.1:{home.port}")
    assert "is running" in home.cli("endpoint", "status").out
    assert "version 1" in home.cli("endpoint", "status").out
    assert home.cli("endpoint", "start", "--json").json["pid"] == started["pid"]
    assert home.cli("endpoint", "stop", "--json").json["running"] is False
    assert "is not running" in home.cli("endpoint", "stop").out


def test_an_endpoint_that_never_got_a_model_says_what_to_run(ingested: Home) -> None:
    told = ingested.cli("endpoint", "start", code=1)
    assert "was never given a model; run 'leadscore retrain'" in told.error


def test_two_bundles_are_compared_on_any_file(live: Home, tmp_path: Path) -> None:
    page = tmp_path / "comparison.html"
    data = ("--data", str(live.data / f"{WEEKS[-1]}.csv"))
    told = live.cli("compare", "2", "1", *data, "--html", str(page))
    assert "spearman" in told.out.lower()
    assert f"Page: {page}" in told.out
    assert page.read_text().lstrip().lower().startswith("<!doctype html>")
    found = live.cli("compare", "2", "1", *data, "--json").json
    assert found["rows"] == 210
    assert found["comparison"]["difference"] > 1
    assert found["verdict"]["decision"] == "promote"


@pytest.mark.parametrize("name", ["champion", "2", f"{NEW}", "digest"])
def test_a_bundle_is_found_by_each_of_its_names(live: Home, name: str) -> None:
    package = live.platform().registry.production()
    assert package
    wanted = package.digest[:8] if name == "digest" else name
    found = live.cli("compare", wanted, "1", "--data", str(live.data / f"{WEEKS[-1]}.csv"), "--json").json
    assert found["subject"]["candidate_digest"] == package.digest


def test_a_model_is_no_better_than_itself(live: Home) -> None:
    data = ("--data", str(live.data / f"{OLD}.csv"))
    assert live.cli("compare", "1", "1", *data, "--json").json["verdict"]["decision"] == "keep"


def test_json_output_is_json_and_nothing_else(live: Home) -> None:
    for arguments in (("status",), ("doctor",), ("ledger", "show"), ("ledger", "verify"), ("endpoint", "status")):
        json.loads(live.cli(*arguments, "--json").out)
