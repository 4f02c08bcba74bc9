"""`leadscore ingest`: new weeks, late rows, corrections, empty and vanished weeks."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from leadscore_assets_tests.home import ROWS, WEEKS, Home, leads, rows_of, write_csv, write_rows

Copy = Callable[[Home], Home]
WEEK = WEEKS[1]


def content(home: Home) -> tuple[Any, ...]:
    manifest = home.platform().lake.manifest(WEEK)
    assert manifest
    return manifest.digest, manifest.generation, manifest.files


def test_what_is_stored_is_not_stored_again(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    before = content(home)
    assert "Nothing to ingest" in home.cli("ingest").out
    assert home.cli("ingest", "--json").json == []
    home.cli("ingest", "--week", f"{WEEK}")
    assert content(home) == before


def test_late_rows_and_corrections_reopen_their_week_and_are_counted(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    rows = rows_of(home.data / f"{WEEK}.csv")
    write_rows(home.data / "late.csv", [row | {"lead_id": f"late-{n}"} for n, row in enumerate(rows[:7])])
    for row in rows[:3]:
        row["employees"] = "42"
    write_rows(home.data / f"{WEEK}.csv", rows)
    assert home.cli("status", "--json").json["weeks"]["waiting"] == [f"{WEEK}"]
    found = home.cli("ingest", "--json").json
    assert [(item["week"], item["rows"], item["late"]) for item in found] == [(f"{WEEK}", ROWS + 7, 7)]
    manifest = home.platform().lake.manifest(WEEK)
    assert manifest
    assert (manifest.generation, manifest.late, manifest.corrected) == (2, 7, 3)
    assert len(home.platform().ledger.records(action="reopened")) == 1


def test_a_slice_still_reads_the_rows_that_it_was_cut_from(copy: Copy, champion: Home) -> None:
    home = copy(champion)
    platform = home.platform()
    cut = platform.lake.slice(WEEKS[2], "train")
    before = platform.lake.read_files(cut.files)
    for week in WEEKS[:4]:
        write_csv(home.data / f"{week}.csv", leads(week, seed=77))
    home.cli("ingest")
    assert platform.lake.read_files(platform.lake.slice(WEEKS[2], "train").files).equals(before)


def test_a_key_that_stands_twice_keeps_its_last_row_and_is_counted(home: Home) -> None:
    table = leads(WEEK)
    write_csv(home.data / f"{WEEK}.csv", pa.concat_tables([table, table.slice(0, 4)]))
    row = home.cli("ingest", "--week", f"{WEEK}", "--json").json[0]
    assert (row["rows"], row["duplicates"]) == (ROWS, 4)


def test_a_week_without_a_lead_is_a_recorded_empty_week(home: Home) -> None:
    (home.data / f"{WEEK}.csv").unlink()
    found = {item["week"]: item for item in home.cli("ingest", "--limit", "3", "--json").json}
    assert (found[f"{WEEK}"]["rows"], found[f"{WEEK}"]["success"]) == (0, True)
    manifest = home.platform().lake.manifest(WEEK)
    assert manifest
    assert manifest.files == ()


def test_rows_that_vanish_from_the_source_reopen_their_week_as_empty(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    (home.data / f"{WEEK}.csv").unlink()
    assert home.cli("ingest", "--json").json[0]["rows"] == 0
    manifest = home.platform().lake.manifest(WEEK)
    assert manifest
    assert manifest.generation == 2


def test_a_limit_takes_the_oldest_weeks_first(home: Home) -> None:
    found = home.cli("ingest", "--limit", "2", "--json").json
    assert [item["week"] for item in found] == [f"{week}" for week in WEEKS[:2]]
    assert len(home.cli("status", "--json").json["weeks"]["waiting"]) == len(WEEKS) - 2
