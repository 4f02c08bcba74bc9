"""Restoring a home: everything is checked first and made beside it, and takes its place by one rename.

A ledger is append-only, so one that stands is never replaced: it goes on if it holds the backup's head, else the
restore is refused.
"""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
import tomlkit

from leadscore_assets.backends.atomic import passing_folder, publish_folder, storage_errors
from leadscore_assets.backends.backup.databases import ledger_place, load_postgres
from leadscore_assets.backends.backup.manifest import Backup
from leadscore_assets.backends.backup.store import BackupStore
from leadscore_assets.backends.home_files import SETTINGS
from leadscore_assets.backends.ledger import SqlLedger
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, oneline

# Where MLflow wrote down where its files lie.
_ADDRESSES = (("experiments", "artifact_location"), ("runs", "artifact_uri"))


@dataclass(frozen=True)
class Restored:
    """A restored home: the backup, where a home that stood there lies now, and what the person should know."""

    backup: Backup
    home: Path
    set_aside: Path | None
    notes: tuple[str, ...]


def check_backup(store: BackupStore, name: str | None = None) -> Backup:
    """Read every byte of a backup, the newest by default, and return it; raise CorruptArtefact naming the damage."""
    backup = store.read(name)
    problems = store.damaged(backup)
    if problems:
        raise CorruptArtefact(f"backup {backup.name} is not restored: {oneline(problems)}")
    return backup


def restore_backup(
    store: BackupStore, home: Path, *, name: str | None = None, force: bool = False, ledger_url: str | None = None
) -> Restored:
    """Make a home from a backup that is whole, and see to it that its ledger stands.

    A home that is there is refused; with `force` it is set aside, never deleted. `ledger_url` puts a ledger that lay
    outside of the home into another database. Raises InvalidInput, CorruptArtefact, Missing.
    """
    backup = check_backup(store, name)
    _check_free(home, force=force)
    with passing_folder(home.with_name(f".{uuid4().hex}.restoring")) as made:
        for file in backup.files:
            store.take(file.sha256, made / file.path, mode=file.mode)
        _readdress(made / "registry" / "mlflow.db", Path(backup.home), home)
        url = _ledger_url(made, home, backup, ledger_url)
        note = _bring_ledger(store, backup, url)
        aside = _set_aside(home)
        publish_folder(made, home)
    broken = [f"the ledger was broken already: {finding}" for finding in backup.ledger.findings]
    return Restored(backup, home, aside, (*backup.notes, *([note] if note else []), *broken))


def _check_free(home: Path, *, force: bool) -> None:
    with storage_errors(home):
        if home.exists() and not home.is_dir():
            raise InvalidInput(f"{home} is a file, and a home is a folder; name another one with --home")
        if home.is_dir() and any(home.iterdir()) and not force:
            raise InvalidInput(
                f"{home} is there already; name another home with --home, or set this one aside with --force"
            )


def _set_aside(home: Path) -> Path | None:
    """Move away what stands in the home's place; an empty folder simply goes."""
    if not home.exists():
        return None
    if not any(home.iterdir()):
        home.rmdir()
        return None
    with storage_errors(home):
        aside = home.with_name(f"{home.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
        return home.rename(aside)


def _readdress(database: Path, before: Path, now: Path) -> None:
    """Let MLflow find its files where the home lies now."""
    if not database.is_file() or before == now:
        return
    old, new = ((place / "registry").absolute().as_uri() for place in (before, now))
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, column in _ADDRESSES:
            changed = f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE {column} LIKE ? || '/%'"  # noqa: S608
            connection.execute(changed, (new, len(old) + 1, old))


def _ledger_url(made: Path, home: Path, backup: Backup, wanted: str | None) -> str:
    """Return where the restored home's ledger is to lie, for the folder that is not in its place yet."""
    if backup.ledger.place == "home":
        if wanted:
            raise InvalidInput("this backup's ledger is a file of the home; leave --ledger-url out")
        return f"sqlite:///{made / _in_home(backup)}"
    path = made / SETTINGS
    settings = tomlkit.parse(path.read_text(encoding="utf-8"))
    if wanted:
        if ledger_place(wanted, home) != backup.ledger.place:
            raise InvalidInput(f"this backup's ledger is one of {backup.ledger.place}; give --ledger-url for that")
        settings["ledger"]["url"] = wanted
        path.write_text(tomlkit.dumps(settings), encoding="utf-8")
    return str(settings["ledger"]["url"])


def _in_home(backup: Backup) -> str:
    return next((file.path for file in backup.files if file.sha256 == backup.ledger.sha256), "ledger.db")


def _bring_ledger(store: BackupStore, backup: Backup, url: str) -> str:
    """See to it that the ledger stands and holds the backup's head; return what is to be said of it."""
    kept, ledger = backup.ledger, SqlLedger(url, actor="", now=lambda: datetime.now(UTC))
    note = ""
    if kept.place != "home" and kept.sha256:
        if ledger.head()[0]:
            note = f"the ledger stood already and goes on from record {ledger.head()[0]}"
            _check_that_it_is_the_same(ledger, kept.head)
        else:
            _load(store, backup, url)
    findings = ledger.verify(head=kept.head)
    if sorted(findings) != sorted(kept.findings):
        raise CorruptArtefact(f"the restored ledger does not verify: {oneline(findings)}; restore an earlier backup")
    return note


def _check_that_it_is_the_same(ledger: SqlLedger, head: tuple[int, str]) -> None:
    findings = ledger.verify(head=head)
    if findings:
        raise InvalidInput(
            f"the ledger's database holds another ledger, or one that is not whole ({findings[0]}); "
            "name an empty database with --ledger-url"
        )


def _load(store: BackupStore, backup: Backup, url: str) -> None:
    with store.staging() as staging:
        copy = staging / "ledger"
        store.take(backup.ledger.sha256, copy, mode=0o600)
        if backup.ledger.place == "postgresql":
            load_postgres(url, copy, schema=backup.ledger.schema)
            return
        target = Path(sa.make_url(url).database or "")
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(copy, target)
