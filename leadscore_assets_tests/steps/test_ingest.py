"""Ingesting a week: new, the same again, late, corrected, removed, broken and empty."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from leadscore_assets.domain.calendar import week_days
from leadscore_assets.domain.contract import contract_from
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.facts import WeekManifest
from leadscore_assets.steps.ingest import ingest_week, reopened_weeks
from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.home import ROWS, WEEKS, Home, leads, rows_of, write_csv, write_rows

WEEK = WEEKS[1]
Change = Callable[[pa.Table], pa.Table]


@pytest.fixture
def source(home: Home) -> tuple[Home, Platform]:
    platform = home.platform()
    ingest_week(platform, WEEK)
    return home, platform


def again(source: tuple[Home, Platform], table: pa.Table) -> WeekManifest:
    write_csv(source[0].data / f"{WEEK}.csv", table)
    return ingest_week(source[1], WEEK)


def test_a_week_is_stored_day_by_day_sorted_by_time(source: tuple[Home, Platform]) -> None:
    lake = source[1].lake
    manifest = lake.manifest(WEEK)
    assert manifest
    assert [file.day for file in manifest.files] == week_days(WEEK)
    for file in manifest.files:
        moments = lake.read_files([file], columns=["created_at"])["created_at"].to_pylist()
        assert moments == sorted(moments)
        assert {moment.date() for moment in moments} == {file.day}
    assert (manifest.rows, manifest.generation, manifest.late, manifest.corrected) == (ROWS, 1, 0, 0)


def test_the_same_rows_in_another_order_are_the_same_week(source: tuple[Home, Platform]) -> None:
    before = source[1].lake.manifest(WEEK)
    after = again(source, leads(WEEK).take(list(range(ROWS))[::-1]))
    assert before
    assert (after.digest, after.generation, after.files) == (before.digest, 1, before.files)


def test_late_rows_are_counted(source: tuple[Home, Platform]) -> None:
    extra = leads(WEEK, rows=5, seed=9)
    late = extra.set_column(0, extra.schema.field(0), pa.array([f"late-{n}" for n in range(5)]))
    after = again(source, pa.concat_tables([leads(WEEK), late]))
    assert (after.rows, after.generation, after.late, after.corrected) == (ROWS + 5, 2, 5, 0)


def test_corrected_rows_are_counted_also_where_a_value_comes_or_goes(source: tuple[Home, Platform]) -> None:
    table = leads(WEEK)
    known = pc.is_valid(table["revenue"]).to_pylist()
    first_known, first_missing = known.index(True), known.index(False)
    values = table["revenue"].to_pylist()
    values[first_known], values[first_missing] = None, 12.5
    at = table.column_names.index("revenue")
    after = again(source, table.set_column(at, table.schema.field(at), pa.array(values)))
    assert (after.generation, after.late, after.corrected) == (2, 0, 2)


def test_removed_rows_make_a_new_generation(source: tuple[Home, Platform]) -> None:
    after = again(source, leads(WEEK).slice(10))
    assert (after.rows, after.generation, after.late, after.corrected) == (ROWS - 10, 2, 0, 0)


def test_files_of_older_generations_stay(source: tuple[Home, Platform]) -> None:
    lake = source[1].lake
    before = lake.manifest(WEEK)
    assert before
    again(source, leads(WEEK, seed=5))
    assert lake.read_files(before.files).num_rows == ROWS


def test_a_week_of_bad_rows_alone_is_stored_as_empty_with_all_rows_set_aside(source: tuple[Home, Platform]) -> None:
    path = source[0].data / f"{WEEK}.csv"
    write_rows(path, [row | {"lead_score": "7"} for row in rows_of(path)])
    after = ingest_week(source[1], WEEK)
    assert (after.rows, after.quarantined, after.generation, after.files) == (0, ROWS, 2, ())
    assert after.reasons == {"lead_score: above the maximum 5": ROWS}
    assert after.quarantine_file


def test_an_empty_week_is_a_recorded_empty_week(source: tuple[Home, Platform]) -> None:
    (source[0].data / f"{WEEKS[2]}.csv").unlink()
    manifest = ingest_week(source[1], WEEKS[2])
    assert (manifest.rows, manifest.files, manifest.first_at, manifest.quality["score"]) == (0, (), None, 1.0)
    assert f"week {WEEKS[2]}" in [record.subject for record in source[1].ledger.records(action="ingested")]


def test_each_change_is_one_record_and_nothing_new_is_none(source: tuple[Home, Platform]) -> None:
    ledger = source[1].ledger
    ingest_week(source[1], WEEK)
    assert [record.action for record in ledger.records()] == ["ingested"]
    again(source, leads(WEEK, seed=5))
    ingest_week(source[1], WEEK)
    assert [record.action for record in ledger.records()] == ["ingested", "reopened"]


def test_reopened_weeks_are_the_new_the_changed_and_the_vanished(source: tuple[Home, Platform]) -> None:
    home, platform = source
    ingest_week(platform, WEEKS[0])
    assert reopened_weeks(platform) == list(WEEKS[2:])
    write_csv(home.data / f"{WEEK}.csv", leads(WEEK, seed=5))
    (home.data / f"{WEEKS[0]}.csv").unlink()
    assert reopened_weeks(platform) == list(WEEKS)


def test_another_contract_reopens_every_week(source: tuple[Home, Platform]) -> None:
    platform = source[1]
    other = replace(platform, contract=contract_from({**platform.contract.model_dump(), "version": 2}))
    assert WEEK not in reopened_weeks(platform)
    assert WEEK in reopened_weeks(other)


def test_a_week_outside_the_calendar_is_refused(source: tuple[Home, Platform]) -> None:
    with pytest.raises(InvalidInput, match="before the start week"):
        ingest_week(source[1], date(2024, 12, 30))
    with pytest.raises(InvalidInput, match="is not over"):
        ingest_week(source[1], date(2199, 1, 7))
