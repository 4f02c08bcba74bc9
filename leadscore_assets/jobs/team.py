"""A job's hosts as one team: XGBoost's own collective between them, led by the first host's tracker.

The names of hosts resolve some time after the containers start, and hosts are ready at different times: both are waited
for. Nothing else may open a connection to the tracker's port, which speaks a protocol of its own.
"""

import socket
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from leadscore_assets.domain.errors import TransientError

ADDRESS_VARIABLE = "LEADSCORE_TEAM_ADDRESS"
Seen = TypeVar("Seen")
_PORT = 9099
_LOOK_SECONDS = 0.25
_SILENCE_SECONDS = 300


@dataclass(frozen=True)
class HostTeam:
    """The hosts of a job as one of them sees them.

    `address` is where the leader is met, host and port; `patience` bounds in seconds how long hosts wait for each
    other, which may be as long as the leader takes for what it does alone.
    """

    rank: int
    size: int
    address: tuple[str, int]
    patience: float = 3600.0

    @classmethod
    def of(cls, current: str, hosts: list[str], *, address: str | None, patience: float) -> "HostTeam":
        """Make the team of a job's hosts; without an address the first of them is met by its own name."""
        ordered = sorted(hosts)
        host, _, port = (address or f"{ordered[0]}:{_PORT}").rpartition(":")
        return cls(ordered.index(current), len(ordered), (host, int(port)), patience)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Meet all hosts and part again; raise TransientError when one is lost or does not come."""
        from xgboost import collective
        from xgboost.core import XGBoostError

        end = time.monotonic() + self.patience
        tracker, parted = None, False
        try:
            leader = self._resolved(end)
            tracker = self._tracker(leader) if self.rank == 0 else None
            self._join(leader, end)
            yield
            collective.finalize()
            if tracker:
                tracker.wait_for(_SILENCE_SECONDS)
            parted = True
        except XGBoostError as error:
            raise TransientError(
                f"host {self.rank + 1} of {self.size} lost the others while they fitted together ({_cause(error)}); "
                "try again"
            ) from None
        finally:
            with suppress(XGBoostError):
                if not parted:
                    # A process that ends within a broken team crashes instead of telling why.
                    collective.finalize()
            with suppress(XGBoostError):
                if tracker:
                    tracker.free()

    def share(self, content: bytes) -> bytes:
        """Return the leader's bytes; sizes first, since every host must know how much it is given."""
        from xgboost import collective

        mine = content if self.rank == 0 else b""
        size = int(collective.allreduce(np.array([len(mine)], dtype=np.int64), collective.Op.MAX)[0])
        held = np.zeros(max(size, 1), dtype=np.uint8)
        held[: len(mine)] = np.frombuffer(mine, dtype=np.uint8)
        return bytes(collective.allreduce(held, collective.Op.MAX).tobytes()[:size])

    def _resolved(self, end: float) -> str:
        def look() -> str | None:
            try:
                return socket.gethostbyname(self.address[0])
            except OSError:
                return None

        return _waited(look, end, f"the name of the first host, {self.address[0]}, does not resolve")

    def _tracker(self, leader: str) -> Any:
        from xgboost.tracker import RabitTracker

        tracker = RabitTracker(self.size, leader, self.address[1], sortby="task", timeout=int(self.patience))
        tracker.start()
        return tracker

    def _join(self, leader: str, end: float) -> None:
        from xgboost import collective
        from xgboost.core import XGBoostError

        given: dict[str, Any] = {
            "dmlc_communicator": "rabit",
            "dmlc_tracker_uri": leader,
            "dmlc_tracker_port": self.address[1],
            "dmlc_task_id": f"{self.rank:04d}",
            "dmlc_timeout": _SILENCE_SECONDS,
            "dmlc_retry": 1,
        }

        def look() -> bool | None:
            try:
                with warnings.catch_warnings():
                    # XGBoost warns of every connection that the leader does not take yet.
                    warnings.simplefilter("ignore")
                    collective.init(**given)
            except XGBoostError:
                return None
            return True

        _waited(look, end, f"the first host was not there to be joined at {leader}:{self.address[1]}")


def _cause(error: Exception) -> str:
    """Return what went wrong first, of the many lines that XGBoost says."""
    told = [line.rpartition("]: ")[2] for line in str(error).splitlines() if line.startswith("- [")]
    return (told or ["no reason was given"])[0].strip(" .")[:200]


def _waited(look: Callable[[], Seen | None], end: float, what: str) -> Seen:
    while (seen := look()) is None:
        if time.monotonic() >= end:
            raise TransientError(f"{what}; try again, or train on one host ([resources] training_hosts = 1)")
        time.sleep(_LOOK_SECONDS)
    return seen
