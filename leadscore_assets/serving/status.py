"""What a server says of itself at /status; the host reads the same type."""

import msgspec

from leadscore_assets.domain.facts import Variant


class Counts(msgspec.Struct):
    """Invocations since the start: answered with scores, refused (4xx), failed (5xx)."""

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


class ServerStatus(msgspec.Struct, frozen=True):
    """A server's own account; `instance` is its folder's identity, `generation` 0 while nothing serves.

    `error` is the last release that did not load and `error_generation` its number.
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
