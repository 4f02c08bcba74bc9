"""The lake in an S3 bucket, below `lake/` of its store: the same paths and the same bytes as the local lake.

Files are fetched whole into a cache on this machine and read there: that is how their SHA-256 can be checked before a
few columns are read, and each version crosses the network once. Locks are leases (`s3_lease`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import date
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from leadscore_assets.backends.aws.s3_cache import CACHE_BYTES, S3Cache
from leadscore_assets.backends.aws.s3_folder import S3Folder
from leadscore_assets.backends.aws.s3_lease import LEASE_SECONDS, S3Lease
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.waiting import Patience
from leadscore_assets.backends.lake_documents import LakeDocuments, absent
from leadscore_assets.backends.lake_paths import MANIFEST, WEEKS, checked_name, inner_path, manifest_path, part_path
from leadscore_assets.backends.parquet_files import gone, is_intact, read_parquet_files, write_parquet
from leadscore_assets.domain.digests import file_digest
from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.facts import DataFile, StoredFile, WeekManifest

Given = TypeVar("Given")
Got = TypeVar("Got")
LOCK_PATIENCE = Patience(interval=1.0, deadline=60.0)
_AT_ONCE = 8
_ROOT = "lake/"
_LOCKS = ".locks"


class S3Lake(LakeDocuments):
    """The lake of a store, shared by machines; `cache` is a folder of this one, shared by its processes.

    `patience` is how often, and for how long, a taken lock is looked at; a lock outlives a killed holder by
    `lease_seconds`. The cache holds `cache_bytes` at most, apart from what was used within the last hour.
    """

    def __init__(
        self,
        store: S3Store,
        cache: Path,
        *,
        patience: Patience = LOCK_PATIENCE,
        lease_seconds: float = LEASE_SECONDS,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self._store = store
        self._cache = S3Cache(store, cache, most_bytes=cache_bytes)
        self._patience = patience
        self._lease_seconds = lease_seconds
        self._root = store.uri(_ROOT.rstrip("/"))

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold a named lock between machines; raise TransientError when it stays taken or was lost before the end."""
        key = f"{_ROOT}{_LOCKS}/{checked_name(name)}.json"
        lease = S3Lease(self._store, key, name=name, seconds=self._lease_seconds, patience=self._patience)
        return lease.held()

    def uri(self, path: str) -> str:
        """Return a path's address in S3."""
        return self._store.uri(self._key(path))

    def write_table(self, table: pa.Table, *, under: str) -> tuple[str, str]:
        """Store a table as Parquet and return its path below the root and its SHA-256; equal tables give one file."""
        folder = inner_path(under, root=self._root)
        with self._cache.writing() as temporary:
            write_parquet(table, temporary)
            sha256 = file_digest(temporary)
            path = part_path(folder, sha256)
            self._cache.keep(temporary, self._key(path), self._store.upload_once(self._key(path), temporary))
        return path, sha256

    def read_files(self, files: Sequence[DataFile], *, columns: Sequence[str] | None = None) -> pa.Table:
        """Read stored files in order, once their SHA-256 is found right; columns come in the order asked for.

        S3 is asked of every file whether it is still the one in the cache. Raise CorruptArtefact for a file that is
        gone or changed, InvalidInput for a column that a file lacks, and ValueError for no files at all.
        """
        places = dict(zip(files, _together(self._file, files), strict=True))
        return read_parquet_files(files, place=places.__getitem__, columns=columns, root=self._root)

    def holds(self, path: str) -> bool:
        """Tell whether a stored file, or anything below a folder, is there."""
        key = self._key(path)
        return self._store.head(key) is not None or any(self._store.objects(f"{key}/"))

    def local_path(self, path: str) -> Path:
        """Return where a stored file or folder lies on this machine, fetched if it is not there; raise Missing."""
        key = self._key(path)
        found = self._cache.path(key) or self._cache.folder(f"{key}/")
        if found is None:
            raise absent(path, root=self._root)
        return found

    def manifests(self, first: date, last: date) -> list[WeekManifest]:
        """Return the manifests of the weeks from `first` to `last` that exist, oldest first.

        Only those weeks are listed, and each version of a manifest crosses the network once.
        """
        start = f"{_ROOT}{WEEKS}"
        listed = self._store.objects(start, after=f"{start}{first}")
        # No key of a week sorts behind its name with a '~'.
        versions = dict(takewhile(lambda item: item[0] < f"{start}{last}~", listed))
        names = (key.removeprefix(start) for key in versions)
        weeks = [date.fromisoformat(name[:10]) for name in names if name[10:] == MANIFEST]
        found = _together(lambda week: self._kept_manifest(week, versions), weeks)
        return [manifest for manifest in found if manifest is not None]

    def write_bytes(self, path: str, content: bytes) -> str:
        """Store a file and return where it lies."""
        self._store.put(self._key(path), content)
        return self.uri(path)

    def files(self, under: str = "") -> Iterator[StoredFile]:
        """Yield what is stored below a folder; locks are no files of the lake."""
        return S3Folder(self._store, _ROOT, left_out=(_LOCKS,)).files(under)

    def remove(self, path: str) -> None:
        """Remove one stored file; removing what is not there is removing nothing."""
        self._store.delete(self._key(path))

    def _kept_manifest(self, week: date, versions: Mapping[str, str]) -> WeekManifest | None:
        key = self._key(manifest_path(week))
        place = self._cache.version(key, versions[key])
        try:
            return None if place is None else self._manifest(week, place.read_bytes())
        except CorruptArtefact:
            # S3's object may be right and this disk's copy not.
            return self.manifest(week)

    def _content(self, path: str) -> bytes | None:
        found = self._store.get(self._key(path))
        return None if found is None else found.content

    def _where(self, path: str) -> str:
        return self.uri(path)

    def _require(self, paths: Sequence[str]) -> None:
        for path, found in zip(paths, _together(self.holds, paths), strict=True):
            if not found:
                raise absent(path, root=self._root)

    def _file(self, file: DataFile) -> Path:
        key = self._key(file.path)
        place = self._cache.path(key)
        if place is not None and not is_intact(place, file.sha256):
            # S3's object may be right and this disk's copy not.
            place = self._cache.path(key, anew=True)
        if place is None:
            raise gone(self.uri(file.path))
        return place

    def _key(self, path: str) -> str:
        return _ROOT + inner_path(path, root=self._root)


def _together(ask: Callable[[Given], Got], items: Sequence[Given]) -> list[Got]:
    """Ask about several items at once, for an answer of S3 is mostly waiting."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(ask, items))
