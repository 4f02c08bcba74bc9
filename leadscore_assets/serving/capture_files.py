"""Capture's files: `<root>/<endpoint>/<variant>/yyyy/mm/dd/hh/*.jsonl` in UTC, as SageMaker lays them out.

A block of lines is written whole or not at all: what a full disk cuts short is cut back.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_ROTATED_BYTES = 16 << 20


@dataclass
class _Open:
    hour: str
    handle: int
    size: int


class CaptureFiles:
    """One process's files, one open a variant."""

    def __init__(self, root: Path, *, slot: str) -> None:
        self._root = root
        self._slot = slot
        self._open: dict[str, _Open] = {}

    def append(self, variant: str, block: bytes, *, now: datetime) -> bool:
        """Write lines to a variant's file of this hour; False when they are lost."""
        try:
            file = self._file(variant, now)
        except OSError:
            return False
        try:
            written = os.write(file.handle, block)
        except OSError:
            written = 0
        if written < len(block):
            self._cut_back(variant, file)
            return False
        file.size += written
        return True

    def close(self) -> None:
        """Close every file."""
        for variant in list(self._open):
            self._forget(variant)

    def _file(self, variant: str, now: datetime) -> _Open:
        hour, found = now.astimezone(UTC).strftime("%Y/%m/%d/%H"), self._open.get(variant)
        if found and (found.hour != hour or found.size > _ROTATED_BYTES or not os.fstat(found.handle).st_nlink):
            self._forget(variant)
            found = None
        if found is None:
            folder = self._root / variant / hour
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            name = f"{now.astimezone(UTC):%M-%S-%f}-{self._slot}-{os.getpid()}.jsonl"
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            found = self._open[variant] = _Open(hour, handle, 0)
        return found

    def _cut_back(self, variant: str, file: _Open) -> None:
        try:
            os.ftruncate(file.handle, file.size)
        except OSError:
            self._forget(variant)

    def _forget(self, variant: str) -> None:
        os.close(self._open.pop(variant).handle)


def sweep(root: Path, *, keep_days: int, keep_bytes: int, now: datetime) -> int:
    """Delete files older than that, then the oldest until the rest is small enough; return how many went."""
    found = []
    for path in root.rglob("*.jsonl"):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        found.append((status.st_mtime, status.st_size, path))
    total, gone = sum(size for _, size, _ in found), 0
    for written, size, path in sorted(found):
        if now.timestamp() - written <= keep_days * 86_400 and total <= keep_bytes:
            break
        path.unlink(missing_ok=True)
        total, gone = total - size, gone + 1
        _drop_empty(path.parent, root)
    return gone


def _drop_empty(folder: Path, root: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
