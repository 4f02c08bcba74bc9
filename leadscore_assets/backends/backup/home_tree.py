"""Which files of a home a backup takes, and in which order.

Pointers first, then what they point to: contents are never replaced, so whatever a pointer names is still there when it
is copied. Locks, drafts, logs, fetched objects, the note of a running server and the page's secret are nobody's memory.
"""

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

_LEFT_OUT = ("*.lock", "*-wal", "*-shm", "*-journal", "*.log", "*.log.*", "*.pid", "unfinished-*")
_LEFT_OUT_PATHS = ("cache", "endpoint/token", "endpoint/server.json", "training/*/attempt-*")
_SQLITE = b"SQLite format 3\0"
_CONTENT = re.compile(r"bundles/[0-9a-f]{64}/.*|.*/part-[0-9a-f]{16}\.parquet|registry/mlartifacts/.*")


def pointers(home: Path) -> list[str]:
    """Return the paths below the home of what is replaced as it changes: settings, documents, databases."""
    return [path for path in files(home) if not is_content(path)]


def contents(home: Path) -> list[str]:
    """Return the paths below the home of what is written once: bundles, leads, the files of training runs."""
    return [path for path in files(home) if is_content(path)]


def is_content(path: str) -> bool:
    """Tell whether a file is written once and never again."""
    return _CONTENT.fullmatch(path) is not None


def is_database(path: Path) -> bool:
    """Tell whether a file is a SQLite database."""
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def files(home: Path) -> Iterator[str]:
    """Yield the paths below a home of every file that a backup takes, in order; links are followed once."""
    walked: set[Path] = set()
    for folder, folders, names in os.walk(home, followlinks=True):
        real = Path(folder).resolve()
        if real in walked:
            folders.clear()
            continue
        walked.add(real)
        below = Path(folder).relative_to(home)
        folders[:] = sorted(name for name in folders if _wanted((below / name).as_posix()))
        for name in sorted(names):
            path = (below / name).as_posix()
            if _wanted(path) and (home / path).is_file():
                yield path


def _wanted(path: str) -> bool:
    name = path.rpartition("/")[2]
    return not (
        name.startswith(".")
        or any(fnmatch(name, pattern) for pattern in _LEFT_OUT)
        or any(fnmatch(path, pattern) for pattern in _LEFT_OUT_PATHS)
    )
