"""Which leads were answered before, so that a lead counts once however often its client tries.

A bitmap of four million bits a variant, shared by the workers and kept over restarts: memory is bounded, and of n
leads a share of about n / 8 million is taken for one seen before, whatever its outcome.
"""

import hashlib
import mmap
import os
from dataclasses import dataclass
from pathlib import Path

_BYTES = 1 << 19
_BITS = _BYTES * 8


class SeenLeads:
    """One variant's bitmap, in a file where there is room for one, else in memory."""

    def __init__(self, path: Path | None) -> None:
        self._bits = (_mapped(path) if path else None) or bytearray(_BYTES)

    def first(self, key: str) -> bool:
        """Note a lead's key and tell whether it is new."""
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        place, bit = divmod(int.from_bytes(digest, "big") % _BITS, 8)
        if self._bits[place] >> bit & 1:
            return False
        self._bits[place] |= 1 << bit
        return True


@dataclass(frozen=True)
class SeenFolder:
    """Where the bitmaps lie, by configuration; None keeps them in memory."""

    path: Path | None = None

    def leads(self, configuration: str, name: str, digest: str) -> SeenLeads:
        """Return the bitmap of a variant under a configuration."""
        if self.path is None:
            return SeenLeads(None)
        return SeenLeads(self.path / f"{_short(configuration)}-{_short(f'{name} {digest}')}.bits")

    def forget_others(self, configuration: str) -> None:
        """Delete the bitmaps of other configurations; a process that has one mapped keeps it."""
        if self.path is None or not self.path.is_dir():
            return
        for path in self.path.glob("*.bits"):
            if not path.name.startswith(f"{_short(configuration)}-"):
                path.unlink(missing_ok=True)


def _mapped(path: Path) -> mmap.mmap | None:
    """Map a file whose room on the disk is taken first: a full disk must not end the process at a later write."""
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(handle, 0, _BYTES)
            return mmap.mmap(handle, _BYTES)
        finally:
            os.close(handle)
    except OSError:
        return None


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
