"""Checkpoints in the folder that the platform copies away while the job runs and gives back after an interruption."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FolderCheckpoints:
    """One file a key; the newest content stands in the place of the one before, whole."""

    folder: Path

    def read(self, key: str) -> bytes | None:
        """Return what was kept, None where nothing was."""
        path = self._place(key)
        return path.read_bytes() if path.is_file() else None

    def write(self, key: str, content: bytes) -> None:
        """Keep content under a key."""
        unfinished = self._place(key).with_suffix(".tmp")
        unfinished.write_bytes(content)
        unfinished.replace(self._place(key))

    def _place(self, key: str) -> Path:
        return self.folder / f"boosting-{key[:32]}.json"
