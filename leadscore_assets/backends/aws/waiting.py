"""Waiting for something that AWS does: look, sleep, look again, with a deadline and jitter.

A look that fails in passing (a lost connection, throttling) is a look that saw nothing; too many in a row are a fault.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from leadscore_assets.domain.errors import TransientError

Seen = TypeVar("Seen")
_BLIND_LOOKS = 10
_JITTER = 0.2


@dataclass(frozen=True)
class Patience:
    """How often to look, in seconds, and for how long."""

    interval: float = 15.0
    deadline: float = 3600.0
    blind_looks: int = _BLIND_LOOKS


def await_end(look: Callable[[], Seen | None], *, what: str, patience: Patience) -> Seen:
    """Look until there is an answer and return it.

    Raises TransientError at the deadline, naming what did not happen; the last passing error after too many in a row;
    any other error at once. Whoever must stop the work when the wait ends does so in a `finally` of its own.
    """
    end, blind = time.monotonic() + patience.deadline, 0
    while True:
        try:
            seen = look()
            blind = 0
        except TransientError:
            seen, blind = None, blind + 1
            if blind >= patience.blind_looks:
                raise
        if seen is not None:
            return seen
        if time.monotonic() >= end:
            raise TransientError(f"{what} did not end within {patience.deadline / 60:.0f} minutes; look at it in AWS")
        pause = patience.interval * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - jitter is no secret
        time.sleep(min(pause, max(end - time.monotonic(), 0.0)))
