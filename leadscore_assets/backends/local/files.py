"""Files below a folder of this machine: listed with their age, and removed one by one."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from leadscore_assets.backends.atomic import storage_errors
from leadscore_assets.backends.lake_paths import inner_path, outside
from leadscore_assets.domain.facts import StoredFile


class LocalFiles:
    """A FileStore in a folder; entries of the root named in `left_out` are nobody's to list or remove."""

    def __init__(self, root: Path, *, left_out: tuple[str, ...] = ()) -> None:
        self._root = root
        self._left_out = left_out

    def files(self, under: str = "") -> Iterator[StoredFile]:
        """Yield the files below a folder in the order of their paths; links are not followed."""
        start = self._root / inner_path(under, root=self._root) if under else self._root
        with storage_errors(start):
            for path in sorted(_walk(start), key=Path.as_posix):
                inner = path.relative_to(self._root)
                if inner.parts[0] not in self._left_out:
                    # Whoever wrote or removed it meanwhile keeps nobody from listing the rest.
                    with suppress(FileNotFoundError):
                        yield stored_tree(path, inner.as_posix())

    def remove(self, path: str) -> None:
        """Remove a file, and its folders as far as they are empty then; removing nothing is no error."""
        place = self._root / inner_path(path, root=self._root)
        if not place.parent.resolve().is_relative_to(self._root.resolve()) or place.parts[-1] in self._left_out:
            raise outside(path, root=self._root)
        with storage_errors(place):
            place.unlink(missing_ok=True)
        self._drop_empty(place.parent)

    def _drop_empty(self, folder: Path) -> None:
        while folder != self._root:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                return
            folder = folder.parent


def stored_tree(path: Path, name: str) -> StoredFile:
    """Return a file, or a folder with all its files as one thing; as old as the newest of them."""
    inner = [path, *(_walk(path) if path.is_dir() and not path.is_symlink() else ())]
    facts = [item.lstat() for item in inner]
    newest = max(item.st_mtime for item in facts)
    size = sum(item.st_size for item, place in zip(facts, inner, strict=True) if not place.is_dir())
    return StoredFile(name, size, datetime.fromtimestamp(newest, UTC))


def _walk(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place) / name for name in names)
