"""What a server says of itself at /status; the host reads the same type."""

import msgspec

from leadscore_assets.domain.facts import Variant
from leadscore_assets.domain.serving_counts import ServingCounts
from leadscore_assets.serving.desired import Release


class Counts(msgspec.Struct):
    """Invocations since the server has its folder: answered with scores, refused (4xx), failed (5xx)."""

    served: int = 0
    refused: int = 0
    failed: int = 0

    def note(self, status: int) -> None:
        """Count one answer by its HTTP status."""
        if status < 400:
            self.served += 1
        elif status < 500:
            self.refused += 1
        else:
            self.failed += 1

    def plus(self, other: "Counts") -> "Counts":
        """Return the sum of two."""
        return Counts(self.served + other.served, self.refused + other.refused, self.failed + other.failed)


class WorkerState(msgspec.Struct, frozen=True):
    """One process of a server as /status shows it; `engines` says by variant what scores a single lead."""

    slot: str
    pid: int
    generation: int
    error: str | None = None
    engines: dict[str, str] = {}


class WorkerReport(msgspec.Struct, frozen=True):
    """What one process of a server says of itself, and all it counted since the server has its folder.

    `slot` is its place among its kind, `server` the process that started it. `generation` is what it serves, 0 while
    that is nothing; `error` is the last release that did not load there and `error_generation` its number.
    """

    slot: str
    server: int
    pid: int
    release: Release = Release()
    error: str | None = None
    error_generation: int | None = None
    engines: dict[str, str] = {}
    requests: Counts = msgspec.field(default_factory=Counts)
    counts: ServingCounts = ServingCounts()


class ServerStatus(msgspec.Struct, frozen=True):
    """A server's own account; `instance` is its folder's identity.

    `generation` is the lowest that a worker serves, 0 while one serves nothing; it and what belongs to it are said of
    the whole server only when all workers serve it. `error` is a release that did not load in one of them.
    """

    name: str
    instance: str
    pid: int
    generation: int
    variants: tuple[Variant, ...]
    uptime_seconds: float
    requests: Counts
    error: str | None = None
    error_generation: int | None = None
    shadow: Variant | None = None
    salt: str = ""
    workers: tuple[WorkerState, ...] = ()
