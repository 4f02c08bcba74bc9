"""Which files a source's path names: one file, a folder with all below it, or a pattern.

Hidden files and folders, and folders whose name begins with `_` (logs and half-written output of other tools), are not
leads. Everything else that cannot be read is an error, never skipped.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa

from leadscore_assets.backends.sources.allowed import EVERYWHERE, Allowed
from leadscore_assets.backends.sources.source_file import READ, Format, Kind, Stamp, kind_of, may_hold_leads
from leadscore_assets.domain.errors import InvalidInput, TransientError

_MAGIC = frozenset("*?[")
DELTA_LOG = "_delta_log"


@dataclass(frozen=True)
class LocalFile:
    """A file of leads on this machine; `name` is its path below the source's folder, with forward slashes."""

    path: Path
    name: str
    kind: Kind

    @property
    def place(self) -> str:
        """Where the file lies, for messages."""
        return f"{self.path}"

    def stamp(self, *, again: bool = False) -> Stamp:  # noqa: ARG002 - a disk is asked every time
        """Return what changes when the file's content does; raise TransientError where the file is gone."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            raise TransientError(
                f"{self.path} is gone or a link to nothing; try again, and remove the link if it stays"
            ) from None
        return (str(self.path), found.st_size, found.st_mtime_ns, found.st_ino)

    def open(self) -> Any:
        """Return the opened file."""
        return pa.OSFile(str(self.path), "rb")

    def lost(self, error: OSError) -> None:
        """Say nothing: a disk that fails is no other story than the file's."""


def find_files(path: str, format: Format, *, allowed: Allowed = EVERYWHERE) -> list[LocalFile]:  # noqa: A002 - the users' word
    """Return the files that a path names, sorted by name.

    Raises InvalidInput where there are none to read, and where one of them leads to a place that may not be read.
    """
    try:
        found = _found(Path(path).expanduser(), format)
        for file in found:
            allowed.check_file(file.path)
    except PermissionError as error:
        _unreadable(error)
    return found


def is_delta(folder: Path) -> bool:
    """Tell whether a folder is a Delta table, whose files are not to be read without its log."""
    return any((folder / DELTA_LOG).glob("*.json")) if folder.is_dir() else False


def _found(place: Path, format: Format) -> list[LocalFile]:  # noqa: A002
    if place.is_file():
        return [LocalFile(place, place.name, _kind(place, format))]
    if place.is_dir():
        return _in_folder(place, format)
    if _MAGIC & set(str(place)):
        return _of_pattern(place, format)
    raise InvalidInput(f"{place} does not exist; set the source's path to a file, a folder or a pattern of lead files")


def _in_folder(folder: Path, format: Format) -> list[LocalFile]:  # noqa: A002
    if is_delta(folder):
        raise InvalidInput(
            f'{folder} is a Delta table; name it with [source] kind = "delta" (init: --data delta://{folder.absolute()})'
        )
    there = list(_walk(folder))
    found = [(path, kind) for path in there if (kind := kind_of(path.name)) and format in ("auto", kind)]
    if not found:
        wanted = READ if format == "auto" else f".{format}"
        others = ", ".join(sorted(path.name for path in there)[:3]) or "nothing"
        raise InvalidInput(
            f"{folder} holds no {wanted} file, only {others}; put files of leads there or name another path"
        )
    return _sorted([LocalFile(path, path.relative_to(folder).as_posix(), kind) for path, kind in found])


def _of_pattern(pattern: Path, format: Format) -> list[LocalFile]:  # noqa: A002
    parts = pattern.parts
    first = next(at for at, part in enumerate(parts) if _MAGIC & set(part))
    root = Path(*parts[:first]) if first else Path()
    paths = [path for path in root.glob(str(Path(*parts[first:]))) if path.is_file() and not path.name.startswith(".")]
    if not paths:
        raise InvalidInput(f"no file matches {pattern}; correct the source's path")
    return _sorted([LocalFile(path, path.relative_to(root).as_posix(), _kind(path, format)) for path in paths])


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = [name for name in folders if may_hold_leads(name)]
        yield from (Path(place, name) for name in names if not name.startswith("."))


def _unreadable(error: OSError) -> NoReturn:
    raise InvalidInput(f"{error.filename} may not be read ({error.strerror}); grant this user read permission")


def _kind(path: Path, format: Format) -> Kind:  # noqa: A002
    if format != "auto":
        return format
    kind = kind_of(path.name)
    if kind is None:
        raise InvalidInput(f"{path} is no leads file: only {READ} are read; export it as one of them")
    return kind


def _sorted(files: list[LocalFile]) -> list[LocalFile]:
    return sorted(files, key=lambda file: file.name)
