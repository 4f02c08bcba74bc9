"""Captures of the server on this machine; its keys were hashed with its own secret before they reached the disk."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from leadscore_assets.backends.capture_hours import between, places
from leadscore_assets.backends.capture_lines import read_lines
from leadscore_assets.serving.masking import masked_key


class LocalCaptures:
    """Files below `root/endpoint/`; `secret` gives what the server hashes keys with, asked for when it is needed."""

    def __init__(self, root: Path, *, endpoint: str, secret: Callable[[], bytes]) -> None:
        self._root = root / endpoint
        self._secret = secret
        self._unreadable = 0

    def read(self, first: datetime, last: datetime) -> Iterator[pa.Table]:
        """Yield what was answered from `first` to before `last`, a table a file, oldest hours first."""
        for place in places(first, last):
            for variant in self._variants():
                for path in sorted((self._root / variant / place).rglob("*.jsonl")):
                    found = self._file(path, variant)
                    table = between(found, first, last)
                    if table.num_rows:
                        yield table

    @property
    def unreadable(self) -> int:
        """How many lines could not be read so far."""
        return self._unreadable

    def masked(self, key: str) -> str:
        """Return what stands for a lead's key; raise Missing before the endpoint's first server."""
        return masked_key(key, self._secret())

    def _variants(self) -> list[str]:
        if not self._root.is_dir():
            return []
        return sorted(path.name for path in self._root.iterdir() if path.is_dir())

    def _file(self, path: Path, variant: str) -> pa.Table:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            # The server makes room by deleting the oldest files at any moment.
            content = b""
        found = read_lines(content, variant=variant, mask=None)
        self._unreadable += found.unreadable
        return found.table
