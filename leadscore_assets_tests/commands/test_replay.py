"""`leadscore replay`: text, JSON, page, and what it refuses."""

from collections.abc import Callable
from pathlib import Path

from leadscore_assets_tests.home import WEEKS, Home, refused, run_cli

Copy = Callable[[Home], Home]
SPAN = ("--from", f"{WEEKS[1]}", "--to", f"{WEEKS[3]}")


def test_a_person_sees_each_policy_and_how_the_ledger_compares(copy: Copy, lived: Home, tmp_path: Path) -> None:
    page = tmp_path / "replay.html"
    told = copy(lived).cli("replay", "--policy", "home", "--policy", "never", *SPAN, "--html", f"{page}")
    assert "behind the best" in told.out
    assert [line.split()[0] for line in told.out.splitlines()[1:3]] == ["home", "never"]
    assert "Under home, 3 of 3 weeks decided as the ledger has them." in told.out
    assert f"Page: {page}" in told.out
    assert page.read_text().startswith("<!doctype html>")
    assert f"never {WEEKS[2]}" in told.err


def test_json_holds_the_standings_and_every_week(copy: Copy, lived: Home) -> None:
    home = copy(lived)
    found = home.cli("replay", "--json").json
    [replay] = found["replays"]
    assert (replay["policy"], replay["as_home"]) == ("home", True)
    assert [week["week"] for week in replay["weeks"]] == [f"{week}" for week in WEEKS[1:]]
    assert found["standings"][0]["policy"] == "home"
    assert found["first"] == f"{WEEKS[1]}"


def test_weeks_are_ingested_and_models_trained_where_they_are_missing(home: Home) -> None:
    found = home.cli("replay", "--from", f"{WEEKS[1]}", "--to", f"{WEEKS[1]}", "--json").json
    assert found["replays"][0]["weeks"][0]["decision"] == "promote"
    platform = home.platform()
    assert [manifest.week for manifest in platform.lake.manifests(WEEKS[0], WEEKS[-1])] == list(WEEKS[:2])
    assert platform.registry.packages() == []
    assert [record.action for record in platform.ledger.records()][-2:] == ["trained", "replayed"]


def test_a_wrong_name_folder_or_home_is_one_sentence(lived: Home, tmp_path: Path) -> None:
    told = run_cli("--home", f"{lived.path}", "replay", "--policy", "alwyas", *SPAN)
    refused(told, "'alwyas' is no file and no preset", "automatic_5", "always", "never", "psi")
    refused(run_cli("--home", f"{lived.path}", "replay", "--html", f"{tmp_path}/no/page.html"), "its folder does not")
    refused(run_cli("--home", f"{tmp_path}/none", "replay", *SPAN), "is no home yet")
    refused(run_cli("--home", f"{lived.path}", "replay", "--from", "2025-01-07", "--to", "2025-01-13"), "2025-01-06")
    bad = tmp_path / "bad.toml"
    bad.write_text("[promotion]\ngaurd = 1\n")
    refused(run_cli("--home", f"{lived.path}", "replay", "--policy", f"{bad}", *SPAN), "promotion.gaurd")
