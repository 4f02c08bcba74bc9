"""What a source was found to hold, noted down in the home: what did not change is not read again by another process.

Notes save time and are never needed: they are kept per source in one JSON file, written whole, and left out where they
cannot be written or read.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from leadscore_assets.backends.atomic import write_atomically
from leadscore_assets.backends.sources.file_index import FileIndex
from leadscore_assets.domain.digests import canonical_json, digest_of
from leadscore_assets.domain.errors import LeadscoreError

# Another number where the meaning of what is noted changes.
_VERSION = 1


class Notes:
    """The notes on one source as one column of times sees it; without a folder nothing is kept."""

    def __init__(self, folder: Path | None, *, address: str, created_at: str) -> None:
        name = digest_of([_VERSION, address, created_at])[:32]
        self._path = folder / f"{name}.json" if folder else None
        self._kept: dict[str, Any] | None = None

    def load(self) -> dict[str, Any]:
        """Return what was noted last, an empty document where nothing was or it cannot be read."""
        if self._kept is None:
            self._kept = {}
            if self._path:
                with suppress(OSError, ValueError):
                    found = json.loads(self._path.read_text(encoding="utf-8"))
                    self._kept = found if isinstance(found, dict) else {}
        return self._kept

    def save(self, content: dict[str, Any]) -> None:
        """Note a document in the place of the one before."""
        if content == self._kept:
            return
        self._kept = content
        if self._path:
            with suppress(LeadscoreError):
                write_atomically(self._path, canonical_json(content).encode())


def noted_files(content: dict[str, Any]) -> Iterator[FileIndex]:
    """Yield the indexes of files that a document holds."""
    for entry in content.get("files", []):
        weeks = {date.fromisoformat(week): found for week, found in entry["weeks"].items()}
        yield FileIndex(
            stamp=tuple(entry["stamp"]),
            columns=tuple(entry["columns"]),
            rows={week: range(*found["rows"]) if found["rows"] else None for week, found in weeks.items()},
            digests={week: found["digest"] for week, found in weeks.items()},
        )


def files_note(indexes: Iterable[FileIndex]) -> dict[str, Any]:
    """Return the document of files' indexes."""
    return {"files": [_entry(index) for index in indexes]}


def _entry(index: FileIndex) -> dict[str, Any]:
    weeks = {
        week.isoformat(): {"digest": index.digests[week], "rows": _edges(rows)} for week, rows in index.rows.items()
    }
    return {"stamp": list(index.stamp), "columns": list(index.columns), "weeks": weeks}


def _edges(rows: Any) -> list[int] | None:
    return [rows.start, rows.stop] if isinstance(rows, range) else None
