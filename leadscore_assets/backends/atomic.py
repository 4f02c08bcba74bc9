"""Writes that are whole or absent: a temporary name in the same folder, fsync, rename, fsync of the folder.

Whatever is killed, at whatever instant, a reader sees the old content or the new one. Files whose name starts with a
dot are unfinished and belong to nobody.
"""

import errno
import filecmp
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from leadscore_assets.domain.errors import InvalidInput, TransientError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_OCCUPIED = {errno.ENOTEMPTY, errno.EEXIST}


def write_atomically(path: Path, content: bytes) -> None:
    """Put a file in place, with its folders; raise TransientError on a full disk, InvalidInput without permission."""
    with storage_errors(path), unfinished(path.parent) as temporary:
        with temporary.open("xb") as file:
            file.write(content)
        move_file(temporary, path)


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """Yield a free temporary name in a folder (made if absent); what still stands there at the end is removed."""
    make_folder(folder)
    temporary = folder / f".{uuid4().hex}.tmp"
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def move_file(temporary: Path, target: Path) -> None:
    """Give a written file its name in the same folder, for good."""
    _sync(temporary)
    temporary.replace(target)
    _sync(target.parent)


def publish_folder(temporary: Path, target: Path) -> None:
    """Rename a finished folder into place on its own file system.

    A target that holds the same files already is left as it is and the temporary folder is removed; one that holds
    other files raises InvalidInput.
    """
    with storage_errors(target):
        make_folder(target.parent)
        _sync_tree(temporary)
        try:
            temporary.rename(target)
        except OSError as error:
            if error.errno not in _OCCUPIED:
                raise
            _require_same(temporary, target)
            discard(temporary)
        _sync(target.parent)


def discard(folder: Path) -> None:
    """Remove a folder so that it vanishes from its name at once, however long the removal takes."""
    with storage_errors(folder):
        doomed = folder.with_name(f".{uuid4().hex}.gone")
        folder.rename(doomed)
        shutil.rmtree(doomed)
        _sync(folder.parent)


@contextmanager
def passing_folder(folder: Path) -> Iterator[Path]:
    """Make a folder that nobody else may read (its parents too if absent) and yield it; it is gone afterwards."""
    with storage_errors(folder):
        folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents so that they outlive a power cut."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir()
        _sync(folder.parent)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals around a path into one sentence with a remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise TransientError(
                f"{path} cannot be written: the disk is full; free some space, then try again"
            ) from error
        if error.errno in _FORBIDDEN:
            remedy = "give yourself permission to that folder or choose another home with --home"
            raise InvalidInput(f"{path} cannot be used: {error.strerror}; {remedy}") from error
        raise InvalidInput(f"{path} cannot be used: {error.strerror or error}; check the path and its disk") from error


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)


def _require_same(left: Path, right: Path) -> None:
    names = _names(left)
    unequal = names ^ _names(right) or set(filecmp.cmpfiles(left, right, names, shallow=False)[1])
    if unequal:
        raise InvalidInput(f"{right} holds other content already (see {min(unequal)}); move it away, then try again")


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
