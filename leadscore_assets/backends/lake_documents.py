"""The documents of a lake, the same in every lake: manifests that make weeks visible, slices, and JSON at a path.

A lake derives from it and says how bytes are stored, found and required.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from leadscore_assets.backends.lake_paths import WRITE_AGAIN, manifest_path, slice_path
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Missing
from leadscore_assets.domain.facts import Record, Slice, WeekManifest

Item = TypeVar("Item", bound=Record)


class LakeDocuments(ABC):
    """What every lake does with documents on top of stored bytes."""

    @abstractmethod
    def write_bytes(self, path: str, content: bytes) -> str:
        """Store a file and return where it lies."""

    @abstractmethod
    def _content(self, path: str) -> bytes | None:
        """Return a file's bytes, None where there is none."""

    @abstractmethod
    def _where(self, path: str) -> str:
        """Return where a path lies, for messages."""

    @abstractmethod
    def _require(self, paths: Sequence[str]) -> None:
        """Raise Missing for a path that is not there."""

    def manifest(self, week: date) -> WeekManifest | None:
        """Return the current manifest of a week, None where it was never written."""
        stored = self._content(manifest_path(week))
        return None if stored is None else self._manifest(week, stored)

    def publish(self, manifest: WeekManifest) -> None:
        """Make a week visible; raise Missing when a file that it names was not written."""
        quarantined = [manifest.quarantine_file] if manifest.quarantine_file else []
        self._require([file.path for file in manifest.files] + quarantined)
        self.write_json(manifest_path(manifest.week), manifest.to_json())

    def write_slice(self, item: Slice) -> None:
        """Store a slice's address."""
        self.write_json(slice_path(item.week, item.name), item.to_json())

    def slice(self, week: date, name: str) -> Slice:
        """Return a stored slice; raise Missing with the remedy."""
        path = slice_path(week, name)
        content = self.read_json(path)
        if content is None:
            raise Missing(f"week {week} has no {name} slice; materialize {name}_slice for it")
        return _record(Slice, content, path, f"materialize {name}_slice for week {week} again")

    def write_json(self, path: str, content: Mapping[str, Any]) -> str:
        """Store a JSON document and return where it lies; equal content gives equal bytes."""
        try:
            text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False, default=str)
        except ValueError as error:
            raise InvalidInput(f"{path}: {error}; leave values that are not finite out of the document") from None
        return self.write_bytes(path, f"{text}\n".encode())

    def read_json(self, path: str) -> dict[str, Any] | None:
        """Read a JSON document, None where there is none; raise CorruptArtefact for what is not one."""
        stored = self._content(path)
        return None if stored is None else self._document(path, stored)

    def _manifest(self, week: date, stored: bytes) -> WeekManifest:
        path = manifest_path(week)
        return _record(WeekManifest, self._document(path, stored), path, WRITE_AGAIN)

    def _document(self, path: str, stored: bytes) -> dict[str, Any]:
        remedy = "write it again or restore it from a backup"
        try:
            content = json.loads(stored)
        except ValueError as error:
            raise CorruptArtefact(f"{self._where(path)} is not JSON ({error}); {remedy}") from None
        if not isinstance(content, dict):
            raise CorruptArtefact(f"{self._where(path)} holds no JSON object; {remedy}")
        return content


def absent(path: str, *, root: object) -> Missing:
    """Return the error for a path that nothing was written to."""
    return Missing(f"{path} is not in the lake {root}; materialize the asset that writes it")


def _record(kind: type[Item], content: dict[str, Any], path: str, remedy: str) -> Item:
    try:
        return kind.from_json(content)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise CorruptArtefact(f"{path} is no {kind.__name__} ({error}); {remedy}") from None
