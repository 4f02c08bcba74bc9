"""Leads from Parquet and CSV files on this machine: a file, a folder or a pattern. Files are read, never written."""

from collections.abc import Iterator
from datetime import date

import pyarrow as pa

from leadscore_assets.backends.local.file_index import FileCache, FileIndex
from leadscore_assets.backends.local.source_files import Format, SourceFile, find_files
from leadscore_assets.backends.ports import RawWeek
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.texts import as_text
from leadscore_assets.domain.validation import FILE, ROW, check_columns

_CACHE = FileCache()


class FilesSource:
    """The source of a home whose leads lie in files; rows keep the order of the files' names and of their lines."""

    def __init__(self, path: str, *, contract: Contract, format: Format = "auto") -> None:  # noqa: A002 - see find_files
        self._path = path
        self._contract = contract
        self._format: Format = format

    @property
    def address(self) -> str:
        """The path as it was given."""
        return f"file:{self._path}"

    def weeks(self) -> dict[date, str]:
        """Return the weeks that hold rows with their digests, oldest first; raise InvalidInput naming the file."""
        parts: dict[date, list[str]] = {}
        for _, index in self._indexes():
            for week, digest in index.digests.items():
                parts.setdefault(week, []).append(digest)
        if not parts:
            raise InvalidInput(f"the files of {self._path} hold no rows; add leads to them or name another path")
        return {week: digest_of(parts[week]) for week in sorted(parts)}

    def read(self, week: date) -> RawWeek:
        """Return a week's rows; raise InvalidInput when a file that holds some lacks a column of the contract."""
        tables, digests = [], []
        for file, index in self._indexes():
            if week in index.rows:
                check_columns(index.columns, self._contract, file=file.name)
                tables.append(_CACHE.week(file, index, week))
                digests.append(index.digests[week])
        return RawWeek(week, _joined(tables) if tables else self._nothing(), digest_of(digests))

    def _indexes(self) -> Iterator[tuple[SourceFile, FileIndex]]:
        for file in find_files(self._path, self._format):
            yield file, _CACHE.index(file, self._contract.created_at)

    def _nothing(self) -> pa.Table:
        return pa.schema([*self._contract.schema, (FILE, pa.string()), (ROW, pa.int64())]).empty_table()


def read_sample(path: str) -> pa.Table:
    """Return every row that a path names, as the files have them; raise InvalidInput naming the file and the remedy."""
    table = _joined([_CACHE.whole(file) for file in find_files(path, "auto")])
    if not table.num_rows:
        raise InvalidInput(f"{path} holds no rows; name a file that holds leads")
    return table


def _joined(tables: list[pa.Table]) -> pa.Table:
    """Put a week's parts under each other; a column whose type differs between files becomes text."""
    types: dict[str, set[pa.DataType]] = {}
    for table in tables:
        for field in table.schema:
            types.setdefault(field.name, set()).add(field.type)
    mixed = {name for name, found in types.items() if len(found - {pa.null()}) > 1}
    return pa.concat_tables([_with_texts(table, mixed) for table in tables], promote_options="default")


def _with_texts(table: pa.Table, names: set[str]) -> pa.Table:
    for name in names & set(table.column_names):
        table = table.set_column(table.column_names.index(name), name, as_text(table[name]))
    return table
