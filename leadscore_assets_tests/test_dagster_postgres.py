"""Dagster's own storage in PostgreSQL: a home whose dagster.yaml says so runs its jobs there, beside its ledger."""

from pathlib import Path

import pytest
import sqlalchemy as sa
import tomlkit

from leadscore_assets_tests.home import FIRST, SECOND, Home, made_home

STORAGE = """
storage:
  postgres:
    database:
      env: LEADSCORE_DAGSTER_URL
"""


@pytest.fixture
def on_postgres(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose runs, events and ledger lie in one PostgreSQL database."""
    pytest.importorskip("dagster_postgres", reason="dagster-postgres is not installed")
    home = made_home(tmp_path / "home", weeks=(FIRST, SECOND))
    with (home.path / "dagster" / "dagster.yaml").open("a") as file:
        file.write(STORAGE)
    settings = tomlkit.parse((home.path / "leadscore.toml").read_text())
    settings["ledger"] = {"url": database}
    (home.path / "leadscore.toml").write_text(tomlkit.dumps(settings))
    plain = sa.make_url(database).set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
    monkeypatch.setenv("LEADSCORE_DAGSTER_URL", plain)
    return home


def count(url: str, table: str) -> int:
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def test_jobs_run_with_runs_events_and_ledger_in_one_database(on_postgres: Home, database: str) -> None:
    on_postgres.cli("ingest", "--week", f"{FIRST}")
    on_postgres.cli("ingest", "--week", f"{SECOND}")

    assert count(database, "runs") == 2
    assert count(database, "event_logs") > 10
    assert len(on_postgres.platform().ledger.records(action="ingested")) == 2
    assert on_postgres.platform().ledger.verify() == []
    assert not list((on_postgres.path / "dagster").rglob("*.db"))
    assert not (on_postgres.path / "ledger.db").exists()
    doctor = {item["check"]: item for item in on_postgres.cli("doctor", "--json").json}
    assert doctor["dagster"]["found"] == "2 runs so far"
    # Two schemas with versions of their own, in one database.
    assert count(database, "alembic_version") == count(database, "ledger_version") == 1


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg2"], ids=["wrong driver", "no server"])
def test_a_database_that_cannot_be_used_is_told_in_one_sentence(
    driver: str, on_postgres: Home, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLAlchemy reads a bare postgresql:// as a driver that Dagster's storage does not work with."""
    url = sa.make_url(database).set(drivername=driver, password="hunter2")
    wrong = url if driver == "postgresql" else url.set(port=9)
    monkeypatch.setenv("LEADSCORE_DAGSTER_URL", wrong.render_as_string(hide_password=False))
    told = on_postgres.cli("ingest", "--week", f"{FIRST}", code=1).error
    assert "cannot be used" in told
    assert "begins with postgresql+psycopg2://" in told
    assert "Traceback" not in told
    assert "hunter2" not in told
