"""The ledger in SQL: one append-only table whose records are chained by SHA-256; SQLite by default, PostgreSQL by URL.

The database refuses UPDATE and DELETE, and `verify` finds what was changed, removed, inserted or reordered behind its
back. A bare chain cannot show that its newest records were cut off, or that all of it was rewritten: whoever needs that
keeps `head()` somewhere else (a mail, an object lock) and compares. No lead data belongs here.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from leadscore_assets.backends import ledger_schema
from leadscore_assets.backends.chain import (
    BEFORE_THE_FIRST,
    cut_off,
    evidence_text,
    findings,
    overtaken,
    record,
    sealed,
)
from leadscore_assets.backends.ledger_schema import RECORDS
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, TransientError
from leadscore_assets.domain.facts import LedgerRecord

_BUSY_SECONDS = 60
# Any number will do as long as every writer of this table takes the same one.
_ADVISORY_LOCK = 7_116_532_309
# SQLite calls these operational matters, but no second try mends them.
_DAMAGE = ("no such", "unsupported file format")


class SqlLedger:
    """The ledger at a SQLAlchemy URL; nothing is opened before it is first used."""

    def __init__(self, url: str, *, actor: str, now: Callable[[], datetime]) -> None:
        self._url = url
        self._actor = actor
        self._now = now
        self._prepared = False

    def signed(self, actor: str) -> "SqlLedger":
        """Return the same ledger, to be written in another's name."""
        other = copy(self)
        other._actor = actor
        return other

    def append(
        self,
        action: str,
        subject: str,
        *,
        reason: str,
        evidence: Mapping[str, Any],
        key: str | None = None,
        expect: tuple[int, str] | None = None,
    ) -> LedgerRecord:
        """Add one record at the end of the chain and return it; the same key again returns the record that stands.

        Appends of any number of processes form one chain. `expect` is the head that the decision was taken on: when
        another writer was first, nothing is written and Overtaken names the record that was. Raise InvalidInput for
        evidence that is not JSON and for a key that starts with '#' (those name records without a key),
        TransientError when the ledger stays locked.
        """
        if key is not None and (not key or key.startswith("#")):
            raise InvalidInput(f"ledger key {key!r} is empty or starts with '#'; begin it with the action's name")
        fields = {"actor": self._actor, "action": action, "subject": subject, "reason": reason}
        fields["evidence"] = evidence_text(action, evidence)
        with self._writing() as connection:
            standing = _by_key(connection, key)
            if standing is None:
                head = _head(connection)
                if expect is not None and head != expect:
                    raise overtaken(expect, _after(connection, expect))
                standing = sealed(head, at=self._now(), fields=fields, key=key)
                connection.execute(RECORDS.insert().values(standing))
        return record(standing)

    def records(
        self,
        *,
        action: str | None = None,
        subject: str | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        oldest: bool = False,
    ) -> list[LedgerRecord]:
        """Return records, oldest first; with a limit the newest, or the `oldest`, of them; raise CorruptArtefact.

        Records of an action, a subject or an actor are asked for by their whole name, those of a time from `since` to
        before `until`.
        """
        query = sa.select(RECORDS).order_by(RECORDS.c.seq if oldest else RECORDS.c.seq.desc()).limit(limit)
        for name, wanted in (("action", action), ("subject", subject), ("actor", actor)):
            if wanted is not None:
                query = query.where(RECORDS.c[name] == wanted)
        # Moments are text that sorts as it should byte by byte, and PostgreSQL's own language sorts otherwise.
        moment = RECORDS.c.at if self._file else sa.collate(RECORDS.c.at, "C")
        if since is not None:
            query = query.where(moment >= since.astimezone(UTC).isoformat())
        if until is not None:
            query = query.where(moment < until.astimezone(UTC).isoformat())
        found = [record(row) for row in self._rows(query)]
        return found if oldest else found[::-1]

    def head(self) -> tuple[int, str]:
        """Return the newest record's number and hash, to be kept elsewhere; (0, zeros) for an empty ledger."""
        rows = self._rows(sa.select(RECORDS).order_by(RECORDS.c.seq.desc()).limit(1))
        return (rows[0]["seq"], rows[0]["hash"]) if rows else (0, BEFORE_THE_FIRST)

    def verify(self, *, head: tuple[int, str] | None = None) -> list[str]:
        """Return what is wrong with the chain, one sentence a finding; empty when all is well.

        `head` is one that was kept elsewhere: the chain must still hold it.
        """
        try:
            rows = self._rows(sa.select(RECORDS).order_by(RECORDS.c.seq))
            return self._damage() + list(findings(rows)) + (cut_off(rows, head) if head else [])
        except CorruptArtefact as error:
            return [str(error)]

    @cached_property
    def _engine(self) -> sa.Engine:
        try:
            url = sa.make_url(self._url)
            sqlite = url.get_backend_name() == "sqlite"
            # A pooled SQLite connection would be carried into forked children, which corrupts the file.
            engine = sa.create_engine(
                url, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS} if sqlite else {}
            )
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            remedy = "write sqlite:///file or postgresql+psycopg://host/database and install that driver"
            # SQLAlchemy may quote a URL that it cannot parse, password and all.
            what = "it is no URL" if type(error) is ArgumentError else str(error)
            raise InvalidInput(f"the ledger's URL cannot be used ({what}); {remedy}") from None
        if engine.dialect.name not in ledger_schema.GUARDS:
            raise InvalidInput(f"the ledger cannot be kept in {engine.dialect.name}; use sqlite or postgresql")
        if sqlite and url.database in (None, "", ":memory:"):
            raise InvalidInput("a ledger in memory is forgotten; name its file, as in sqlite:////path/ledger.db")
        if sqlite:
            sa.event.listen(engine, "connect", _read_any_text)
        return engine

    @property
    def _file(self) -> Path | None:
        url = self._engine.url
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None

    @contextmanager
    def beside(self) -> Iterator[sa.Connection]:
        """Yield a connection that holds the ledger's lock, for tables that are kept beside the records.

        Everything is written when the block ends; raises what `append` raises of a database.
        """
        with self._writing() as connection:
            yield connection

    def read_beside(self, table: sa.Table, query: sa.Select[Any]) -> list[dict[str, Any]]:
        """Return the rows of a query of a table beside the records; none where there is no such table yet."""
        if self._file is not None and not self._file.exists():
            return []
        with self._database_errors(), self._engine.connect() as connection:
            if not sa.inspect(connection).has_table(table.name):
                return []
            return [dict(row) for row in connection.execute(query).mappings()]

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        if not self._prepared:
            self._prepare()
            self._prepared = True
        with self._locked() as connection:
            # Another process may have brought the schema further since.
            ledger_schema.version(connection)
            yield connection

    def _prepare(self) -> None:
        if self._file is not None:
            with self._database_errors():
                self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._locked() as connection:
            ledger_schema.bring_up(connection)

    @contextmanager
    def _locked(self) -> Iterator[sa.Connection]:
        with self._database_errors(), self._engine.begin() as connection:
            if self._engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
            yield connection

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        if self._file is not None and not self._file.exists():
            return []
        with self._database_errors(), self._engine.connect() as connection:
            if ledger_schema.version(connection) is None:
                return []
            return [dict(row) for row in connection.execute(query).mappings()]

    def _damage(self) -> list[str]:
        if self._file is None or not self._file.exists() or not self._file.stat().st_size:
            return []
        with self._database_errors(), self._engine.connect() as connection:
            if not sa.inspect(connection).has_table(RECORDS.name):
                return [ledger_schema.LOST]
            # Damage to a page can hide the newest records, which the chain alone would not show.
            told = connection.exec_driver_sql("PRAGMA integrity_check(5)").scalars().all()
        return [f"the ledger's file is damaged: {line}; restore it from a backup" for line in told if line != "ok"]

    @contextmanager
    def _database_errors(self) -> Iterator[None]:
        place = self._engine.url.render_as_string(hide_password=True)
        try:
            yield
        except OperationalError as error:
            if any(sign in str(error.orig) for sign in _DAMAGE):
                raise CorruptArtefact(f"ledger {place}: {error.orig}; restore it from a backup") from error
            remedy = "if it stays so, check that it exists, is writable, has space, and that nothing holds it"
            raise TransientError(f"ledger {place}: {error.orig}; try again, and {remedy}") from error
        except ProgrammingError as error:
            raise InvalidInput(
                f"ledger {place}: {error.orig}; give its user the right to create and fill a table"
            ) from error
        except DatabaseError as error:
            raise CorruptArtefact(f"ledger {place}: {error.orig}; restore it from a backup") from error
        except UnicodeDecodeError as error:
            # SQLite's own message quotes damaged text.
            raise CorruptArtefact(f"ledger {place}: its schema is damaged; restore it from a backup") from error
        except OSError as error:
            raise InvalidInput(f"ledger {place}: {error.strerror}; choose a folder that you may write to") from error


def _read_any_text(connection: Any, _: Any) -> None:
    # Damaged text must reach `verify`, not end it.
    connection.text_factory = lambda raw: raw.decode(errors="replace")


def _head(connection: sa.Connection) -> tuple[int, str]:
    last = connection.execute(sa.select(RECORDS.c.seq, RECORDS.c.hash).order_by(RECORDS.c.seq.desc()).limit(1)).first()
    return (last.seq, last.hash) if last else (0, BEFORE_THE_FIRST)


def _by_key(connection: sa.Connection, key: str | None) -> dict[str, Any] | None:
    row = connection.execute(sa.select(RECORDS).where(RECORDS.c.key == key)).mappings().first() if key else None
    return dict(row) if row else None


def _after(connection: sa.Connection, expect: tuple[int, str]) -> dict[str, Any] | None:
    query = sa.select(RECORDS).where(RECORDS.c.seq > expect[0]).order_by(RECORDS.c.seq).limit(1)
    row = connection.execute(query).mappings().first()
    return dict(row) if row else None
