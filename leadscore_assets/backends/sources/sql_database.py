"""A database that is only ever read: one connection a question, one snapshot, no password in the URL, clear errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import NullPool

from leadscore_assets.domain.errors import InvalidInput, LeadscoreError, TransientError
from leadscore_assets.domain.moments import moment_us

_CONNECT_SECONDS = 15
# A row's text depends on these; the digest of a week must not.
_SESSION = {
    "TIME ZONE": "'UTC'",
    "datestyle": "'ISO, YMD'",
    "intervalstyle": "'postgres'",
    "extra_float_digits": "1",
    "bytea_output": "'hex'",
}
_EXTRAS = {"psycopg": "postgres"}


class Database:
    """The database at a SQLAlchemy URL; nothing is opened before it is asked.

    PostgreSQL and SQLite refuse every write themselves; elsewhere the transaction is rolled back, so give a user there
    the right to read alone.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def address(self) -> str:
        """The database in one line, without user and password."""
        url = self._engine.url
        port = f":{url.port}" if url.port else ""
        return f"{url.get_backend_name()}://{url.host or ''}{port}/{url.database or ''}"

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection in one read-only snapshot; raise InvalidInput or TransientError in the product's words."""
        engine = self._engine
        with self._errors(), engine.connect() as opened:
            connection = opened
            if engine.dialect.name == "postgresql":
                connection = opened.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                for name, value in _SESSION.items():
                    connection.exec_driver_sql(f"SET LOCAL {name} {'' if name == 'TIME ZONE' else 'TO '}{value}")
            try:
                yield connection
            finally:
                connection.rollback()

    @cached_property
    def _engine(self) -> sa.Engine:
        try:
            url = sa.make_url(self._url)
            if url.drivername == "postgresql":
                url = url.set(drivername="postgresql+psycopg")
            sqlite = url.get_backend_name() == "sqlite"
            postgres = url.drivername == "postgresql+psycopg"
            options = {"connect_timeout": _CONNECT_SECONDS} if postgres else {}
            engine = sa.create_engine(url, poolclass=NullPool, connect_args=options)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise InvalidInput(f"the source's url cannot be used ({_what(error)}); {_remedy(error)}") from None
        if sqlite:
            _check_sqlite(url)
            sa.event.listen(engine, "connect", _prepare_sqlite)
        return engine

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            if self._engine.dialect.name == "sqlite":
                raise self._refused(error) from None
            raise TransientError(
                f"{self.address}: {_first_line(error)}; try again, and if it stays so look at the url, the server and "
                "the user's rights"
            ) from None
        except DBAPIError as error:
            raise self._refused(error) from None

    def _refused(self, error: DBAPIError) -> LeadscoreError:
        return InvalidInput(f"{self.address}: {_first_line(error)}; mend [source] query, it may only read")


def _first_line(error: DBAPIError) -> str:
    # SQLAlchemy's own text would quote statement and values.
    return str(error.orig).strip().splitlines()[0]


def _what(error: Exception) -> str:
    # SQLAlchemy may quote a URL that it cannot parse, password and all.
    return "it is no URL" if type(error) is ArgumentError else str(error)


def _remedy(error: Exception) -> str:
    extra = _EXTRAS.get(error.name or "") if isinstance(error, ModuleNotFoundError) else None
    if extra:
        return f"run 'pip install leadscore-assets[{extra}]'"
    return "write postgresql://host/database or another SQLAlchemy URL, and install its driver"


def _check_sqlite(url: sa.URL) -> None:
    if url.database in (None, "", ":memory:"):
        raise InvalidInput("a database in memory holds no leads; name its file, as in sqlite:////path/leads.db")
    if not Path(str(url.database)).is_file():
        raise InvalidInput(f"{url.database} does not exist; correct the source's url")


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA query_only = ON")
    connection.create_function("leadscore_us", 1, _us, deterministic=True)


def _us(value: Any) -> int | None:
    """Read a moment as files' moments are read: SQLite itself has no type for it."""
    return None if value is None or isinstance(value, bytes) else moment_us(str(value))
