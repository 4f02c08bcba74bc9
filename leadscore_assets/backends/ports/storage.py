"""Where leads come from and where they are kept: a source that is read, a lake, and files that can be removed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from leadscore_assets.domain.facts import DataFile, Slice, StoredFile, WeekManifest


@dataclass(frozen=True)
class RawWeek:
    """A week's rows as the source holds them.

    `table` has the source's own columns and types, in the source's order, plus `__file` and `__row` (1-based row within
    that file) so that an error can name the place. `digest` is the SHA-256 of these rows' content.
    """

    week: date
    table: pa.Table
    digest: str


class LeadSource(Protocol):
    """Where leads come from. It is read only, a week at a time."""

    @property
    def address(self) -> str:
        """The source in one line without secrets, for messages and lineage."""
        ...

    def weeks(self) -> dict[date, str]:
        """Return the weeks that hold rows, each with a digest of its rows' content, oldest first."""
        ...

    def read(self, week: date) -> RawWeek:
        """Return a week's rows, none if the week is empty; raise InvalidInput naming file, column and remedy."""
        ...


class FileStore(Protocol):
    """Something that holds files, and from which they can be removed for good."""

    def files(self, under: str = "") -> Iterator[StoredFile]:
        """Yield what is stored below a folder, unfinished things too, in the order of the paths."""
        ...

    def remove(self, path: str) -> None:
        """Remove one stored thing; removing what is not there is removing nothing."""
        ...


class Lake(FileStore, Protocol):
    """Where weeks, slices and reports are kept; writes are all or nothing, content-addressed files never replaced."""

    def lock(self, name: str) -> AbstractContextManager[Any]:
        """Hold a named lock; raise TransientError when another process holds it for long."""
        ...

    def write_table(self, table: pa.Table, *, under: str) -> tuple[str, str]:
        """Store a table as Parquet below a folder and return its path (named by its content) and SHA-256."""
        ...

    def read_files(self, files: Sequence[DataFile], *, columns: Sequence[str] | None = None) -> pa.Table:
        """Read stored files in order after checking that their bytes are what was written; raise CorruptArtefact."""
        ...

    def holds(self, path: str) -> bool:
        """Tell whether a file is there."""
        ...

    def local_path(self, path: str) -> Path:
        """Return a file's path on this machine, fetched first where the lake is remote."""
        ...

    def manifest(self, week: date) -> WeekManifest | None:
        """Return the current manifest of a week, None where it was never written."""
        ...

    def manifests(self, first: date, last: date) -> list[WeekManifest]:
        """Return the manifests of the weeks from `first` to `last` that exist, oldest first."""
        ...

    def publish(self, manifest: WeekManifest) -> None:
        """Make a week visible; all files it names must have been written."""
        ...

    def write_slice(self, item: Slice) -> None:
        """Store a slice's address."""
        ...

    def slice(self, week: date, name: str) -> Slice:
        """Return a stored slice; raise Missing with the remedy."""
        ...

    def write_json(self, path: str, content: Mapping[str, Any]) -> str:
        """Store a JSON document at a path and return where it lies."""
        ...

    def read_json(self, path: str) -> dict[str, Any] | None:
        """Read a JSON document, None where there is none."""
        ...

    def write_bytes(self, path: str, content: bytes) -> str:
        """Store a file at a path and return where it lies."""
        ...
