"""Bad input of every kind: one clear message, an exit code that is not 0, no traceback, and nothing lost."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leadscore_assets.domain.validation import REASONS
from leadscore_assets_tests.conftest import Stage
from leadscore_assets_tests.home import (
    OLD,
    ROWS,
    WEEKS,
    Home,
    Told,
    leads,
    made_home,
    rows_of,
    run_cli,
    spawn_cli,
    whole,
    write_csv,
    write_parquet,
    write_rows,
)

FIRST, SECOND = WEEKS[0], WEEKS[1]
Copy = Callable[[Home], Home]


@pytest.fixture
def small(copy: Copy, stages: Callable[[str, Stage], Home]) -> Home:
    """A home with two weeks of files, the first of them in the lake."""

    def make(place: Path) -> Home:
        home = made_home(place, weeks=(FIRST, SECOND))
        home.cli("ingest", "--week", f"{FIRST}")
        return home

    return copy(stages("small", make))


def file_of(home: Home, week: object = SECOND) -> Path:
    return home.data / f"{week}.csv"


def refused(told: Told, *parts: str) -> None:
    """Assert one clear message: it names every part and shows nothing of the program's inside."""
    assert told.code != 0
    assert "Traceback" not in told.out + told.err
    assert "leadscore_assets." not in told.error
    for part in parts:
        assert part in told.error, told.error


def nothing_lost(home: Home) -> None:
    manifest = home.platform().lake.manifest(FIRST)
    assert manifest
    assert manifest.rows == ROWS
    whole(home)


def spoil(home: Home, column: str, value: str, *, rows: int) -> None:
    """Write a value into the first rows of the second week's file."""
    table = rows_of(file_of(home))
    for row in table[:rows]:
        row[column] = value
    write_rows(file_of(home), table)


# --- files that cannot be read ---


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


# --- rows that break the contract: set aside with their reasons, and the week is stopped where they are many ---


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


# --- weeks that cannot be ---


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
    refused(
        small.cli("retrain", "--week", f"{FIRST}", code=1),
        "0 matured and labelled rows",
        "200",
        "minimum_rows",
        "ingest more weeks",
    )
    nothing_lost(small)


# --- settings ---


@pytest.mark.parametrize(
    ("file", "old", "new", "parts"),
    [
        ("leadscore.toml", "start_week = ", "start_week = 2025-01-07", ("start_week", "Tuesday", "2025-01-06")),
        ("leadscore.toml", "start_week = ", "start = 2025-01-06", ("start", "remove the key or correct its spelling")),
        ("leadscore.toml", "port = ", 'port = "high"', ("endpoint.port", "'high'", "integer")),
        ("leadscore.toml", "port = ", "port = 70000", ("endpoint.port = 70000", "65535")),
        ("leadscore.toml", "kind = ", 'kind = "oracle"', ("source.kind", "'oracle'", "'files' or 'generator'")),
        ("leadscore.toml", "port = ", "port = 8321 8322", ("is not valid TOML", "line")),
        ("contract.toml", "horizon_days = ", "horizon_days = -1", ("horizon_days = -1", "greater than or equal to 0")),
        ("contract.toml", "label_maximum = ", 'label_maximum = "five"', ("label_maximum", "'five'")),
        ("contract.toml", "horizon_days = ", "horizont = 3", ("horizont", "correct its spelling")),
        ("contract.toml", "key = ", 'key = "employees"', ("column names stand twice: employees",)),
        ("contract.toml", "key = ", "key = ", ("contract.toml is not valid TOML", "line")),
        ("policy.toml", "minimum_rows = ", "minimum_rows = 3", ("window.minimum_rows = 3", "20")),
        ("policy.toml", "rounds = ", 'rounds = "all"', ("training.rounds", "'all'")),
        ("policy.toml", "rounds = ", "round = 5", ("training.round", "correct its spelling")),
        ("policy.toml", "rounds = ", "rounds = [", ("policy.toml is not valid TOML", "line")),
    ],
)
def test_a_bad_setting_names_file_key_value_and_rule(
    small: Home, file: str, old: str, new: str, parts: tuple[str, ...]
) -> None:
    small.set(old, new, file=file)
    for command in ("ingest", "status", "retrain"):
        refused(small.cli(command, code=1), file, *parts)


def test_several_bad_settings_are_told_at_once(small: Home) -> None:
    small.set("port = ", 'port = "high"')
    small.set("start_week = ", "start_week = 2025-01-07")
    refused(small.cli("status", code=1), "endpoint.port", "start_week")


def test_doctor_tells_bad_settings_too(small: Home) -> None:
    small.set("rounds = ", 'rounds = "all"', file="policy.toml")
    refused(small.cli("doctor", code=1), "MEND contract and policy", "policy.toml", "training.rounds")


def test_a_folder_that_is_no_home_is_told_what_to_run(tmp_path: Path) -> None:
    for command in ("status", "ingest", "retrain"):
        refused(run_cli("--home", str(tmp_path / "none"), command), "is no home yet", "init")
    assert not (tmp_path / "none").exists()


def test_a_home_without_dagsters_settings_says_how_to_get_them(small: Home) -> None:
    (small.path / "dagster" / "dagster.yaml").unlink()
    refused(small.cli("ingest", code=1), "dagster.yaml is missing", "init --force")


def test_init_over_a_home_is_refused_and_changes_nothing(small: Home) -> None:
    before = (small.path / "leadscore.toml").read_text()
    refused(small.cli("init", code=1), "has a home already", "--force")
    assert (small.path / "leadscore.toml").read_text() == before


# --- the machine: ports and permissions ---


def test_a_port_in_use_is_named_with_its_listener_and_the_champion_stays(copy: Copy, champion: Home) -> None:
    home = copy(champion)
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", home.port))
        stranger.listen()
        refused(home.cli("endpoint", "start", code=1), f"port {home.port} on 127.0.0.1", f"process {os.getpid()}")
        refused(home.cli("retrain", "--week", f"{OLD}", code=1), f"port {home.port}", "choose another port")
        refused(home.cli("ui", "--port", f"{home.port}", code=1), f"port {home.port} is in use", "--port")
    production = home.platform().registry.production()
    assert production
    assert production.version == 1
    assert home.cli("endpoint", "start", "--json").json["running"] is True


def test_a_home_below_a_file_cannot_be_made_and_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, not a folder")
    refused(run_cli("--home", str(tmp_path / "file" / "home"), "init"), "file/home", "cannot be used")
    refused(run_cli("--home", str(tmp_path / "file"), "init"), "is a file, and a home is a folder", "--home")


def test_a_home_without_write_permission_is_one_message(small: Home) -> None:
    """Root may write everywhere: the command runs as nobody, in a home that belongs to root."""
    if os.getuid() != 0:
        for path in [small.path, *small.path.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        told = spawn_cli("--home", str(small.path), "ingest")
        for path in [small.path, *small.path.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
    else:
        told = as_nobody(small)
    refused(told, str(small.path), "ermission")
    nothing_lost(small)


def as_nobody(home: Home) -> Told:
    for folder in [home.path, *home.path.parents]:
        if folder.stat().st_uid == 0 and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o555)
    # A first run as root imports everything: nobody may not be allowed to read this Python.
    program = (
        "import os, sys; from leadscore_assets import cli\n"
        f"sys.argv = ['leadscore', '--home', {str(home.path)!r}, 'ingest', '--week', '{FIRST}']\n"
        "try: cli.main()\n"
        "except SystemExit: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "sys.argv = sys.argv[:4]; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    return Told(done.returncode, done.stdout, done.stderr)


# --- files given to a command ---


@pytest.fixture(scope="module")
def scoring(tmp_path_factory: pytest.TempPathFactory, champion: Home) -> Home:
    return champion.copied(tmp_path_factory.mktemp("scoring") / "home")


def test_scoring_a_file_that_is_not_there_is_told(scoring: Home) -> None:
    refused(scoring.cli("score", "absent.csv", code=1), "absent.csv does not exist")


def test_scoring_a_file_of_which_no_row_fits_is_told(scoring: Home, tmp_path: Path) -> None:
    rows = [row | {"employees": "-5"} for row in rows_of(write_csv(tmp_path / "bad.csv", leads(OLD, rows=4)))]
    told = scoring.cli("score", str(write_rows(tmp_path / "bad.csv", rows)), code=1)
    refused(told, "bad.csv", "no row fits the contract small", "employees: below the minimum 1")


def test_scoring_without_a_model_is_told(ingested: Home) -> None:
    refused(ingested.cli("score", str(ingested.data / f"{FIRST}.csv"), code=1), "no model in production", "retrain")


def test_comparing_what_is_not_there_is_told(scoring: Home) -> None:
    data = ("--data", str(scoring.data))
    refused(scoring.cli("compare", "9", "champion", *data, code=1), "package 9 is not registered", "there are 1")
    refused(scoring.cli("compare", "feed", "champion", *data, code=1), "'feed' names no bundle", "first 8 digits")
    refused(
        scoring.cli("compare", f"{FIRST}", "champion", *data, code=1), f"week {FIRST} has no trained model", "backfill"
    )


def test_comparing_on_leads_without_a_label_is_told(scoring: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "new.csv", leads(OLD).drop_columns(["lead_score"]))
    refused(scoring.cli("compare", "1", "1", "--data", str(path), code=1), "new.csv", "lead_score")


def test_drafting_from_a_file_without_leads_is_told(tmp_path: Path) -> None:
    table = pa.table({"a": ["x", "y"], "b": ["p", "q"]})
    told = run_cli("--home", str(tmp_path / "home"), "init", "--data", str(write_csv(tmp_path / "ab.csv", table)))
    refused(told, "--")
    assert not (tmp_path / "home").exists()


def test_a_message_from_a_process_of_its_own_is_one_line_and_exit_code_1(small: Home) -> None:
    file_of(small).write_bytes(b"")
    told = spawn_cli("--home", str(small.path), "ingest")
    refused(told, "is empty")
    assert told.code == 1
    assert told.err.startswith("Error: ")
    assert len(told.err.strip().splitlines()) == 1
