"""The ledger's schema by versions: made, taken over from before there were versions, brought up, and never guessed."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from leadscore_assets.backends import ledger_schema
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput
from leadscore_assets_tests.backends.test_ledger import filled, ledger_at

# As the ledger was made before its versions were written down.
BEFORE_VERSIONS = {
    "sqlite": """
        CREATE TABLE records (
            seq INTEGER NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
            reason TEXT NOT NULL, evidence TEXT NOT NULL, previous VARCHAR(64) NOT NULL, hash VARCHAR(64) NOT NULL,
            "key" TEXT NOT NULL, PRIMARY KEY (seq), UNIQUE ("key"))""",
    "postgresql": """
        CREATE TABLE records (
            seq BIGINT NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
            reason TEXT NOT NULL, evidence TEXT NOT NULL, previous VARCHAR(64) NOT NULL, hash VARCHAR(64) NOT NULL,
            "key" TEXT NOT NULL, PRIMARY KEY (seq), UNIQUE ("key"))""",
}
LATER = '''"""One more column, as a later version may want it."""
import sqlalchemy as sa
from alembic import op
revision = "0009"
down_revision = "0001"
def upgrade():
    op.add_column("records", sa.Column("note", sa.Text))
'''


def rows(url: str) -> list[tuple[Any, ...]]:
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM records ORDER BY seq")]


def run(url: str, *statements: str) -> None:
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def tables(url: str) -> set[str]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    return set(sa.inspect(engine).get_table_names())


def made_before_versions(url: str) -> str:
    """Make a ledger of three records as the product did before its schema had versions."""
    filled(url, 3)
    kept = [dict(zip(ledger_schema.RECORDS.c.keys(), row, strict=True)) for row in rows(url)]
    run(url, "DROP TABLE ledger_version", "DROP TABLE records")
    run(url, BEFORE_VERSIONS[sa.make_url(url).get_backend_name()])
    run(url, "CREATE INDEX ix_records_action ON records (action)")
    run(url, "CREATE INDEX ix_records_subject ON records (subject)")
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        connection.execute(ledger_schema.RECORDS.insert(), kept)
    return url


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The migrations of a later version of the product."""
    folder = tmp_path / "later"
    shutil.copytree(ledger_schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "schema_0009_note.py").write_text(LATER)
    return folder


def upgraded(url: str, migrations: Path) -> None:
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        ledger_schema.bring_up(connection, migrations=migrations)


class TestLedgerSchema:
    """What holds of the schema on every database."""

    def test_a_new_ledger_has_the_schema_that_the_program_describes_and_says_its_version(self, url: str) -> None:
        filled(url, 1)

        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            ours = {ledger_schema.RECORDS.name}
            options = {"include_name": lambda name, kind, _: kind != "table" or name in ours, "compare_type": True}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, ledger_schema.RECORDS.metadata) == []
            assert ledger_schema.version(connection) == ledger_schema.newest()

    def test_a_ledger_from_before_versions_is_taken_over_without_a_change_of_a_byte(self, url: str) -> None:
        before = rows(made_before_versions(url))
        told = ledger_at(url).records()

        ledger_at(url).append("trained", "week 4", reason="due", evidence={})

        assert rows(url)[:3] == before
        assert ledger_at(url).records()[:3] == told
        assert ledger_at(url).verify() == []
        assert ledger_schema.VERSION_TABLE in tables(url)
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            run(url, "DELETE FROM records")

    def test_whoever_only_reads_migrates_nothing(self, url: str) -> None:
        made_before_versions(url)
        before = tables(url)
        ledger = ledger_at(url)

        assert len(ledger.records()) == ledger.head()[0] == 3
        assert ledger.verify() == []
        assert tables(url) == before

    def test_a_later_schema_is_reached_from_any_earlier_one_and_leaves_the_records_alone(
        self, url: str, later: Path
    ) -> None:
        before = rows(made_before_versions(url))

        upgraded(url, later)
        upgraded(url, later)

        assert [row[:-1] for row in rows(url)] == before

    def test_a_newer_schema_is_refused_by_readers_and_writers_with_the_remedy(self, url: str, later: Path) -> None:
        running = filled(url, 1)
        upgraded(url, later)

        for ledger in (running, ledger_at(url)):
            with pytest.raises(InvalidInput, match=r"the ledger's schema is 0009 .* none above 0001: a newer version"):
                ledger.append("trained", "week 2", reason="due", evidence={})
            with pytest.raises(InvalidInput, match="install that version"):
                ledger.records()
        assert len(rows(url)) == 1

    def test_a_table_of_records_that_is_no_ledger_is_left_alone(self, url: str) -> None:
        if "sqlite" in url:
            Path(url.removeprefix("sqlite:///")).parent.mkdir()
        run(url, "CREATE TABLE records (seq INTEGER, title TEXT)")

        with pytest.raises(
            InvalidInput, match=r"a table records that is no ledger .*give the ledger a database of its"
        ):
            ledger_at(url).append("trained", "week 1", reason="due", evidence={})

        assert tables(url) == {"records"}

    def test_a_ledger_that_lost_its_records_is_never_begun_anew(self, url: str) -> None:
        ledger = filled(url, 2)
        run(url, "DROP TABLE records")

        assert ledger.verify() == [ledger_schema.LOST]
        with pytest.raises(CorruptArtefact, match="holds no table of records"):
            ledger_at(url).append("trained", "week 3", reason="due", evidence={})


def test_the_versions_form_one_line_whose_end_is_the_newest() -> None:
    config = Config()
    config.set_main_option("script_location", str(ledger_schema.MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [ledger_schema.newest()]


def test_a_new_sqlite_ledger_and_one_from_before_versions_are_made_alike(tmp_path: Path) -> None:
    new, old = f"sqlite:///{tmp_path}/new.db", f"sqlite:///{tmp_path}/old.db"
    filled(new, 1)
    made_before_versions(old)
    ledger_at(old).append("trained", "week 4", reason="due", evidence={})

    assert _made(new) == _made(old)


def _made(url: str) -> set[str]:
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        told = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").scalars()
        return {"".join(text.replace('"', "").split()) for text in told}
