"""One version of a Delta Lake table, on a disk or in S3: its files' spans of time, and its rows by the engine.

delta-rs reads the log and the files, with deletion vectors and column mapping; what it raises is told in one sentence.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa

from leadscore_assets.backends.sources.allowed import EVERYWHERE, Allowed
from leadscore_assets.domain.calendar import WEEK, week_of
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import InvalidInput, LeadscoreError, TransientError

if TYPE_CHECKING:
    from deltalake import DeltaTable

_NETWORK = ("Generic S3 error", "HTTP error", "timed out", "Connection", "connect error")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_SHOWN = 200


@dataclass(frozen=True)
class DeltaPlace:
    """A table and which version of it is read: the newest, one by number, or the one that stood at a moment.

    `options` gives delta-rs's storage options anew each time; they hold credentials and appear nowhere.
    """

    uri: str
    version: int | None = None
    as_of: datetime | None = None
    options: Callable[[], dict[str, str]] | None = None
    allowed: Allowed = EVERYWHERE

    @property
    def address(self) -> str:
        """The table in one line, with the version where one is named."""
        if self.version is not None:
            return f"delta:{self.uri}@v{self.version}"
        return f"delta:{self.uri}" + (f"@{self.as_of:%Y-%m-%dT%H:%M:%S%z}" if self.as_of else "")

    @property
    def name(self) -> str:
        """The table's own name: the last part of where it lies."""
        return PurePosixPath(self.uri).name

    def open(self) -> "DeltaVersion":
        """Read the table's log; raise InvalidInput where there is no such version, TransientError on a lost network."""
        delta_table = _library()
        with self.errors():
            options = self.options() if self.options else None
            table = delta_table(self.uri, version=self.version, storage_options=options)
            if self.as_of:
                table.load_as_version(self.as_of)
                self._check_age(table)
        self._check_files(table)
        return DeltaVersion(self, table)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise what delta-rs and Arrow raise as the product's own errors."""
        from deltalake.exceptions import DeltaError, TableNotFoundError

        try:
            yield
        except TableNotFoundError:
            raise InvalidInput(f"{self.uri} is no Delta table; name the folder that holds its _delta_log") from None
        except (DeltaError, pa.ArrowException, OSError) as error:
            raise self._told(error) from None

    def _told(self, error: Exception) -> LeadscoreError:
        whole = " ".join(_COLOURS.sub("", str(error)).split())
        told = whole[:_SHOWN]
        if any(sign in whole for sign in _NETWORK):
            return TransientError(f"{self.address} was not reached ({told}); look at the network and try again")
        if "LogSegment end version" in whole or "not found" in whole:
            return InvalidInput(
                f"{self.address} cannot be read: the version, or a file of it, is not there or was vacuumed ({told}); "
                "name another version or as_of in [source]"
            )
        return InvalidInput(f"{self.address} cannot be read ({told}); mend the table or name another version")

    def _check_age(self, table: "DeltaTable") -> None:
        # The library answers a moment before the first commit with the first version.
        at: float = min((item["timestamp"] for item in table.history()), default=0)
        begun = datetime.fromtimestamp(at / 1000, UTC)
        if self.as_of and begun > self.as_of:
            raise InvalidInput(
                f"{self.uri} begins at {begun:%Y-%m-%dT%H:%M:%SZ}, after as_of {self.as_of}; name a later one"
            )

    def _check_files(self, table: "DeltaTable") -> None:
        """Refuse files outside of the table's own folder, as shallow clones and links name them."""
        for path in _file_paths(table):
            if "://" in path or path.startswith("/") or ".." in PurePosixPath(path).parts:
                raise InvalidInput(f"{self.uri} names the file {path} outside of itself; copy the table deeply")
            if self.options is None:
                self.allowed.check_file(Path(self.uri) / unquote(path))


@dataclass(frozen=True)
class FileSpan:
    """A file of the table: what its content is known by, its first and last week, and whether times are missing."""

    stamp: str
    first: date | None
    last: date | None
    lacks_times: bool


class DeltaVersion:
    """A table's version, opened."""

    def __init__(self, place: DeltaPlace, table: "DeltaTable") -> None:
        self._place, self._table = place, table

    @property
    def columns(self) -> dict[str, pa.DataType]:
        """The table's columns with their types."""
        schema = pa.schema(self._table.schema().to_arrow())
        return {field.name: field.type for field in schema}

    @property
    def stamp(self) -> str:
        """What this version is known by, also after the table was made anew."""
        return digest_of([f"{self._table.metadata().id}", self._table.version(), list(self.columns)])

    def spans(self, created_at: str) -> list[FileSpan] | None:
        """Return the files with the weeks that each may hold; None where the log does not tell of every file."""
        kind = self.columns[created_at]
        if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
            return None
        low, high, gaps = (f"{kind}.{created_at}" for kind in ("min", "max", "null_count"))
        told = pa.table(self._table.get_add_actions(flatten=True))
        wanted = {"path", "size_bytes", "modification_time", low, high, gaps}
        actions = told.select([name for name in told.column_names if name in wanted]).to_pylist()
        deleted = self._deleted()
        found = []
        for item in actions:
            first, last, lacking = item.get(low), item.get(high), item.get(gaps)
            if lacking is None or (first is None) != (last is None) or (first is None and lacking == 0):
                return None
            content = [item["path"], item["size_bytes"], item["modification_time"], deleted.get(item["path"])]
            found.append(FileSpan(digest_of(content), _week(first), _week(last), lacks_times=lacking > 0))
        return found

    def scan(self, predicate: str | None = None) -> Iterator[pa.Table]:
        """Yield the rows for which a predicate holds, in batches and in no order."""
        with self._place.errors():
            for batch in pa.RecordBatchReader.from_stream(self._table.scan(predicate=predicate)):
                yield _plain(pa.Table.from_batches([batch]))

    def _deleted(self) -> dict[str, str]:
        """Return a digest of the rows that deletion vectors take out of files, by the file's path."""
        if "deletionVectors" not in (self._table.protocol().reader_features or ()):
            return {}
        with self._place.errors():
            vectors = pa.RecordBatchReader.from_stream(self._table.deletion_vectors()).read_all().to_pylist()
        paths = _file_paths(self._table)
        kept = {unquote(item["filepath"]): digest_of(item["selection_vector"]) for item in vectors}
        return {path: digest for path in paths for place, digest in kept.items() if place.endswith(f"/{unquote(path)}")}


def week_predicate(column: str, kind: pa.DataType, first: date, last: date) -> str | None:
    """Return the predicate for the weeks from one Monday to another; None where the engine knows no times there."""
    name, end = quoted(column), last + WEEK
    if pa.types.is_date(kind):
        return f"{name} >= DATE '{first}' AND {name} < DATE '{end}'"
    if pa.types.is_timestamp(kind):
        zone = "Z" if kind.tz else ""
        low, high = (f"TIMESTAMP '{day}T00:00:00{zone}'" for day in (first, end))
        return f"{name} >= {low} AND {name} < {high}"
    return None


def quoted(column: str) -> str:
    """Return a column's name as the engine's SQL quotes it."""
    return '"' + column.replace('"', '""') + '"'


def _week(moment: Any) -> date | None:
    return None if moment is None else week_of(moment)


def _library() -> Any:
    try:
        from deltalake import DeltaTable
    except ModuleNotFoundError:
        raise InvalidInput("Delta tables need deltalake; run 'pip install leadscore-assets[delta]'") from None
    return DeltaTable


def _file_paths(table: "DeltaTable") -> list[str]:
    return [str(path) for path in pa.table(table.get_add_actions())["path"].to_pylist()]


def _plain(table: pa.Table) -> pa.Table:
    """Give texts and bytes the types that every reader of raw weeks knows."""
    for at, field in enumerate(table.schema):
        if pa.types.is_string_view(field.type) or pa.types.is_large_string(field.type):
            table = table.set_column(at, field.name, table[field.name].cast(pa.string()))
        elif pa.types.is_dictionary(field.type):
            table = table.set_column(at, field.name, table[field.name].cast(field.type.value_type))
    return table
