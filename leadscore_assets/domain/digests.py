"""Content digests: the same content has the same SHA-256 on every machine and in every run."""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

_CHUNK = 1 << 20


def canonical_json(value: Any) -> str:
    """Write a JSON value with sorted keys and no spaces; NaN and infinities are refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=str)


def digest_of(value: Any) -> str:
    """Return the SHA-256 (hex) of a JSON value's canonical form."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 (hex) of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def table_digest(table: pa.Table) -> str:
    """Return the SHA-256 (hex) of a table's schema and values, independent of chunks and of file encodings."""
    sink = _HashSink()
    _hash_into(sink, table.schema.empty_table())
    for column in table.itercolumns():
        # What lies in memory under a missing value is chance, so known values are hashed apart from where they stand.
        _hash_into(sink, pa.table({"known": column.is_valid()}))
        _hash_into(sink, pa.table({"values": column.drop_null()}))
    return sink.digest.hexdigest()


def _hash_into(sink: "_HashSink", table: pa.Table) -> None:
    plain = table.combine_chunks()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), plain.schema) as writer:
        writer.write_table(plain, max_chunksize=_CHUNK)


def tree_digest(files: Mapping[str, str]) -> str:
    """Return one SHA-256 (hex) over a mapping of relative names to file digests."""
    return digest_of(dict(files))


class _HashSink(io.RawIOBase):
    """A writable file that keeps only the hash of what is written to it."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def write(self, data: Any) -> int:
        """Take the bytes into the hash."""
        self.digest.update(data)
        return len(data)
