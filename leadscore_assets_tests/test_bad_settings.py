"""Bad settings, taken ports, homes that may not be written, bad files given to a command: one clear message each."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from leadscore_assets_tests.home import (
    FIRST,
    OLD,
    SECOND,
    Home,
    Told,
    leads,
    nothing_lost,
    refused,
    rows_of,
    run_cli,
    spawn_cli,
    write_csv,
    write_rows,
)

Copy = Callable[[Home], Home]


@pytest.mark.parametrize(
    ("file", "old", "new", "parts"),
    [
        ("leadscore.toml", "start_week = ", "start_week = 2025-01-07", ("start_week", "Tuesday", "2025-01-06")),
        ("leadscore.toml", "start_week = ", "start = 2025-01-06", ("start", "remove the key or correct its spelling")),
        ("leadscore.toml", "port = ", 'port = "high"', ("endpoint.port", "'high'", "integer")),
        ("leadscore.toml", "port = ", "port = 70000", ("endpoint.port = 70000", "65535")),
        ("leadscore.toml", "kind = ", 'kind = "oracle"', ("source.kind", "'oracle'", "'sql' or 'generator'")),
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
    # Nor write the coverage's files into this checkout.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    return Told(done.returncode, done.stdout, done.stderr)


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
    (small.data / f"{SECOND}.csv").write_bytes(b"")
    told = spawn_cli("--home", str(small.path), "ingest")
    refused(told, "is empty")
    assert told.code == 1
    assert told.err.startswith("Error: ")
    assert len(told.err.strip().splitlines()) == 1
