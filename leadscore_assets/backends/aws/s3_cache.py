"""Objects of S3 on this machine's disk, fetched once a version, shared by processes, bounded in size.

Every use asks S3 which version is the present one; bytes come from the disk when that one is there. What was used
within the last hour is never removed, so a path that was handed out can be read; the bound gives way to that.
"""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from leadscore_assets.backends.atomic import discard, make_folder, move_file, publish_folder, storage_errors, unfinished
from leadscore_assets.backends.aws.s3_store import S3Store

CACHE_BYTES = 20 << 30
_IN_USE_SECONDS = 3600.0


class S3Cache:
    """A folder of fetched objects, each under the name of its key and version."""

    def __init__(
        self, store: S3Store, root: Path, *, most_bytes: int = CACHE_BYTES, in_use_seconds: float = _IN_USE_SECONDS
    ) -> None:
        self._store = store
        self._root = root
        self._most_bytes = most_bytes
        self._in_use_seconds = in_use_seconds
        self._grown = most_bytes
        self._lock = threading.Lock()

    def path(self, key: str, *, anew: bool = False) -> Path | None:
        """Return a file with an object's present bytes, None where there is no such object.

        `anew` fetches it also when it is there: somebody changed the file on this disk.
        """
        facts = self._store.head(key)
        if facts is None:
            return None
        place = self._place(key, facts.etag)
        with storage_errors(place), suppress(FileNotFoundError):
            if not anew and place.stat().st_size == facts.size:
                return _used(place)
        return self._fetch(key)

    def version(self, key: str, etag: str) -> Path | None:
        """Return a file with the bytes of an object as a listing named it; S3 is asked where it is not here yet."""
        place = self._place(key, etag)
        with storage_errors(place), suppress(FileNotFoundError):
            return _used(place)
        return self._fetch(key)

    def folder(self, prefix: str) -> Path | None:
        """Return a folder with every object below a prefix (ending in '/'), None where there is none."""
        found = list(self._store.objects(prefix))
        place = self._place(prefix.rstrip("/"), repr(found))
        if found and not place.is_dir():
            self._assemble(place, {key.removeprefix(prefix): key for key, _ in found})
        return _used(place) if found else None

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """Yield a free temporary name, from where `keep` takes a file in."""
        with storage_errors(self._root), unfinished(self._root) as temporary:
            yield temporary

    def keep(self, temporary: Path, key: str, etag: str) -> Path:
        """Take a file in as this version of an object and return its place."""
        place = self._place(key, etag)
        self._make_room(temporary.stat().st_size)
        move_file(temporary, place)
        return _used(place)

    def _place(self, key: str, version: str) -> Path:
        name = hashlib.sha256(f"{key}\n{version}".encode()).hexdigest()[:32]
        return self._root / f"{name}-{Path(key).name}"

    def _fetch(self, key: str) -> Path | None:
        with self.writing() as temporary:
            facts = self._store.download(key, temporary)
            return None if facts is None else self.keep(temporary, key, facts.etag)

    def _assemble(self, place: Path, keys: dict[str, str]) -> None:
        with storage_errors(place):
            temporary = self._root / f".{uuid4().hex}.tmp"
            make_folder(temporary)
            try:
                for name, key in keys.items():
                    source = self.path(key)
                    if source is not None:
                        make_folder((temporary / name).parent)
                        os.link(source, temporary / name)
                publish_folder(temporary, place)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)

    def _make_room(self, size: int) -> None:
        """Remove what was not used for longest, at first and each time when an eighth of the bound has come."""
        with self._lock:
            self._grown += size
            if self._grown < self._most_bytes // 8:
                return
            self._grown = 0
            entries = sorted(_entries(self._root))
        total = sum(held for _, held, _ in entries)
        for used, held, path in entries:
            if total <= self._most_bytes or time.time() - used < self._in_use_seconds:
                return
            _remove(path)
            total -= held


def _entries(root: Path) -> Iterator[tuple[float, int, Path]]:
    """Yield when each entry was used last, its size in bytes and its path."""
    for path in root.iterdir():
        # Another process may make room as well.
        with suppress(FileNotFoundError):
            used = path.stat().st_atime
            inner = path.rglob("*") if path.is_dir() else (path,)
            yield used, sum(item.stat().st_size for item in inner), path


def _remove(path: Path) -> None:
    if path.is_dir():
        discard(path)
    else:
        path.unlink(missing_ok=True)


def _used(path: Path) -> Path:
    """Note that a path is in use; the time of its last change stays, for digests are remembered by it."""
    facts = path.stat()
    os.utime(path, ns=(time.time_ns(), facts.st_mtime_ns))
    return path
