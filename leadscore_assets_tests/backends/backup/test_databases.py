"""Ledgers copied while they are written to, on both databases: each copy is a whole chain up to one record."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadscore_assets.backends.backup.databases import (
    chain_of,
    copy_sqlite,
    dump_postgres,
    ledger_place,
    load_postgres,
)
from leadscore_assets.backends.ledger_schema import newest
from leadscore_assets.domain.errors import InvalidInput, TransientError
from leadscore_assets_tests.backends import ledger_writer
from leadscore_assets_tests.backends.test_ledger import filled, ledger_at
from leadscore_assets_tests.backends.test_ledger_schema import run


@contextmanager
def written_to(url: str) -> Iterator[None]:
    """Let another process append without end."""
    command = [sys.executable, "-m", ledger_writer.__name__, url]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    assert writer.stdout is not None
    with writer.stdout as lines:
        try:
            for _ in range(3):
                lines.readline()
            yield
        finally:
            writer.kill()
            writer.wait(timeout=30)


def test_a_sqlite_ledger_under_a_write_load_is_copied_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    heads = []
    with written_to(url):
        for number in range(5):
            copy_sqlite(tmp_path / "ledger.db", tmp_path / f"copy{number}.db")
            copied = ledger_at(f"sqlite:///{tmp_path}/copy{number}.db")
            assert copied.verify() == []
            heads.append(copied.head())

    assert heads[0][0] >= 3
    for head in heads:
        assert ledger_at(url).verify(head=head) == []
    assert (tmp_path / "copy0.db").stat().st_mode & 0o777 == 0o600


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(TransientError, match=r"x\.db cannot be copied"):
        copy_sqlite(tmp_path / "x.db", tmp_path / "y.db")


@pytest.fixture
def another_postgres(postgres_server: str, database: str) -> str:
    """A second, empty database of the test's own."""
    name = f"{sa.make_url(database).database}_again"
    engine = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    return sa.make_url(postgres_server).set(database=name).render_as_string(hide_password=False)


def test_a_postgresql_ledger_under_a_write_load_is_dumped_and_loaded_to_the_byte(
    database: str, another_postgres: str, tmp_path: Path
) -> None:
    with written_to(database):
        schema, rows = dump_postgres(database, tmp_path / "dump")
    head, problems = chain_of(rows)
    load_postgres(another_postgres, tmp_path / "dump", schema=schema)

    restored = ledger_at(another_postgres)
    assert (schema, problems) == (newest(), [])
    assert restored.verify(head=head) == []
    assert restored.head() == head
    assert restored.records() == ledger_at(database).records()[: head[0]]
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        run(another_postgres, "DELETE FROM records")
    assert restored.append("scored", "week", reason="", evidence={}).seq == head[0] + 1


def test_a_ledger_that_was_never_written_has_nothing_to_dump(database: str, tmp_path: Path) -> None:
    assert dump_postgres(database, tmp_path / "dump") == ("", [])
    assert not (tmp_path / "dump").exists()


def test_a_missing_pg_dump_is_told_with_the_remedy(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(database, 1)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidInput, match="pg_dump is not on this machine; install PostgreSQL's client"):
        dump_postgres(database, tmp_path / "dump")
    with pytest.raises(InvalidInput, match="pg_restore is not on this machine"):
        load_postgres(database, tmp_path / "dump", schema=newest())


def test_a_server_that_does_not_answer_is_told_without_its_password(tmp_path: Path, postgres_server: str) -> None:
    url = "postgresql+psycopg://ada:hunter2@127.0.0.1:9/x"
    for ask in (lambda: dump_postgres(url, tmp_path / "d"), lambda: load_postgres(url, tmp_path / "d", schema="0001")):
        with pytest.raises(TransientError, match="again when the server answers") as caught:
            ask()
        assert "hunter2" not in str(caught.value)


def test_what_the_programs_say_is_told_and_no_password_stands_on_their_command_line(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(database, 1)
    seen = tmp_path / "seen"
    program = tmp_path / "bin" / "pg_dump"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@ PGPASSWORD=$PGPASSWORD" > {seen}\necho "version mismatch" >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    secret = sa.make_url(database).set(password="hunter2").render_as_string(hide_password=False)

    with pytest.raises(TransientError, match=r"pg_dump of the ledger .* failed: version mismatch; mend that") as caught:
        dump_postgres(secret, tmp_path / "dump")
    assert "hunter2" not in str(caught.value)
    arguments, _, given = seen.read_text().partition(" PGPASSWORD=")
    assert "hunter2" not in arguments
    assert given.strip() == "hunter2"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("sqlite:///{home}/ledger.db", "home"),
        ("sqlite:///{home}/deep/ledger.db", "home"),
        ("sqlite:////elsewhere/ledger.db", "sqlite"),
        ("postgresql+psycopg://ann@db/leadscore", "postgresql"),
    ],
)
def test_where_a_ledger_lies_is_told_by_its_url(url: str, place: str, tmp_path: Path) -> None:
    assert ledger_place(url.format(home=tmp_path), tmp_path) == place
