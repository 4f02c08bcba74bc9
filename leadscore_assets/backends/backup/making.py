"""Making a backup of a home at work: what belongs together under one lock, then the rest, then the manifest."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from leadscore_assets import __version__
from leadscore_assets.backends.backup.databases import chain_of, copy_sqlite, dump_postgres, ledger_place
from leadscore_assets.backends.backup.home_tree import contents, is_content, is_database, pointers
from leadscore_assets.backends.backup.manifest import Backup, KeptFile, KeptLedger
from leadscore_assets.backends.backup.store import BackupStore
from leadscore_assets.backends.ledger import SqlLedger
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Missing

_RELEASE = "lake/release/"
_REGISTRY = "registry/mlflow.db"


@dataclass(frozen=True)
class Site:
    """A home at work and its ledger.

    `together` holds what keeps the release from moving while its state, the registry and the ledger are copied;
    `settled` waits, once the registry is copied, until the ledger knows of everything in it.
    """

    home: Path
    ledger_url: str
    together: Callable[[], AbstractContextManager[object]]
    settled: Callable[[], object]


@dataclass
class _Making:
    """A backup in the making: what was kept before, and what is kept so far."""

    home: Path
    store: BackupStore
    staging: Path
    before: dict[str, KeptFile]
    kept: dict[str, KeptFile] = field(default_factory=dict)

    def keep(self, path: str) -> None:
        """Keep one file; a file that is gone since it was seen belongs to nobody any more."""
        source = self.home / path
        try:
            facts = source.stat()
            known = self.before.get(path)
            same = known is not None and (known.size, known.modified_ns) == (facts.st_size, facts.st_mtime_ns)
            if known and same and is_content(path) and self.store.has(known.sha256, known.size):
                self.kept[path] = known
                return
            digest, size = self.store.put(self._readable(source))
        except FileNotFoundError:
            return
        self.kept[path] = KeptFile(path, digest, size, facts.st_mode & 0o777, facts.st_mtime_ns)

    def _readable(self, source: Path) -> Path:
        if not is_database(source):
            return source
        copy = self.staging / f"{len(self.kept)}.db"
        copy_sqlite(source, copy)
        return copy


def make_backup(site: Site, store: BackupStore, *, actor: str, now: datetime, notes: tuple[str, ...] = ()) -> Backup:
    """Copy a home into a store and return the backup."""
    home = site.home
    _check_apart(home, store.root)
    store.prepare()
    with store.staging() as staging:
        making = _Making(home, store, staging, _before(store))
        with site.together():
            for path in _first(home):
                making.keep(path)
            site.settled()
            ledger = _keep_ledger(making, site.ledger_url)
        for path in (*pointers(home), *contents(home)):
            if path not in making.kept:
                making.keep(path)
    backup = Backup(
        name=_free_name(store, now),
        made_at=now.astimezone(UTC),
        made_by=actor,
        program=__version__,
        home=str(home),
        ledger=ledger,
        files=tuple(making.kept[path] for path in sorted(making.kept)),
        notes=notes,
    )
    store.write(backup)
    return backup


def _first(home: Path) -> Iterator[str]:
    """The registry, then the release's state: with the ledger they say who is live and why."""
    yield from (path for path in pointers(home) if path == _REGISTRY)
    yield from (path for path in pointers(home) if path.startswith(_RELEASE))


def _keep_ledger(making: _Making, url: str) -> KeptLedger:
    place = ledger_place(url, making.home)
    copy = making.staging / "ledger"
    if place == "postgresql":
        schema, rows = dump_postgres(url, copy)
        head, problems = chain_of(rows)
        digest = making.store.put(copy)[0] if schema else ""
        return KeptLedger(place, digest, schema, *head, tuple(problems))
    source = Path(sa.make_url(url).database or "")
    if not source.is_file():
        return KeptLedger(place, "", "", *chain_of([])[0])
    copy_sqlite(source, copy)
    held = SqlLedger(f"sqlite:///{copy}", actor="", now=lambda: datetime.now(UTC))
    head, problems = held.head(), held.verify()
    digest, size = making.store.put(copy)
    if place == "home":
        facts = source.stat()
        path = source.resolve().relative_to(making.home.resolve()).as_posix()
        making.kept[path] = KeptFile(path, digest, size, facts.st_mode & 0o777, facts.st_mtime_ns)
    return KeptLedger(place, digest, "", *head, tuple(problems))


def _before(store: BackupStore) -> dict[str, KeptFile]:
    try:
        return {file.path: file for file in store.read().files}
    except (Missing, CorruptArtefact):
        return {}


def _free_name(store: BackupStore, now: datetime) -> str:
    name, taken = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}", set(store.names())
    number = 2
    while f"{name}" in taken:
        name = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{number:02}"
        number += 1
    return name


def _check_apart(home: Path, target: Path) -> None:
    inside = target.resolve().is_relative_to(home.resolve()) or home.resolve().is_relative_to(target.resolve())
    if inside:
        raise InvalidInput(f"{target} and the home {home} lie in each other; name a folder elsewhere, on another disk")
