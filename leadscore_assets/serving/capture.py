"""Keeps a sample of requests and answers as SageMaker's data capture does, one JSON line each, off the request path.

A request is never held up and never lost for it: what does not fit in the queue or on the disk is counted as lost.
Only answered requests are kept; what was refused cannot be masked with certainty.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from leadscore_assets.serving.answers import Answer
from leadscore_assets.serving.capture_files import CaptureFiles
from leadscore_assets.serving.desired import CaptureRules
from leadscore_assets.serving.lead_type import Lead, LeadReader
from leadscore_assets.serving.masking import masked_answer, masked_leads

_WAITING_ROWS = 10_000
_AT_ONCE = 500
_SECONDS_KEPT = 64
_encoder = msgspec.json.Encoder()


class Kept(NamedTuple):
    """One answered request: when (epoch seconds), its own id, the client's id for it, by which variant, what, and how.

    The same request has the same `event` in production's files and in the shadow's.
    """

    at: float
    event: str
    inference_id: str
    variant: str
    reader: LeadReader
    leads: Sequence[Mapping[str, Any]] | Lead
    answer: Answer


class Capture:
    """A bounded queue in front of the files. `offer` belongs to one thread and `flush` to another."""

    def __init__(self, files: CaptureFiles, *, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self.rules = CaptureRules()
        self.written = 0
        self._refused = self._lost = 0
        self._files = files
        self._secret = secret
        self._clock = clock
        self._queue: deque[tuple[str, int, Kept | bytes]] = deque()
        self._rows_in = self._rows_out = 0

    @property
    def lost(self) -> int:
        """How many requests of the sample were not written."""
        return self._refused + self._lost

    def wants(self) -> bool:
        """Draw whether a request belongs to the sample."""
        percent = self.rules.percent
        return percent > 0 and (percent >= 100 or random.random() * 100 < percent)  # noqa: S311 - a sample, no secret

    def offer(self, kept: Kept) -> None:
        """Take a request, or count it as lost when too much waits already."""
        rows = len(kept.answer.predictions)
        if self._rows_in - self._rows_out >= _WAITING_ROWS:
            self._refused += 1
            return
        try:
            # One lead's line is written here: two threads that take turns at it would hold up more than it does.
            found = self._line(kept) if isinstance(kept.leads, Lead) else kept
        except Exception:
            self._refused += 1
            raise
        self._rows_in += rows
        self._queue.append((kept.variant, rows, found))

    def flush(self) -> None:
        """Write what waits."""
        while self._queue:
            blocks: dict[str, list[bytes]] = {}
            for _ in range(min(len(self._queue), _AT_ONCE)):
                variant, rows, found = self._queue.popleft()
                self._rows_out += rows
                blocks.setdefault(variant, []).append(found if isinstance(found, bytes) else self._line(found))
            for variant, lines in blocks.items():
                now = datetime.fromtimestamp(self._clock(), UTC)
                if self._files.append(variant, b"".join(lines), now=now):
                    self.written += len(lines)
                else:
                    self._lost += len(lines)

    def close(self) -> None:
        """Write what waits and close the files."""
        self.flush()
        self._files.close()

    def _line(self, kept: Kept) -> bytes:
        leads = masked_leads(kept.leads, kept.reader, hidden=self.rules.masked, secret=self._secret)
        sides = _Sides(_Side("INPUT", leads), _Side("OUTPUT", masked_answer(kept.answer, secret=self._secret)))
        seconds = int(kept.at)
        moment = f"{_second(seconds)}.{int((kept.at - seconds) * 1000):03d}Z"
        return _encoder.encode(_Line(sides, _Metadata(kept.event, moment, kept.inference_id))) + b"\n"


@lru_cache(_SECONDS_KEPT)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().removesuffix("+00:00")


class _Side(msgspec.Struct, gc=False):
    mode: str
    data: str
    observed: str = msgspec.field(default="application/json", name="observedContentType")
    encoding: str = "JSON"


class _Sides(msgspec.Struct, gc=False):
    sent: _Side = msgspec.field(name="endpointInput")
    answered: _Side = msgspec.field(name="endpointOutput")


class _Metadata(msgspec.Struct, omit_defaults=True, gc=False, rename="camel"):
    event_id: str
    inference_time: str
    inference_id: str = ""


class _Line(msgspec.Struct, gc=False, rename="camel"):
    capture_data: _Sides
    event_metadata: _Metadata
    event_version: str = "0"
