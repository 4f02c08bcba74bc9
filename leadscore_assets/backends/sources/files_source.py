"""Leads in Parquet and CSV files, on a disk or in a bucket: files are read once for each content, never written."""

from collections.abc import Callable, Sequence
from datetime import date

import pyarrow as pa

from leadscore_assets.backends.ports import RawWeek
from leadscore_assets.backends.sources.file_index import FileCache, FileIndex
from leadscore_assets.backends.sources.joining import joined
from leadscore_assets.backends.sources.notes import Notes, files_note, noted_files
from leadscore_assets.backends.sources.source_file import SourceFile
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.validation import FILE, ROW, check_columns

_CACHE = FileCache()
Listing = Callable[[], Sequence[SourceFile]]


class FilesSource:
    """The source of a home whose leads lie in files; rows keep the order of the files' names and of their lines."""

    def __init__(self, address: str, *, files: Listing, contract: Contract, notes: Notes | None = None) -> None:
        """`files` lists the files that there are now, sorted by name."""
        self._address = address
        self._files = files
        self._contract = contract
        self._notes = notes or Notes(None, address=address, created_at=contract.created_at)

    @property
    def address(self) -> str:
        """The place as it was given."""
        return self._address

    def weeks(self) -> dict[date, str]:
        """Return the weeks that hold rows with their digests, oldest first; raise InvalidInput naming the file."""
        parts: dict[date, list[str]] = {}
        for _, index in self._indexes():
            for week, digest in index.digests.items():
                parts.setdefault(week, []).append(digest)
        if not parts:
            raise InvalidInput(f"the files of {self._address} hold no rows; add leads to them or name another place")
        return {week: digest_of(parts[week]) for week in sorted(parts)}

    def read(self, week: date) -> RawWeek:
        """Return a week's rows; raise InvalidInput when a file that holds some lacks a column of the contract."""
        tables, digests = [], []
        for file, index in self._indexes():
            if week in index.rows:
                check_columns(index.columns, self._contract, file=file.name)
                tables.append(_CACHE.week(file, index, week, self._contract.created_at))
                digests.append(index.digests[week])
        return RawWeek(week, joined(tables) if tables else no_rows(self._contract), digest_of(digests))

    def _indexes(self) -> list[tuple[SourceFile, FileIndex]]:
        known = {index.stamp: index for index in noted_files(self._notes.load())}
        created_at = self._contract.created_at
        found = [
            (file, _CACHE.index(file, created_at, known=known.get(file.stamp()) if known else None))
            for file in self._files()
        ]
        self._notes.save(files_note(index for _, index in found))
        return found


def no_rows(contract: Contract) -> pa.Table:
    """Return a week without rows, in the contract's columns."""
    return pa.schema([*contract.schema, (FILE, pa.string()), (ROW, pa.int64())]).empty_table()


def read_sample(files: Sequence[SourceFile], *, place: str) -> pa.Table:
    """Return every row of some files, as the files have them; raise InvalidInput naming the file and the remedy."""
    table = joined([_CACHE.whole(file) for file in files])
    if not table.num_rows:
        raise InvalidInput(f"{place} holds no rows; name a file that holds leads")
    return table
