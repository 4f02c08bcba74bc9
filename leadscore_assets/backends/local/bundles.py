"""Bundles on a local disk: one folder a bundle, named by its digest.

A folder with such a name is whole: it was verified before one rename made it visible.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from leadscore_assets.backends.atomic import discard, make_folder, publish_folder, storage_errors
from leadscore_assets.backends.local.files import stored_tree
from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Missing
from leadscore_assets.domain.facts import StoredFile

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ASIDE = re.compile(r"\.[0-9a-f]{32}\.(damaged|tmp|gone)")


class LocalBundles:
    """The bundle store in a folder `root/<digest>/`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, folder: Path) -> str:
        """Verify a bundle's folder and move it in under its digest; the source is given up.

        A bundle that is kept already stays as it is; one whose kept files are damaged is replaced. Raise
        CorruptArtefact when the source does not match its manifest.
        """
        digest = bundle.verify(folder)
        target = self._root / digest
        with storage_errors(target):
            make_folder(self._root)
            self._set_aside_if_damaged(target, digest)
            self._move(folder, target)
        return digest

    def path(self, digest: str) -> Path:
        """Return a bundle's folder; raise Missing, and InvalidInput for what is no digest."""
        if not _DIGEST.fullmatch(digest):
            raise InvalidInput(f"{digest!r} is no bundle digest; give all 64 hexadecimal digits")
        folder = self._root / digest
        if not folder.is_dir():
            remedy = "train its week again or restore it from a backup"
            raise Missing(f"bundle {digest[:12]} is not in {self._root}; {remedy}")
        return folder

    def digests(self) -> Iterator[str]:
        """Return the digests of all bundles kept, in order."""
        found = self._root.iterdir() if self._root.is_dir() else ()
        yield from sorted(folder.name for folder in found if _DIGEST.fullmatch(folder.name))

    def files(self, under: str = "") -> Iterator[StoredFile]:
        """Yield every bundle by its digest, and what was set aside or left unfinished by its dotted name."""
        with storage_errors(self._root):
            found = sorted(self._root.iterdir()) if self._root.is_dir() else []
            for folder in found:
                if folder.name.startswith(under):
                    yield stored_tree(folder, folder.name)

    def remove(self, path: str) -> None:
        """Remove a bundle, or what was set aside, at once and whole; raise InvalidInput for any other name."""
        if not _DIGEST.fullmatch(path) and not _ASIDE.fullmatch(path):
            raise InvalidInput(f"{path!r} is no bundle of {self._root}; give a digest of 64 hexadecimal digits")
        place = self._root / path
        with storage_errors(place):
            if place.exists():
                discard(place)

    def _set_aside_if_damaged(self, target: Path, digest: str) -> None:
        try:
            if target.exists():
                bundle.verify(target, digest=digest)
        except CorruptArtefact:
            # Another process that adds the same bundle may have set it aside a moment before.
            with suppress(FileNotFoundError):
                target.rename(self._root / f".{uuid4().hex}.damaged")

    def _move(self, folder: Path, target: Path) -> None:
        if folder.stat().st_dev == self._root.stat().st_dev:
            publish_folder(folder, target)
            return
        copy = self._root / f".{uuid4().hex}.tmp"
        try:
            shutil.copytree(folder, copy)
            bundle.verify(copy, digest=target.name)
            publish_folder(copy, target)
        finally:
            shutil.rmtree(copy, ignore_errors=True)
        discard(folder)
