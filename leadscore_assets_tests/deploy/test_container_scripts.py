"""The small programs of the containers, run as they are: passwords, nights, dumps and the way to the scoring server."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from leadscore_assets.backends.ledger import SqlLedger
from leadscore_assets_tests.backends.postgres import cluster
from leadscore_assets_tests.deploy.way_in import asked, echo
from leadscore_assets_tests.home import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_a_password_goes_from_its_file_to_one_command(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a b'c\n")
    command = ["sh", f"{DEPLOY / 'with_password.sh'}", "sh", "-c", 'printf "%s|%s" "$PGPASSWORD" "$1"', "-", "x y"]
    environment = {"PATH": os.environ["PATH"], "DAGSTER_PASSWORD_FILE": f"{tmp_path / 'password'}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "a b'c|x y"


def test_without_a_password_nothing_is_started(tmp_path: Path) -> None:
    command = ["sh", f"{DEPLOY / 'with_password.sh'}", "echo", "started"]
    environment = {"PATH": os.environ["PATH"], "DAGSTER_PASSWORD_FILE": f"{tmp_path / 'none'}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "started" not in done.stdout


def until(path: Path, *, there: bool) -> None:
    for _ in range(100):
        if path.exists() is there:
            return
        time.sleep(0.1)
    raise AssertionError(f"{path.name} is {'not there' if there else 'still there'}")


def until_some(ask: Callable[[], list[psutil.Process]]) -> list[psutil.Process]:
    for _ in range(100):
        if found := ask():
            return found
        time.sleep(0.1)
    raise AssertionError("no process came")


def test_a_night_that_failed_is_seen_until_one_went_well_and_a_signal_ends_the_wait(tmp_path: Path) -> None:
    good, failed = tmp_path / "good", tmp_path / "failed"
    place = {"PATH": os.environ["PATH"], "TMPDIR": f"{tmp_path}"}
    for went_well in (False, True):
        if went_well:
            good.touch()
        soon = f"{datetime.now(UTC) + timedelta(seconds=2):%H:%M:%S}"
        command = ["sh", f"{DEPLOY / 'nightly.sh'}", soon, "test", "-e", f"{good}"]
        with subprocess.Popen(command, env=place, stderr=subprocess.DEVNULL) as night:
            until(failed, there=not went_well)
            [waiting] = until_some(psutil.Process(night.pid).children)
            assert waiting.name() == "sleep"
            night.terminate()
            assert night.wait(timeout=5) == 0
        waiting.wait(timeout=5)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if shutil.which("initdb") is None:
        pytest.skip("needs PostgreSQL")
    with cluster(tmp_path_factory.mktemp("postgres")) as url:
        yield url


def test_a_dump_brings_the_ledger_back_and_one_that_fails_leaves_the_last_as_it_was(
    database: str, tmp_path: Path
) -> None:
    url = sa.make_url(database)
    place = {"PATH": os.environ["PATH"], "PGHOST": f"{url.host}", "PGPORT": f"{url.port}", "PGUSER": f"{url.username}"}
    place["PGDATABASE"] = f"{url.database}"
    ledger = SqlLedger(database, actor="ada", now=lambda: datetime(2026, 3, 2, tzinfo=UTC))
    ledger.append("ingested", "week 2026-02-23", reason="kept", evidence={}, key="one")
    dump = ["sh", f"{DEPLOY / 'dump.sh'}", f"{tmp_path}"]
    subprocess.run(dump, env=place, check=True)
    ledger.append("ingested", "week 2026-03-02", reason="lost", evidence={}, key="two")
    kept = tmp_path / "postgresql.dump"
    before = kept.read_bytes()
    assert kept.stat().st_mode & 0o077 == 0

    assert subprocess.run(dump, env={**place, "PGDATABASE": "none"}, check=False, capture_output=True).returncode
    assert kept.read_bytes() == before

    restore = ["pg_restore", f"--dbname={url.database}", "--clean", "--if-exists", f"{kept}"]
    subprocess.run(restore, env=place, check=True)
    again = SqlLedger(database, actor="ada", now=lambda: datetime(2026, 3, 3, tzinfo=UTC))
    assert [item.reason for item in again.records()] == ["kept"]
    assert again.verify() == []


@pytest.fixture
def forwarded() -> Iterator[int]:
    """The port of the forwarder before a server that echoes."""
    port = free_port()
    with echo("scoring") as target:
        program = [sys.executable, f"{DEPLOY / 'forward.py'}", f"{port}", f"{target}"]
        with subprocess.Popen(program, stderr=subprocess.PIPE) as process:
            try:
                _await_port(port)
                yield port
            finally:
                process.terminate()


def _await_port(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("nothing listens")


def test_the_scoring_server_is_reached_from_other_containers_by_many_at_once(forwarded: int) -> None:
    told: list[tuple[int, str]] = []
    asking = [
        threading.Thread(target=lambda at=at: told.append(asked(f"http://127.0.0.1:{forwarded}/{at}")))
        for at in range(20)
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert sorted(told) == sorted((200, f"scoring /{at} None") for at in range(20))


def test_a_server_that_is_not_there_ends_the_connection_and_not_the_forwarder() -> None:
    port = free_port()
    program = [sys.executable, f"{DEPLOY / 'forward.py'}", f"{port}", f"{free_port()}"]
    with subprocess.Popen(program, stderr=subprocess.PIPE) as process:
        _await_port(port)
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                assert connection.recv(1) == b""
        assert process.poll() is None
        process.terminate()
        assert process.stderr
        assert process.stderr.read() == b""
