"""The processes of one server tell each other what they serve and count, one small file each in the server's folder.

A file outlives its process: the next one in that slot goes on counting from it. No file is synced to disk; one that
cannot be written is a report that is late, never a failed request.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import msgspec

from leadscore_assets.domain.serving_counts import ServingCounts
from leadscore_assets.serving.status import WorkerReport

SHADOW = "shadow"


@dataclass(frozen=True)
class Reports:
    """The folder of these files."""

    path: Path

    def prepare(self) -> None:
        """Make the folder."""
        self.path.mkdir(mode=0o700, exist_ok=True)

    def write(self, report: WorkerReport) -> bool:
        """Replace a process's report; False when it cannot be written now."""
        draft = self.path / f".{report.slot}.tmp"
        try:
            draft.write_bytes(msgspec.json.encode(report))
            draft.replace(self.path / f"{report.slot}.json")
        except OSError:
            return False
        return True

    def read(self, slot: str) -> WorkerReport | None:
        """Return a slot's last report; None where there is none or it cannot be read."""
        try:
            return msgspec.json.decode((self.path / f"{slot}.json").read_bytes(), type=WorkerReport)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def all(self) -> list[WorkerReport]:
        """Return every slot's last report, whether its process lives or not, workers first."""
        slots = sorted((path.stem for path in self.path.glob("*.json")), key=lambda slot: (slot == SHADOW, slot))
        return [report for slot in slots if (report := self.read(slot))]


def living(reports: Iterable[WorkerReport], *, server: int) -> list[WorkerReport]:
    """Return the reports of processes that this server started and that live."""
    return [report for report in reports if report.server == server and _lives(report.pid)]


def summed(reports: Iterable[WorkerReport], *, configuration: str) -> ServingCounts:
    """Return what all processes counted under a configuration."""
    return reduce(ServingCounts.merge, (report.counts for report in reports), ServingCounts(configuration))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
