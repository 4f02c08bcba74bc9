"""How much may be in hand at once; what is beyond it is told to come back, and never queued."""

from collections.abc import Callable

from leadscore_assets.serving.body import declared_bytes
from leadscore_assets.serving.refusals import RefusedRequest

MOST_REQUESTS = 256
_MOST_LARGE = 32
_LARGE_BYTES = 64 * 1024


class Gate:
    """Counts requests in hand; `waiting` tells how many the server has accepted, those not yet begun included."""

    def __init__(self, waiting: Callable[[], int] | None = None) -> None:
        self._waiting = waiting
        self._requests = self._large = 0

    def enter(self, headers: dict[bytes, bytes]) -> bool:
        """Let a request in and tell whether its body may be large; raise RefusedRequest (503) when too many are in."""
        accepted = self._waiting() if self._waiting else self._requests
        if max(accepted, self._requests) >= MOST_REQUESTS:
            raise RefusedRequest(f"{MOST_REQUESTS} requests wait already; try again in a moment", status=503)
        declared = declared_bytes(headers)
        large = declared is None or declared > _LARGE_BYTES
        if large and self._large >= _MOST_LARGE:
            raise RefusedRequest(f"{_MOST_LARGE} large requests wait already; try again in a moment", status=503)
        self._requests += 1
        self._large += large
        return large

    def leave(self, *, large: bool) -> None:
        """Let a request out."""
        self._requests -= 1
        self._large -= large
