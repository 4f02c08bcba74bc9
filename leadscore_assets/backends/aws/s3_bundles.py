"""Bundles in an S3 bucket: `bundles/<digest>/model.tar.gz`, which SageMaker serves as it is.

A bundle is used from a folder of this machine, kept by a local store that this one fills.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.bundle_archive import ARCHIVE, pack, unpack
from leadscore_assets.backends.ports import BundleStore
from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Missing
from leadscore_assets.domain.facts import StoredFile

_ROOT = "bundles/"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(rf"{_ROOT}([0-9a-f]{{64}})/{re.escape(ARCHIVE)}")


class S3Bundles:
    """The bundle store of a bucket; `cache` keeps the bundles that this machine uses."""

    def __init__(self, store: S3Store, cache: BundleStore) -> None:
        self._store = store
        self._cache = cache

    def uri(self, digest: str) -> str:
        """Return the address of a bundle's archive in S3, as a SageMaker model names it."""
        return self._store.uri(_key(digest))

    def add(self, folder: Path) -> str:
        """Verify a bundle's folder, store it under its digest and give the folder up to the cache.

        A bundle that is stored already stays as it is; one that is damaged there is replaced. Raise CorruptArtefact
        when the source does not match its manifest.
        """
        digest = bundle.verify(folder)
        with TemporaryDirectory() as scratch:
            archive = Path(scratch) / ARCHIVE
            pack(folder, archive)
            if self._store.upload(_key(digest), archive, only_new=True) is None and not self._is_whole(digest):
                self._store.upload(_key(digest), archive)
        return self._cache.add(folder)

    def path(self, digest: str) -> Path:
        """Return a bundle's folder on this machine, fetched and verified first; raise Missing or CorruptArtefact."""
        try:
            kept = self._cache.path(digest)
            bundle.verify(kept, digest=digest)
        except (Missing, CorruptArtefact):
            with self._fetched(digest) as folder:
                self._cache.add(folder)
            return self._cache.path(digest)
        return kept

    def digests(self) -> Iterator[str]:
        """Return the digests of all bundles stored, in order."""
        for key, _ in self._store.objects(_ROOT):
            found = _KEY.fullmatch(key)
            if found:
                yield found[1]

    def files(self, under: str = "") -> Iterator[StoredFile]:
        """Yield every stored bundle by its digest; its size is that of its archive."""
        for item in self._store.listed(f"{_ROOT}{under}"):
            found = _KEY.fullmatch(item.path)
            if found:
                yield replace(item, path=found[1])

    def remove(self, path: str) -> None:
        """Remove a bundle from the bucket, then from this machine; raise InvalidInput for what is no digest."""
        if not _DIGEST.fullmatch(path):
            raise InvalidInput(f"{path!r} is no bundle digest; give all 64 hexadecimal digits")
        self._store.delete(_key(path))
        self._cache.remove(path)

    def _is_whole(self, digest: str) -> bool:
        try:
            with self._fetched(digest):
                return True
        except (Missing, CorruptArtefact):
            return False

    @contextmanager
    def _fetched(self, digest: str) -> Iterator[Path]:
        with TemporaryDirectory() as scratch:
            archive, folder = Path(scratch) / ARCHIVE, Path(scratch) / digest
            if self._store.download(_key(digest), archive) is None:
                where, remedy = self._store.uri(_ROOT), "train its week again or restore it from a backup"
                raise Missing(f"bundle {digest[:12]} is not in {where}; {remedy}")
            folder.mkdir()
            unpack(archive, folder)
            bundle.verify(folder, digest=digest)
            yield folder


def _key(digest: str) -> str:
    return f"{_ROOT}{digest}/{ARCHIVE}"
