"""`leadscore drift`: a week's verdict with its features, as text, JSON and a page."""

from pathlib import Path

import pyarrow as pa

from leadscore_assets_tests.home import NEW, WEEKS, Home, leads, made_home, write_csv


def test_a_quiet_week_says_so_with_its_numbers_and_its_page(copy, champion: Home, tmp_path: Path) -> None:
    home = copy(champion)
    page = tmp_path / "drift.html"
    told = home.cli("drift", "--week", f"{NEW}", "--html", f"{page}").out
    assert f"Week {NEW}: quiet (210 leads)" in told
    assert "PSI by chance" in told
    assert "revenue" in told
    assert page.read_text().startswith("<!doctype html>")
    found = home.cli("drift", "--week", f"{NEW}", "--json").json
    assert (found["week"], found["rows"], found["verdict"]["decision"]) == (f"{NEW}", 210, "quiet")


def test_a_feature_in_another_unit_is_named(copy, ingested: Home) -> None:
    home = copy(ingested)
    last = leads(WEEKS[-1])
    values = [None if value is None else value * 1000 for value in last["revenue"].to_pylist()]
    write_csv(
        home.data / f"{WEEKS[-1]}.csv",
        last.set_column(last.schema.get_field_index("revenue"), "revenue", pa.array(values)),
    )
    home.cli("ingest")
    told = home.cli("drift").out
    assert f"Week {WEEKS[-1]}: alarm" in told
    assert "1000" in told.replace(",", "")


def test_a_home_without_leads_is_told_to_ingest(tmp_path: Path) -> None:
    home = made_home(tmp_path / "home")
    assert "no week is ingested yet; run 'leadscore ingest'" in home.cli("drift", code=1).error
