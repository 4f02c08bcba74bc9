"""The lake on a local folder: Parquet files named by their own bytes, JSON documents, and locks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pyarrow as pa

from leadscore_assets.backends.atomic import make_folder, move_file, storage_errors, unfinished, write_atomically
from leadscore_assets.backends.lake_documents import LakeDocuments, absent
from leadscore_assets.backends.lake_paths import WEEKS, checked_name, inner_path, outside, part_path
from leadscore_assets.backends.local.files import LocalFiles
from leadscore_assets.backends.parquet_files import gone, read_parquet_files, write_parquet
from leadscore_assets.domain.digests import file_digest
from leadscore_assets.domain.errors import TransientError
from leadscore_assets.domain.facts import DataFile, StoredFile, WeekManifest

_LOCKS = ".locks"


class LocalLake(LakeDocuments):
    """The lake below one folder, shared by the processes of one machine."""

    def __init__(self, root: Path, *, lock_seconds: float = 60.0) -> None:
        self._root = root
        self._lock_seconds = lock_seconds

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a named lock between processes; raise TransientError when it stays taken."""
        from filelock import FileLock, Timeout

        path = self._root / _LOCKS / f"{checked_name(name)}.lock"
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
            write_parquet(table, temporary)
            sha256 = file_digest(temporary)
            path = part_path(under, sha256)
            target = self._root / path
            if not target.exists() or file_digest(target) != sha256:
                move_file(temporary, target)
        return path, sha256

    def read_files(self, files: Sequence[DataFile], *, columns: Sequence[str] | None = None) -> pa.Table:
        """Read stored files in order, once their SHA-256 is found right; columns come in the order asked for.

        Raise CorruptArtefact for a file that is gone or changed, InvalidInput for a column that a file lacks, and
        ValueError for no files at all: without a file there is no schema.
        """
        return read_parquet_files(files, place=self._file, columns=columns, root=self._root)

    def holds(self, path: str) -> bool:
        """Tell whether a stored file or folder is there."""
        return self._place(path).exists()

    def local_path(self, path: str) -> Path:
        """Return where a stored file or folder lies; raise Missing."""
        place = self._place(path)
        if not place.exists():
            raise absent(path, root=self._root)
        return place

    def manifests(self, first: date, last: date) -> list[WeekManifest]:
        """Return the manifests of the weeks from `first` to `last` that exist, oldest first."""
        folders = self._root.glob(f"{WEEKS}*")
        weeks = sorted(date.fromisoformat(folder.name.partition("=")[2]) for folder in folders)
        found = [self.manifest(week) for week in weeks if first <= week <= last]
        return [manifest for manifest in found if manifest is not None]

    def write_bytes(self, path: str, content: bytes) -> str:
        """Store a file and return where it lies."""
        place = self._place(path)
        write_atomically(place, content)
        return str(place)

    def files(self, under: str = "") -> Iterator[StoredFile]:
        """Yield what is stored below a folder, unfinished files too; locks are no files of the lake."""
        return LocalFiles(self._root, left_out=(_LOCKS,)).files(under)

    def remove(self, path: str) -> None:
        """Remove one stored file; removing what is not there is removing nothing."""
        LocalFiles(self._root, left_out=(_LOCKS,)).remove(path)

    def _content(self, path: str) -> bytes | None:
        place = self._place(path)
        with storage_errors(place):
            return place.read_bytes() if place.is_file() else None

    def _where(self, path: str) -> str:
        return str(self._place(path))

    def _require(self, paths: Sequence[str]) -> None:
        for path in paths:
            self.local_path(path)

    def _file(self, file: DataFile) -> Path:
        place = self._place(file.path)
        with storage_errors(place):
            if not place.is_file():
                raise gone(str(place))
        return place

    def _place(self, path: str) -> Path:
        place = self._root / inner_path(path, root=self._root)
        if not place.resolve().is_relative_to(self._root.resolve()):
            raise outside(path, root=self._root)
        return place
