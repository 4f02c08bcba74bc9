"""Parquet files on this machine: equal tables give equal bytes, and none is read before its SHA-256 is found right.

A file's digest is computed once as long as nobody touches the file.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from leadscore_assets.backends.atomic import storage_errors
from leadscore_assets.backends.lake_paths import WRITE_AGAIN
from leadscore_assets.domain.digests import file_digest
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, TransientError
from leadscore_assets.domain.facts import DataFile

_ROW_GROUP = 131_072


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table to a new file; raise TransientError when it does not read back."""
    # How the caller's table is cut into chunks must not show in the bytes.
    plain = table.combine_chunks()
    pq.write_table(
        plain, path, row_group_size=_ROW_GROUP, compression="zstd", use_dictionary=True, write_statistics=True
    )
    footer = pq.read_metadata(path)
    if footer.num_rows != table.num_rows or footer.schema.to_arrow_schema().names != table.schema.names:
        raise TransientError(
            f"{path} reads back as {footer.num_rows} rows, not {table.num_rows}; check the disk, try again"
        )


def read_parquet_files(
    files: Sequence[DataFile], *, place: Callable[[DataFile], Path], columns: Sequence[str] | None, root: object
) -> pa.Table:
    """Read stored files in order, once their SHA-256 is found right; columns come in the order asked for.

    `place` gives a file's path on this machine, `root` the lake that it is told to lie in. Raise CorruptArtefact for a
    changed file, InvalidInput for a column that a file lacks, and ValueError for no files: without one is no schema.
    """
    if not files:
        raise ValueError("no files to read, so no schema to give an empty table")
    tables = [_read(file, place(file), columns, f"{root}/{file.path}") for file in files]
    try:
        return pa.concat_tables(tables)
    except pa.ArrowInvalid as error:
        what = f"files from {files[0].path} to {files[-1].path} differ in their columns"
        raise InvalidInput(f"{what} ({error}); materialize weekly_leads again for the older weeks") from None


def is_intact(path: Path, sha256: str) -> bool:
    """Tell whether a file holds the bytes of a SHA-256."""
    facts = path.stat()
    return _digest_once(str(path), facts.st_ino, facts.st_mtime_ns, facts.st_size) == sha256


def gone(path: str) -> CorruptArtefact:
    """Return the error for a file that a manifest or a slice names and that is not there."""
    return CorruptArtefact(f"{path} is gone; {WRITE_AGAIN}")


def _read(file: DataFile, path: Path, columns: Sequence[str] | None, name: str) -> pa.Table:
    with storage_errors(path):
        if not is_intact(path, file.sha256):
            raise CorruptArtefact(f"{name} is not what was written (its SHA-256 differs); {WRITE_AGAIN}")
        return _columns(path, columns, name)


@lru_cache(maxsize=8192)
def _digest_once(path: str, _inode: int, _mtime_ns: int, _size: int) -> str:
    return file_digest(Path(path))


def _columns(path: Path, columns: Sequence[str] | None, name: str) -> pa.Table:
    # Not pq.read_table: it would add the folders' week= and day= as columns.
    with pq.ParquetFile(path) as file:
        absent = sorted(set(columns or ()) - set(file.schema_arrow.names))
        if absent:
            raise InvalidInput(f"{name} has no column {', '.join(absent)}; {WRITE_AGAIN}")
        table = file.read(columns=None if columns is None else list(columns))
    return table if columns is None else table.select(list(columns))
