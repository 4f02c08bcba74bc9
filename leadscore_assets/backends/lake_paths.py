"""Where things lie below a lake's root, the same in every lake; no path leads out of it.

leads/week=2026-01-05/day=2026-01-05/part-<16 hex>.parquet   never replaced
leads/week=2026-01-05/manifest.json                          the pointer that makes a week visible
slices/week=2026-01-05/train.json                            addresses, no rows
"""

import re
from datetime import date
from pathlib import PurePosixPath

from leadscore_assets.domain.errors import InvalidInput

WEEKS = "leads/week="
MANIFEST = "/manifest.json"
WRITE_AGAIN = "run 'leadscore ingest', which writes weeks with lost files again, or restore it from a backup"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=-]{0,127}")


def inner_path(path: str, *, root: object) -> str:
    """Return a path below the root in its plain form; raise InvalidInput for one that leads out of it."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or set("\\\0") & set(path):
        raise outside(path, root=root)
    return str(PurePosixPath(path))


def outside(path: str, *, root: object) -> InvalidInput:
    """Return the refusal of a path that leads out of the lake."""
    return InvalidInput(f"{path!r} leads out of the lake {root}; give a path below it, without '..'")


def checked_name(name: str) -> str:
    """Return a name that may stand in a path; raise InvalidInput for any other."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} is no name; use letters, digits, '_', '.', '=' and '-'")
    return name


def part_path(under: str, sha256: str) -> str:
    """Return the path of a Parquet file, named by the bytes it holds."""
    return f"{PurePosixPath(under)}/part-{sha256[:16]}.parquet"


def manifest_path(week: date) -> str:
    """Return the path of a week's manifest."""
    return f"{WEEKS}{week}{MANIFEST}"


def slice_path(week: date, name: str) -> str:
    """Return the path of a slice's address."""
    return f"slices/week={week}/{checked_name(name)}.json"
