"""A home copied while it is at work, and made again from the copy: whole, checked, and never over another one."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
import tomlkit

from leadscore_assets.backends.backup.restoring import _readdress
from leadscore_assets.steps.listing import score_week
from leadscore_assets_tests.home import FIRST, WEEKS, Home, free_port, run_cli, whole
from leadscore_assets_tests.killing import killed_at

Copy = Callable[[Home], Home]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def restored(tmp_path: Path) -> Iterator[Home]:
    """Where a home is restored to; its server is ended after the test."""
    made = Home(tmp_path / "again" / "home")
    yield made
    if (made.path / "endpoint" / "server.json").exists():
        made.platform().endpoint.stop()


def held(folder: Path) -> dict[str, bytes]:
    """The files below a folder, without locks, drafts and the ledger, which a restore goes on with."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".") and path.suffix not in (".lock", ".db")
    }


def test_a_restored_home_is_the_same_home(copy: Copy, released: Home, target: Path, restored: Home) -> None:
    home = copy(released)
    made = home.cli("backup", str(target), "--json").json
    head = f"{made['head']['seq']}:{made['head']['hash']}"

    told = restored.cli("restore", str(target)).out
    assert f"(backup {made['name']})" in told

    before, after = held(home.path), held(restored.path)
    gone = {"endpoint/token", "endpoint/server.log"}
    assert {path for path in before if path not in after} <= gone | {"endpoint/server.log.1"}
    assert {path: content for path, content in before.items() if path in after} == after
    assert "The chain is sound" in restored.cli("ledger", "verify", "--head", head).out
    assert restored.platform().ledger.records()[-1].action == "restored"
    restored.set("port = ", f"port = {free_port()}")
    restored.cli("endpoint", "start")
    assert "MEND" not in restored.cli("doctor").out
    whole(restored)
    assert restored.cli("ledger", "live", "--json").json == home.cli("ledger", "live", "--json").json


def test_the_registry_of_a_restored_home_finds_its_files_where_they_lie_now(
    copy: Copy, released: Home, target: Path, restored: Home
) -> None:
    home = copy(released)
    # As a home that was never moved has it.
    _readdress(home.path / "registry" / "mlflow.db", _first_home(home), home.path)
    home.cli("backup", str(target))
    restored.cli("restore", str(target))

    assert _first_home(restored) == restored.path


def _first_home(home: Home) -> Path:
    with closing(sqlite3.connect(home.path / "registry" / "mlflow.db")) as database:
        (address,) = database.execute("SELECT artifact_location FROM experiments WHERE name = 'leadscore'").fetchone()
        runs = database.execute("SELECT artifact_uri FROM runs").fetchall()
    assert runs
    assert all(uri.startswith(f"{address}/") for (uri,) in runs)
    return Path(address.removeprefix("file://")).parents[1]


def test_a_backup_is_recorded_and_listed_and_leaks_no_secret(copy: Copy, champion: Home, target: Path) -> None:
    home = copy(champion)
    token = home.platform().endpoint.token()
    told = home.cli("backup", str(target)).out
    assert "It holds leads and their scores: personal data" in told
    record = home.platform().ledger.records()[-1]
    (listed,) = home.cli("backup", str(target), "--list", "--json").json
    assert (record.action, record.subject) == ("backed up", f"backup {listed['name']}")
    assert listed["head"]["seq"] == record.seq - 1
    assert listed["name"] in home.cli("backup", str(target), "--list").out
    kept = b"".join(path.read_bytes() for path in target.rglob("*") if path.is_file())
    assert token.encode() not in kept
    for path in [target, *target.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    assert run_cli("backup", str(target), "--list", "--json").code == 0


def test_the_next_backup_writes_only_what_is_new(copy: Copy, champion: Home, target: Path) -> None:
    home = copy(champion)
    home.cli("backup", str(target))
    before = {path: path.stat().st_mtime_ns for path in (target / "objects").rglob("*") if path.is_file()}
    score_week(home.platform(), WEEKS[4])
    home.cli("backup", str(target))

    after = {path: path.stat().st_mtime_ns for path in (target / "objects").rglob("*") if path.is_file()}
    assert all(after[path] == written for path, written in before.items())
    new = [path for path in after if path not in before]
    assert 3 <= len(new) < 30
    first, second = home.cli("backup", str(target), "--list", "--json").json
    assert second["files"] > first["files"]


def test_an_earlier_backup_is_restored_by_its_name(copy: Copy, champion: Home, target: Path, restored: Home) -> None:
    home = copy(champion)
    first = home.cli("backup", str(target), "--json").json
    home.set("port = ", "port = 4321")
    home.cli("backup", str(target))

    restored.cli("restore", str(target), "--at", first["name"])
    assert f"port = {home.port}" in (restored.path / "leadscore.toml").read_text()
    assert "holds no backup never" in run_cli("restore", str(target), "--at", "never", "--check").error


def test_a_damaged_backup_is_refused_and_names_what_is_damaged(
    copy: Copy, champion: Home, target: Path, restored: Home
) -> None:
    home = copy(champion)
    home.cli("backup", str(target))
    assert "is whole" in run_cli("restore", str(target), "--check").out
    (name,) = (target / "backups").iterdir()
    files = {file["path"]: file["sha256"] for file in json.loads(name.read_text())["content"]["files"]}
    path = next(path for path in files if path.endswith(".parquet") and f"week={FIRST}" in path)
    damaged = target / "objects" / files[path][:2] / files[path]
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 4
    damaged.write_bytes(content)

    for arguments in (("--check",), ()):
        told = restored.cli("restore", str(target), *arguments, code=1).error
        assert f"{path} is damaged: the SHA-256 differs" in told
    assert not restored.path.parent.exists()


def test_a_home_that_is_there_is_never_overwritten(copy: Copy, champion: Home, ingested: Home, target: Path) -> None:
    home, other = copy(champion), copy(ingested)
    home.cli("backup", str(target))
    before = held(other.path)

    told = other.cli("restore", str(target), code=1).error
    assert "is there already; name another home with --home, or set this one aside with --force" in told
    assert held(other.path) == before

    aside = Path(other.cli("restore", str(target), "--force", "--json").json["set_aside"])
    assert held(aside) == before
    assert other.platform().registry.production().version == 1


def test_a_home_whose_settings_are_broken_can_be_set_aside(copy: Copy, champion: Home, target: Path) -> None:
    home = copy(champion)
    home.cli("backup", str(target))
    (home.path / "leadscore.toml").write_text("[[[")

    home.cli("restore", str(target), "--force")
    assert home.platform().registry.production().version == 1


def test_a_home_whose_endpoint_runs_is_not_taken_away(live: Home, tmp_path: Path) -> None:
    live.cli("backup", str(tmp_path / "backups"))
    told = live.cli("restore", str(tmp_path / "backups"), "--force", code=1).error
    assert "is running; stop it first with 'leadscore endpoint stop'" in told


def test_a_backup_within_the_home_is_refused(copy: Copy, champion: Home) -> None:
    home = copy(champion)
    for place in (home.path / "backups", home.path.parent):
        assert "lie in each other; name a folder elsewhere" in home.cli("backup", str(place), code=1).error


def test_a_broken_ledger_is_copied_and_told(copy: Copy, champion: Home, target: Path, restored: Home) -> None:
    home = copy(champion)
    with sqlite3.connect(home.path / "ledger.db") as database:
        database.execute("DROP TRIGGER records_refuse_update")
        database.execute("UPDATE records SET reason = 'as agreed' WHERE seq = 3")
    database.close()
    assert "The ledger is broken: record 3" in home.cli("backup", str(target), code=1).out
    assert "the ledger was broken already: record 3" in restored.cli("restore", str(target)).out


def test_a_home_at_work_is_copied_whole(copy: Copy, champion: Home, target: Path, tmp_path: Path) -> None:
    """While weeks are scored and recorded, each backup restores to a home that is whole and whose ledger verifies."""
    home = copy(champion)
    working, failed = threading.Event(), []

    def work() -> None:
        try:
            platform = home.platform()
            while not working.is_set():
                for week in WEEKS[2:6]:
                    score_week(platform, week)
                    platform.ledger.append("watched", f"week {week}", reason="at work", evidence={})
        except BaseException as error:  # noqa: BLE001 - told below, in the test's own thread
            failed.append(error)

    at_work = threading.Thread(target=work)
    at_work.start()
    try:
        for _ in range(3):
            home.cli("backup", str(target))
    finally:
        working.set()
        at_work.join(timeout=60)
    assert failed == []
    heads = set()
    for made in home.cli("backup", str(target), "--list", "--json").json:
        again = Home(tmp_path / made["name"])
        again.cli("restore", str(target), "--at", made["name"])
        whole(again)
        assert again.platform().ledger.verify(head=(made["head"]["seq"], made["head"]["hash"])) == []
        assert again.platform().lake.read_json("release/state.json") is not None
        heads.add(made["head"]["seq"])
    assert len(heads) == 3


def test_a_backup_that_is_killed_is_none_and_the_next_one_goes_on(copy: Copy, champion: Home, target: Path) -> None:
    home = copy(champion)
    place = "leadscore_assets.backends.backup.store:BackupStore.put"
    killed_at(f"{place} after 20", "--home", str(home.path), "backup", str(target))
    assert home.cli("backup", str(target), "--list", "--json").json == []

    home.cli("backup", str(target))
    assert "is whole" in run_cli("restore", str(target), "--check").out


class TestLedgerElsewhere:
    """A ledger that does not lie in the home: in PostgreSQL, or in another SQLite file."""

    @pytest.fixture
    def elsewhere(self, copy: Copy, ingested: Home, database: str) -> tuple[Home, str]:
        """A home whose ledger has three records in PostgreSQL."""
        home = copy(ingested)
        _ledger_at(home, database)
        ledger = home.platform().ledger
        for number in range(3):
            ledger.append("watched", f"week {number}", reason="quiet", evidence={})
        return home, database

    def test_a_postgresql_ledger_is_restored_to_an_empty_database(
        self, elsewhere: tuple[Home, str], target: Path, restored: Home
    ) -> None:
        home, url = elsewhere
        made = home.cli("backup", str(target), "--json").json
        assert (made["ledger"], made["head"]["seq"]) == ("postgresql", 3)
        again = sa.make_url(url).set(database=f"{sa.make_url(url).database}_again")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {again.database}")
        new = again.render_as_string(hide_password=False)

        restored.cli("restore", str(target), "--ledger-url", new)
        ledger = restored.platform().ledger
        assert ledger.verify(head=(3, made["head"]["hash"])) == []
        assert [item.action for item in ledger.records()] == ["watched"] * 3 + ["restored"]
        assert [item.action for item in home.platform().ledger.records()] == ["watched"] * 3 + ["backed up"]

    def test_a_ledger_that_still_stands_goes_on_and_is_not_replaced(
        self, elsewhere: tuple[Home, str], target: Path, restored: Home
    ) -> None:
        home, _ = elsewhere
        home.cli("backup", str(target))
        before = home.platform().ledger.records()

        assert "Note: the ledger stood already and goes on from record 4" in restored.cli("restore", str(target)).out
        assert home.platform().ledger.records()[:-1] == before

    def test_another_ledger_in_the_database_is_never_replaced(
        self, elsewhere: tuple[Home, str], target: Path, restored: Home, tmp_path: Path
    ) -> None:
        home, url = elsewhere
        other = f"sqlite:///{tmp_path}/other/ledger.db"
        _ledger_at(home, other)
        home.platform().ledger.append("watched", "week", reason="quiet", evidence={})
        home.cli("backup", str(target))
        _ledger_at(home, f"sqlite:///{tmp_path}/third/ledger.db")
        for _ in range(2):
            home.platform().ledger.append("asked", "week", reason="quiet", evidence={})

        told = restored.cli("restore", str(target), "--ledger-url", f"sqlite:///{tmp_path}/third/ledger.db", code=1)
        assert "holds another ledger" in told.error
        assert not restored.path.exists()
        told = restored.cli("restore", str(target), "--ledger-url", url, code=1)
        assert "this backup's ledger is one of sqlite; give --ledger-url for that" in told.error
        restored.cli("restore", str(target), "--ledger-url", f"sqlite:///{tmp_path}/new/ledger.db")
        assert [item.action for item in restored.platform().ledger.records()] == ["watched", "restored"]

    def test_a_password_in_the_ledgers_address_is_refused(self, target: Path, restored: Home) -> None:
        target.mkdir()
        told = restored.cli("restore", str(target), "--ledger-url", "postgresql://ann:hunter2@db/x", code=1).error
        assert "a password stands in the URL" in told
        assert "hunter2" not in told

    def test_a_ledger_of_the_home_has_no_other_place(
        self, copy: Copy, ingested: Home, target: Path, restored: Home
    ) -> None:
        home = copy(ingested)
        home.cli("backup", str(target))
        told = restored.cli("restore", str(target), "--ledger-url", "sqlite:////x/ledger.db", code=1).error
        assert "this backup's ledger is a file of the home; leave --ledger-url out" in told


def _ledger_at(home: Home, url: str) -> None:
    path = home.path / "leadscore.toml"
    settings = tomlkit.parse(path.read_text())
    settings["ledger"] = {"url": url}
    path.write_text(tomlkit.dumps(settings))


def test_what_lies_elsewhere_is_said_to_be_left_out(copy: Copy, ingested: Home, target: Path) -> None:
    home = copy(ingested)
    with (home.path / "dagster" / "dagster.yaml").open("a") as file:
        file.write("\nstorage:\n  postgres:\n    database: postgresql://x/y\n")
    (note,) = home.cli("backup", str(target), "--json").json["notes"]
    assert "Dagster's runs lie in PostgreSQL and are not in this backup" in note
