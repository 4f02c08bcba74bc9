"""Which files a source's path names: one file, a folder with all below it, or a pattern.

Hidden files and folders, and folders whose name begins with `_` (logs and half-written output of other tools), are not
leads. Everything else that cannot be read is an error, never skipped.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

from leadscore_assets.domain.errors import InvalidInput, TransientError

Kind = Literal["parquet", "csv"]
Format = Literal["auto", "parquet", "csv"]
Stamp = tuple[str, int, int, int]

_ENDINGS: dict[str, Kind] = {".parquet": "parquet", ".csv": "csv", ".csv.gz": "csv"}
_READ = ".parquet, .csv and .csv.gz"
_MAGIC = frozenset("*?[")


@dataclass(frozen=True)
class SourceFile:
    """A file of leads; `name` is its path below the source's folder, with forward slashes."""

    path: Path
    name: str
    kind: Kind

    def stamp(self) -> Stamp:
        """Return what changes when the file's content does; raise TransientError where the file is gone."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            raise TransientError(
                f"{self.path} is gone or a link to nothing; try again, and remove the link if it stays"
            ) from None
        return (str(self.path), found.st_size, found.st_mtime_ns, found.st_ino)


def find_files(path: str, format: Format) -> list[SourceFile]:  # noqa: A002 - the word users write in leadscore.toml
    """Return the files that a path names, sorted by name; raise InvalidInput where there are none to read."""
    try:
        return _found(Path(path).expanduser(), format)
    except PermissionError as error:
        _unreadable(error)


def _found(place: Path, format: Format) -> list[SourceFile]:  # noqa: A002
    if place.is_file():
        return [SourceFile(place, place.name, _kind(place, format))]
    if place.is_dir():
        return _in_folder(place, format)
    if _MAGIC & set(str(place)):
        return _of_pattern(place, format)
    raise InvalidInput(f"{place} does not exist; set the source's path to a file, a folder or a pattern of lead files")


def _in_folder(folder: Path, format: Format) -> list[SourceFile]:  # noqa: A002
    there = list(_walk(folder))
    found = [(path, kind) for path in there if (kind := _ending(path)) and format in ("auto", kind)]
    if not found:
        wanted = _READ if format == "auto" else f".{format}"
        others = ", ".join(sorted(path.name for path in there)[:3]) or "nothing"
        raise InvalidInput(
            f"{folder} holds no {wanted} file, only {others}; put files of leads there or name another path"
        )
    return _sorted([SourceFile(path, path.relative_to(folder).as_posix(), kind) for path, kind in found])


def _of_pattern(pattern: Path, format: Format) -> list[SourceFile]:  # noqa: A002
    parts = pattern.parts
    first = next(at for at, part in enumerate(parts) if _MAGIC & set(part))
    root = Path(*parts[:first]) if first else Path()
    paths = [path for path in root.glob(str(Path(*parts[first:]))) if path.is_file() and not path.name.startswith(".")]
    if not paths:
        raise InvalidInput(f"no file matches {pattern}; correct the source's path")
    return _sorted([SourceFile(path, path.relative_to(root).as_posix(), _kind(path, format)) for path in paths])


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = [name for name in folders if name[0] not in "._"]
        yield from (Path(place, name) for name in names if not name.startswith("."))


def _unreadable(error: OSError) -> NoReturn:
    raise InvalidInput(f"{error.filename} may not be read ({error.strerror}); grant this user read permission")


def _kind(path: Path, format: Format) -> Kind:  # noqa: A002
    if format != "auto":
        return format
    kind = _ending(path)
    if kind is None:
        raise InvalidInput(f"{path} is no leads file: only {_READ} are read; export it as one of them")
    return kind


def _ending(path: Path) -> Kind | None:
    name = path.name.lower()
    return next((kind for ending, kind in _ENDINGS.items() if name.endswith(ending)), None)


def _sorted(files: list[SourceFile]) -> list[SourceFile]:
    return sorted(files, key=lambda file: file.name)
