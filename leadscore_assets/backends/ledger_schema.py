"""The ledger's table, the guards that keep it append-only, and the versions of its schema.

Versions are alembic's migrations in `ledger_migrations`, run under the ledger's own lock by whoever writes first. The
number in force stands in a table of its own, so that a database can be shared with others that use alembic too.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput

VERSION_TABLE = "ledger_version"
MIGRATIONS = Path(__file__).parent / "ledger_migrations"
LOST = "the ledger holds no table of records; restore it from a backup"
# A ledger from before versions were written down has the schema of this one.
_BEFORE_VERSIONS = "0001"

RECORDS = sa.Table(
    "records",
    sa.MetaData(),
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("key", sa.Text, nullable=False, unique=True),
)
GUARDS: Mapping[str, list[str]] = {
    "sqlite": [
        f"CREATE TRIGGER IF NOT EXISTS records_refuse_{verb.lower()} BEFORE {verb} ON records "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION records_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION ''the ledger is append-only''; END'",
        "CREATE OR REPLACE TRIGGER records_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON records "
        "FOR EACH STATEMENT EXECUTE FUNCTION records_refuse()",
    ],
}


def newest(migrations: Path = MIGRATIONS) -> str:
    """Return the number of the newest schema that this program knows."""
    return max(path.name.split("_")[1] for path in (migrations / "versions").glob("schema_*_*.py"))


def version(connection: sa.Connection, migrations: Path = MIGRATIONS) -> str | None:
    """Return the number of the schema in force; None where there is no ledger yet.

    Raise InvalidInput for a schema that is newer than this program, CorruptArtefact where the records are gone.
    """
    held, written = sa.inspect(connection).has_table(RECORDS.name), _written(connection)
    if written is None:
        return _BEFORE_VERSIONS if held else None
    if not held:
        raise CorruptArtefact(LOST)
    if written > newest(migrations):
        raise InvalidInput(
            f"the ledger's schema is {written} and this program knows none above {newest(migrations)}: "
            "a newer version wrote it; install that version, or one that is newer still"
        )
    return written


def bring_up(connection: sa.Connection, *, to: str = "head", migrations: Path = MIGRATIONS) -> None:
    """Bring the schema to a version, the newest by default; no record is touched, and guards that are gone come back.

    Raise InvalidInput where the database holds another table of that name, or a newer schema.
    """
    found = version(connection, migrations)
    if _written(connection) != (newest(migrations) if to == "head" else to):
        _migrate(connection, found=found, to=to, migrations=migrations)
    for statement in GUARDS[connection.dialect.name]:
        connection.exec_driver_sql(statement)


def _migrate(connection: sa.Connection, *, found: str | None, to: str, migrations: Path) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "version_table": VERSION_TABLE})
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if found is not None and _written(connection) is None:
        _check_that_it_is_ours(connection)
        command.stamp(config, found)
    command.upgrade(config, to)


def _written(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(
        sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))
    ).scalar()
    return found


def _check_that_it_is_ours(connection: sa.Connection) -> None:
    found: list[Any] = sa.inspect(connection).get_columns(RECORDS.name)
    absent = sorted(set(RECORDS.c.keys()) - {column["name"] for column in found})
    if absent:
        raise InvalidInput(
            f"the database has a table {RECORDS.name} that is no ledger (it lacks {', '.join(absent)}); "
            "give the ledger a database of its own"
        )
