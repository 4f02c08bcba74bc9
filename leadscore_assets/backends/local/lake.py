"""The lake on a local folder: Parquet files named by their own bytes, JSON documents, and locks.

leads/week=2026-01-05/day=2026-01-05/part-<16 hex>.parquet   never replaced
leads/week=2026-01-05/manifest.json                          the pointer that makes a week visible
slices/week=2026-01-05/train.json                            addresses, no rows
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from leadscore_assets.backends.local.atomic import make_folder, move_file, storage_errors, unfinished, write_atomically
from leadscore_assets.domain.digests import file_digest
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Missing, TransientError
from leadscore_assets.domain.facts import DataFile, Record, Slice, WeekManifest

Item = TypeVar("Item", bound=Record)
_ROW_GROUP = 131_072
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=-]{0,127}")
_WRITE_AGAIN = "run 'leadscore ingest', which writes weeks with lost files again, or restore it from a backup"


class LocalLake:
    """The lake below one folder, shared by the processes of one machine."""

    def __init__(self, root: Path, *, lock_seconds: float = 60.0) -> None:
        self._root = root
        self._lock_seconds = lock_seconds

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a named lock between processes; raise TransientError when it stays taken."""
        from filelock import FileLock, Timeout

        path = self._root / ".locks" / f"{_checked_name(name)}.lock"
        with storage_errors(path):
            make_folder(path.parent)
            lock = FileLock(path, timeout=self._lock_seconds)
            try:
                lock.acquire()
            except Timeout:
                remedy = "another run is at work on it: wait for it or cancel it, then try again"
                raise TransientError(f"lock {name} was taken for {self._lock_seconds:g} s ({path}); {remedy}") from None
        try:
            yield
        finally:
            lock.release()

    def write_table(self, table: pa.Table, *, under: str) -> tuple[str, str]:
        """Store a table as Parquet and return its path below the root and its SHA-256; equal tables give one file."""
        folder = self._place(under)
        with storage_errors(folder), unfinished(folder) as temporary:
            _write_parquet(table, temporary)
            sha256 = file_digest(temporary)
            target = folder / f"part-{sha256[:16]}.parquet"
            if not target.exists() or file_digest(target) != sha256:
                move_file(temporary, target)
        return f"{PurePosixPath(under)}/{target.name}", sha256

    def read_files(self, files: Sequence[DataFile], *, columns: Sequence[str] | None = None) -> pa.Table:
        """Read stored files in order, once their SHA-256 is found right; columns come in the order asked for.

        Raise CorruptArtefact for a file that is gone or changed, InvalidInput for a column that a file lacks, and
        ValueError for no files at all: without a file there is no schema.
        """
        if not files:
            raise ValueError("no files to read, so no schema to give an empty table")
        tables = [self._read(file, columns) for file in files]
        try:
            return pa.concat_tables(tables)
        except pa.ArrowInvalid as error:
            what = f"files from {files[0].path} to {files[-1].path} differ in their columns"
            raise InvalidInput(f"{what} ({error}); materialize weekly_leads again for the older weeks") from None

    def holds(self, path: str) -> bool:
        """Tell whether a stored file or folder is there."""
        return self._place(path).exists()

    def local_path(self, path: str) -> Path:
        """Return where a stored file or folder lies; raise Missing."""
        place = self._place(path)
        if not place.exists():
            raise Missing(f"{path} is not in the lake {self._root}; materialize the asset that writes it")
        return place

    def manifest(self, week: date) -> WeekManifest | None:
        """Return the current manifest of a week, None where it was never written."""
        path = _manifest_path(week)
        content = self.read_json(path)
        return None if content is None else _record(WeekManifest, content, path, _WRITE_AGAIN)

    def manifests(self, first: date, last: date) -> list[WeekManifest]:
        """Return the manifests of the weeks from `first` to `last` that exist, oldest first."""
        folders = (self._root / "leads").glob("week=*")
        weeks = sorted(date.fromisoformat(folder.name.removeprefix("week=")) for folder in folders)
        found = [self.manifest(week) for week in weeks if first <= week <= last]
        return [manifest for manifest in found if manifest is not None]

    def publish(self, manifest: WeekManifest) -> None:
        """Make a week visible; raise Missing when a file that it names was not written."""
        for file in manifest.files:
            self.local_path(file.path)
        if manifest.quarantine_file:
            self.local_path(manifest.quarantine_file)
        self.write_json(_manifest_path(manifest.week), manifest.to_json())

    def write_slice(self, item: Slice) -> None:
        """Store a slice's address."""
        self.write_json(_slice_path(item.week, item.name), item.to_json())

    def slice(self, week: date, name: str) -> Slice:
        """Return a stored slice; raise Missing with the remedy."""
        path = _slice_path(week, name)
        content = self.read_json(path)
        if content is None:
            raise Missing(f"week {week} has no {name} slice; materialize {name}_slice for it")
        return _record(Slice, content, path, f"materialize {name}_slice for week {week} again")

    def write_json(self, path: str, content: Mapping[str, Any]) -> str:
        """Store a JSON document and return where it lies; equal content gives equal bytes."""
        try:
            text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False, default=str)
        except ValueError as error:
            raise InvalidInput(f"{path}: {error}; leave values that are not finite out of the document") from None
        return self.write_bytes(path, f"{text}\n".encode())

    def read_json(self, path: str) -> dict[str, Any] | None:
        """Read a JSON document, None where there is none; raise CorruptArtefact for what is not one."""
        place = self._place(path)
        try:
            with storage_errors(place):
                content = json.loads(place.read_bytes()) if place.is_file() else None
        except ValueError as error:
            raise CorruptArtefact(
                f"{place} is not JSON ({error}); write it again or restore it from a backup"
            ) from None
        if content is not None and not isinstance(content, dict):
            raise CorruptArtefact(f"{place} holds no JSON object; write it again or restore it from a backup")
        return content

    def write_bytes(self, path: str, content: bytes) -> str:
        """Store a file and return where it lies."""
        place = self._place(path)
        write_atomically(place, content)
        return str(place)

    def _place(self, path: str) -> Path:
        parts = PurePosixPath(path).parts
        inside = bool(parts) and not path.startswith("/") and ".." not in parts and not set("\\\0") & set(path)
        if inside and (self._root / path).resolve().is_relative_to(self._root.resolve()):
            return self._root / path
        raise InvalidInput(f"{path!r} leads out of the lake {self._root}; give a path below it, without '..'")

    def _read(self, file: DataFile, columns: Sequence[str] | None) -> pa.Table:
        place = self._place(file.path)
        with storage_errors(place):
            if not place.is_file():
                raise CorruptArtefact(f"{place} is gone; {_WRITE_AGAIN}")
            facts = place.stat()
            if _digest_once(str(place), facts.st_ino, facts.st_mtime_ns, facts.st_size) != file.sha256:
                raise CorruptArtefact(f"{place} is not what was written (its SHA-256 differs); {_WRITE_AGAIN}")
            return _read_parquet(place, columns)


@lru_cache(maxsize=8192)
def _digest_once(path: str, _inode: int, _mtime_ns: int, _size: int) -> str:
    return file_digest(Path(path))


def _write_parquet(table: pa.Table, path: Path) -> None:
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


def _read_parquet(path: Path, columns: Sequence[str] | None) -> pa.Table:
    # Not pq.read_table: it would add the folders' week= and day= as columns.
    with pq.ParquetFile(path) as file:
        absent = sorted(set(columns or ()) - set(file.schema_arrow.names))
        if absent:
            raise InvalidInput(f"{path} has no column {', '.join(absent)}; {_WRITE_AGAIN}")
        table = file.read(columns=None if columns is None else list(columns))
    return table if columns is None else table.select(list(columns))


def _record(kind: type[Item], content: dict[str, Any], path: str, remedy: str) -> Item:
    try:
        return kind.from_json(content)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise CorruptArtefact(f"{path} is no {kind.__name__} ({error}); {remedy}") from None


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} is no name; use letters, digits, '_', '.', '=' and '-'")
    return name


def _manifest_path(week: date) -> str:
    return f"leads/week={week}/manifest.json"


def _slice_path(week: date, name: str) -> str:
    return f"slices/week={week}/{_checked_name(name)}.json"
