"""Bad input of every kind: one clear message, an exit code that is not 0, no traceback, and nothing lost."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from leadscore_assets.domain.validation import REASONS
from leadscore_assets_tests.home import (
    FIRST,
    OLD,
    ROWS,
    SECOND,
    Home,
    leads,
    nothing_lost,
    refused,
    rows_of,
    write_csv,
    write_parquet,
    write_rows,
)


def file_of(home: Home, week: object = SECOND) -> Path:
    return home.data / f"{week}.csv"


def spoil(home: Home, column: str, value: str, *, rows: int) -> None:
    """Write a value into the first rows of the second week's file."""
    table = rows_of(file_of(home))
    for row in table[:rows]:
        row[column] = value
    write_rows(file_of(home), table)


def test_a_file_of_another_type_is_named_with_what_is_read(small: Home) -> None:
    (small.path / "leads.xlsx").write_bytes(b"PK\x03\x04 a workbook")
    small.set("path = ", 'path = "leads.xlsx"')
    refused(small.cli("ingest", code=1), "leads.xlsx", "only .parquet, .csv and .csv.gz", "export it")
    nothing_lost(small)


def test_a_workbook_with_the_ending_of_a_csv_is_told(small: Home) -> None:
    file_of(small).write_bytes(b"PK\x03\x04 a workbook")
    refused(small.cli("ingest", code=1), f"{SECOND}.csv", "an Excel or zip file", "export it as CSV")
    nothing_lost(small)


def test_an_empty_file_is_told(small: Home) -> None:
    file_of(small).write_bytes(b"")
    refused(small.cli("ingest", code=1), f"{SECOND}.csv", "is empty", "write it again")
    nothing_lost(small)


def test_a_corrupt_parquet_file_is_told(small: Home) -> None:
    path = write_parquet(small.data / f"{SECOND}.parquet", leads(SECOND))
    file_of(small).unlink()
    path.write_bytes(path.read_bytes()[:-40])
    refused(small.cli("ingest", code=1), f"{SECOND}.parquet", "is no Parquet file or is damaged", "write it again")
    nothing_lost(small)


def test_a_parquet_file_with_a_damaged_page_is_told(small: Home) -> None:
    path = write_parquet(small.data / f"{SECOND}.parquet", leads(SECOND))
    file_of(small).unlink()
    content = bytearray(path.read_bytes())
    content[40:600] = bytes(560)
    path.write_bytes(content)
    refused(small.cli("ingest", code=1), f"{SECOND}.parquet", "damaged")
    nothing_lost(small)


def test_a_missing_column_is_named_with_its_file(small: Home) -> None:
    write_csv(file_of(small), leads(SECOND).drop_columns(["employees", "industry"]))
    told = small.cli("ingest", code=1)
    refused(told, f"{SECOND}.csv", "columns employees, industry", "add what is missing")
    nothing_lost(small)


def test_a_missing_time_column_is_named_with_its_file(small: Home) -> None:
    write_csv(file_of(small), leads(SECOND).rename_columns({"created_at": "made_on"}))
    refused(small.cli("ingest", code=1), f"{SECOND}.csv", "no column created_at", "made_on")
    nothing_lost(small)


def test_dates_of_which_none_parses_are_told_with_the_first(small: Home) -> None:
    spoil(small, "created_at", "the other day", rows=ROWS)
    refused(small.cli("ingest", code=1), f"{SECOND}.csv", "created_at", "'the other day'", "2026-01-05T09:30:00Z")
    nothing_lost(small)


def test_a_source_that_is_gone_is_told(small: Home) -> None:
    small.set("path = ", 'path = "nowhere"')
    refused(small.cli("ingest", code=1), "nowhere", "does not exist", "set the source's path")
    nothing_lost(small)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("lead_score", "7", "lead_score: above the maximum 5"),
        ("employees", "many", "employees: not a number"),
        ("employees", "0", "employees: below the minimum 1"),
        ("opened_mail", "perhaps", "opened_mail: not true or false"),
        ("industry", "mining", "industry: level not in the contract"),
        ("created_at", "2025-13-45", "created_at: not an ISO-8601 date or time"),
        ("lead_id", "", "lead_id: missing, but it must be known"),
    ],
)
def test_a_few_bad_rows_are_set_aside_with_their_reason_and_the_week_goes_on(
    small: Home, column: str, value: str, reason: str
) -> None:
    spoil(small, column, value, rows=5)
    row = small.cli("ingest", "--json").json[0]
    assert (row["rows"], row["quarantined"], row["success"]) == (ROWS - 5, 5, True)
    manifest = small.platform().lake.manifest(SECOND)
    assert manifest
    assert manifest.reasons == {reason: 5}
    kept = pq.read_table(small.path / "lake" / str(manifest.quarantine_file), partitioning=None)
    assert kept[column].to_pylist() == [value] * 5
    assert kept["__row"].to_pylist() == [2, 3, 4, 5, 6]
    assert set(kept[REASONS].to_pylist()) == {reason}


def test_many_labels_of_7_stop_the_week_with_the_rule_and_the_count(small: Home) -> None:
    spoil(small, "lead_score", "7", rows=60)
    told = small.cli("ingest", code=1)
    refused(told, f"week {SECOND}", "60 of 210 rows", "at most 10%", "lead_score: above the maximum 5 (60)")
    refused(told, f"quarantine/week={SECOND}")
    nothing_lost(small)


def test_a_week_of_which_every_row_is_bad_is_stopped_and_wholly_in_the_quarantine(small: Home) -> None:
    spoil(small, "employees", "many", rows=ROWS)
    refused(small.cli("ingest", code=1), "210 of 210 rows", "employees: not a number (210)")
    manifest = small.platform().lake.manifest(SECOND)
    assert manifest
    assert (manifest.rows, manifest.quarantined, manifest.files) == (0, ROWS, ())
    assert pq.read_metadata(small.path / "lake" / str(manifest.quarantine_file)).num_rows == ROWS
    nothing_lost(small)


def test_a_week_that_was_stopped_heals_when_the_file_is_mended(small: Home) -> None:
    spoil(small, "employees", "many", rows=ROWS)
    small.cli("ingest", code=1)
    write_csv(file_of(small), leads(SECOND))
    assert small.cli("ingest", "--json").json[0]["rows"] == ROWS
    nothing_lost(small)


@pytest.mark.parametrize(
    "command", [("ingest", "--week"), ("retrain", "--week"), ("backfill", "--to", f"{OLD}", "--from")]
)
def test_a_week_before_the_start_is_refused_with_the_start(small: Home, command: tuple[str, ...]) -> None:
    refused(
        small.cli(*command, "2024-12-30", code=1), "week 2024-12-30 is before the start week 2025-01-06", "start_week"
    )
    nothing_lost(small)


def test_a_week_that_is_not_over_is_refused(small: Home) -> None:
    refused(small.cli("ingest", "--week", "2199-01-07", code=1), "week 2199-01-07 is not over", "last finished week")


@pytest.mark.parametrize(
    ("text", "said"), [("2025-01-07", "here 2025-01-06"), ("soon", "'soon' is not a date; write it as YYYY-MM-DD")]
)
def test_a_week_that_is_no_monday_or_no_date_is_refused(small: Home, text: str, said: str) -> None:
    refused(small.cli("ingest", "--week", text, code=2), said)


def test_weeks_in_the_wrong_order_are_refused(small: Home) -> None:
    refused(small.cli("backfill", "--from", f"{OLD}", "--to", f"{FIRST}", code=1), "is after --to", "exchange them")


def test_too_few_rows_are_refused_with_both_numbers_and_the_remedy(small: Home) -> None:
    small.set("minimum_rows = ", "minimum_rows = 500", file="policy.toml")
    told = small.cli("retrain", "--week", f"{SECOND}", code=1)
    refused(told, f"week {SECOND}", "matured and labelled rows", "500", "minimum_rows")
    nothing_lost(small)


def test_a_week_with_nothing_to_learn_from_is_refused_with_the_remedy(small: Home) -> None:
    told = small.cli("retrain", "--week", f"{FIRST}", code=1)
    refused(told, f"week {FIRST}", "no matured and labelled row", "train a later week")
    nothing_lost(small)
