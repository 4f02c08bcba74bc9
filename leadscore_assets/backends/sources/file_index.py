"""Where in a file each week's rows stand, and what they are worth as a digest: read once per content of the file.

Indexes and the last tables are kept for the process, so that a sensor's tick costs one look at each file and a backfill
does not parse a file for every week. What an earlier process knew of a file is taken from its source's notes.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from threading import Lock

import numpy as np
import pyarrow as pa

from leadscore_assets.backends.sources.csv_reading import HEADER_ROWS, read_csv
from leadscore_assets.backends.sources.parquet_reading import read_parquet, read_parquet_rows
from leadscore_assets.backends.sources.source_file import SourceFile, Stamp
from leadscore_assets.domain.digests import table_digest
from leadscore_assets.domain.errors import InvalidInput, TransientError
from leadscore_assets.domain.moments import Ints, day_of, mondays, read_moments
from leadscore_assets.domain.texts import Arrow
from leadscore_assets.domain.validation import FILE, ROW

_MEGABYTES = 256
_INDEXES = 4096


@dataclass(frozen=True)
class FileIndex:
    """A file's columns and, per week, its rows' ascending positions and their content's digest.

    Positions of scattered rows are not noted down: there they are None until the file is read again.
    """

    stamp: Stamp
    columns: tuple[str, ...]
    rows: dict[date, range | Ints | None]
    digests: dict[date, str]


@dataclass
class FileCache:
    """Indexes and tables of files by what their content is known by, the least recently used ones dropped first."""

    megabytes: int = _MEGABYTES
    _indexes: OrderedDict[tuple[Stamp, str], FileIndex] = field(default_factory=OrderedDict)
    _tables: OrderedDict[Stamp, pa.Table] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def index(self, file: SourceFile, created_at: str, *, known: FileIndex | None = None) -> FileIndex:
        """Return a file's index, the known one where it is of this content.

        Raises InvalidInput when the file, or its column of times, cannot be read.
        """
        stamp = file.stamp()
        with self._lock:
            found = self._indexes.get((stamp, created_at))
            if found is None:
                seen = known if known and known.stamp == stamp else None
                found = seen or _index(self._table(file, stamp), file, stamp, created_at)
                self._indexes[stamp, created_at] = found
                _shrink(self._indexes, too_many=len(self._indexes) - _INDEXES)
            self._indexes.move_to_end((stamp, created_at))
        return found

    def week(self, file: SourceFile, index: FileIndex, week: date, created_at: str) -> pa.Table:
        """Return a week's rows of a file, with the file's name and each row's number."""
        stamp, noted = index.stamp, index.rows[week]
        with self._lock:
            if noted is None:
                noted = _rows_by_week(self._table(file, stamp), file, created_at)[week]
            rows = np.asarray(noted, dtype=np.int64)
            table = self._tables.get(stamp)
            if table is None and file.kind == "parquet":
                picked = _unchanged(file, stamp, lambda: read_parquet_rows(file, rows))
            else:
                picked = self._table(file, stamp).take(rows)
        return _placed(picked, file, rows)

    def whole(self, file: SourceFile) -> pa.Table:
        """Return all rows of a file, with the file's name and each row's number."""
        with self._lock:
            table = self._table(file, file.stamp())
        return _placed(table, file, np.arange(table.num_rows, dtype=np.int64))

    def _table(self, file: SourceFile, stamp: Stamp) -> pa.Table:
        table = self._tables.pop(stamp, None)
        if table is None:
            table = _unchanged(file, stamp, lambda: read_parquet(file) if file.kind == "parquet" else _csv(file))
        self._tables[stamp] = table
        while sum(kept.nbytes for kept in self._tables.values()) > self.megabytes << 20:
            self._tables.popitem(last=False)
        return table


def _csv(file: SourceFile) -> pa.Table:
    try:
        with file.open() as opened:
            content = opened.read()
    except OSError as error:
        lost = file.lost(error)
        raise lost or error from None
    return read_csv(content, place=file.place)


def _index(table: pa.Table, file: SourceFile, stamp: Stamp, created_at: str) -> FileIndex:
    if created_at not in table.column_names:
        raise InvalidInput(_without_time(table, file, created_at))
    rows = _rows_by_week(table, file, created_at)
    digests = {week: table_digest(table.take(np.asarray(positions))) for week, positions in rows.items()}
    return FileIndex(stamp, tuple(table.column_names), rows, digests)


def _rows_by_week(table: pa.Table, file: SourceFile, created_at: str) -> dict[date, range | Ints | None]:
    """File every row under its week; one whose time cannot be read goes with the row before it, else the one after."""
    if not table.num_rows:
        return {}
    moments = read_moments(table[created_at])
    known = np.flatnonzero(moments.known)
    if not known.size:
        shown = table[created_at][0].as_py()
        raise InvalidInput(
            f"{file.place} has no readable time in its column {created_at} (the first is {shown!r}); "
            "write times as 2026-01-05T09:30:00Z, or name the right column as the contract's created_at"
        )
    before = np.searchsorted(known, np.arange(table.num_rows), side="right") - 1
    monday = mondays(moments.us)[known[np.maximum(before, 0)]]
    order = np.argsort(monday, kind="stable")
    values, starts = np.unique(monday[order], return_index=True)
    parts = np.split(order, starts[1:])
    return {day_of(int(value)): _compact(part) for value, part in zip(values, parts, strict=True)}


def _compact(positions: Ints) -> range | Ints:
    first, last = int(positions[0]), int(positions[-1])
    return range(first, last + 1) if last - first + 1 == len(positions) else positions


def _without_time(table: pa.Table, file: SourceFile, created_at: str) -> str:
    names = ", ".join(table.column_names)
    mixed = len(table.column_names) == 1 and any(mark in names for mark in ";\t|")
    remedy = (
        "separate its values with commas" if mixed else "add it, or name another column as the contract's created_at"
    )
    return f"{file.place} has no column {created_at}; its columns are {names}; {remedy}"


def _plain(table: pa.Table, file: SourceFile) -> pa.Table:
    """Drop what is of the file and not of its rows: metadata, dictionaries, and places of an earlier reading."""
    names = table.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"{file.place} has the column {', '.join(twice)} more than once; rename one of them")
    return pa.table({name: _decoded(table[name]) for name in names if name not in (FILE, ROW)})


def _decoded(column: Arrow) -> Arrow:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _placed(picked: pa.Table, file: SourceFile, rows: Ints) -> pa.Table:
    first = 1 if file.kind == "parquet" else 1 + HEADER_ROWS
    names = pa.array([file.name]).take(np.zeros(len(rows), dtype=np.int64))
    return picked.append_column(FILE, names).append_column(ROW, pa.array(rows + first))


def _unchanged(file: SourceFile, stamp: Stamp, read: Callable[[], pa.Table]) -> pa.Table:
    try:
        table = _plain(read(), file)
    except PermissionError:
        raise InvalidInput(f"{file.place} may not be read; grant this user read permission") from None
    if file.stamp(again=True) != stamp:
        raise TransientError(f"{file.place} changed while it was read; try again once it is written")
    return table


def _shrink(kept: OrderedDict[tuple[Stamp, str], FileIndex], *, too_many: int) -> None:
    for _ in range(too_many):
        kept.popitem(last=False)
