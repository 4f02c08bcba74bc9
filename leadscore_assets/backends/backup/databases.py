"""Databases copied while they are at work: SQLite by its online backup, a PostgreSQL ledger by pg_dump in one snapshot.

A copy of a ledger is told with its head and with what is wrong with its chain.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from leadscore_assets.backends import ledger_schema
from leadscore_assets.backends.backup.manifest import LedgerPlace
from leadscore_assets.backends.chain import BEFORE_THE_FIRST, findings
from leadscore_assets.domain.errors import InvalidInput, TransientError

_BUSY_SECONDS = 60


def ledger_place(url: str, home: Path) -> LedgerPlace:
    """Say where the ledger of a home lies."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return "postgresql"
    return "home" if Path(parsed.database or "").resolve().is_relative_to(home.resolve()) else "sqlite"


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite database that others may be writing to; raise TransientError when it stays locked or is damaged."""
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS)) as held,
            closing(sqlite3.connect(target)) as copy,
        ):
            target.chmod(0o600)
            held.backup(copy)
    except sqlite3.Error as error:
        raise TransientError(f"{source} cannot be copied ({error}); try again, and look at it if it stays so") from None


def dump_postgres(url: str, target: Path) -> tuple[str, list[Mapping[str, Any]]]:
    """Dump a ledger's records into a file; return its schema and the rows that the dump holds, in order.

    Raise InvalidInput where PostgreSQL's pg_dump is missing, TransientError with its own words when it fails.
    """
    program = _program("pg_dump")
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="REPEATABLE READ")
    try:
        with engine.begin() as connection:
            schema = ledger_schema.version(connection)
            if schema is None:
                return "", []
            rows = connection.execute(sa.select(ledger_schema.RECORDS).order_by(ledger_schema.RECORDS.c.seq)).mappings()
            held: list[Mapping[str, Any]] = [dict(row) for row in rows]
            snapshot = connection.execute(sa.select(sa.func.pg_export_snapshot())).scalar_one()
            form = ["--format=custom", "--data-only", f"--table={ledger_schema.RECORDS.name}", f"--snapshot={snapshot}"]
            _run([program, *form, f"--file={target}"], url)
    except sa.exc.OperationalError as error:
        raise TransientError(f"the ledger {_shown(url)}: {error.orig}; try again when the server answers") from None
    return schema, held


def load_postgres(url: str, dump: Path, *, schema: str) -> None:
    """Load a dump into a database that has no record yet, under the schema it was dumped from."""
    program = _program("pg_restore")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.begin() as connection:
            ledger_schema.bring_up(connection, to=schema)
    except sa.exc.OperationalError as error:
        raise TransientError(f"the ledger {_shown(url)}: {error.orig}; try again when the server answers") from None
    _run([program, "--data-only", "--single-transaction", "--exit-on-error", f"{dump}"], url)


def chain_of(rows: list[Mapping[str, Any]]) -> tuple[tuple[int, str], list[str]]:
    """Return the head of rows in the order of their numbers, and what is wrong with their chain."""
    return (rows[-1]["seq"], rows[-1]["hash"]) if rows else (0, BEFORE_THE_FIRST), list(findings(rows))


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise InvalidInput(
            f"the ledger lies in PostgreSQL and {name} is not on this machine; install PostgreSQL's client programs "
            "of the server's version or newer (on Debian: apt-get install postgresql-client)"
        )
    return found


def _run(command: list[str], url: str) -> None:
    parsed = sa.make_url(url)
    # What stands in a command line, every user of the machine can read.
    secret = {"PGPASSWORD": f"{parsed.password}"} if parsed.password else {}
    plain = sa.URL.create(
        "postgresql",
        username=parsed.username,
        host=parsed.host,
        port=parsed.port,
        database=parsed.database,
        query=parsed.query,
    )
    address = f"--dbname={plain.render_as_string(hide_password=False)}"
    command = [command[0], address, *command[1:]]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **secret})
    if done.returncode:
        told = " ".join(done.stderr.split())[-400:]
        raise TransientError(
            f"{Path(command[0]).name} of the ledger {_shown(url)} failed: {told}; mend that, try again"
        )


def _shown(url: str) -> str:
    return sa.make_url(url).render_as_string(hide_password=True)
