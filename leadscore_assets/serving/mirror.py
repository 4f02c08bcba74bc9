"""Production's side of a shadow: a copy of every answered request into a bounded pipe, dropped when the pipe is full.

Sending never waits. The pipe is a pair of sockets that the supervisor keeps open, so that a shadow that hangs, dies or
comes back is nothing to its sender; a message holds some copies and goes whole or not at all.
"""

import socket
import time
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from leadscore_assets.serving.desk import INLINE_BYTES
from leadscore_assets.serving.invocation import Asked, Scored
from leadscore_assets.serving.lead_type import Lead

PIPE_BYTES = 1 << 22
_PIECE_ROWS = 32
_MESSAGE_BYTES = 48 * 1024
_AT_ONCE = 256
_FULL_SECONDS = 0.002
_encoder = msgspec.msgpack.Encoder()
_json = msgspec.json.Encoder()


class Mirrored(msgspec.Struct, frozen=True, array_like=True):
    """A request as the shadow gets it, with production's scores and bands; `event` where it belongs to the sample.

    `sent` is on the machine's monotonic clock.
    """

    sent: float
    configuration: str
    body: bytes
    content_type: str
    scores: list[float]
    bands: list[str]
    inference_id: str = ""
    event: str = ""


_decoder = msgspec.msgpack.Decoder(list[Mirrored])


def pipe() -> tuple[socket.socket, socket.socket]:
    """Return the ends of a pipe of whole messages: to send into and to receive from."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ends[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PIPE_BYTES)
    return ends


def received(receiver: socket.socket) -> list[Mirrored]:
    """Wait for copies as long as the socket's timeout says, and take those that wait behind them; none in vain."""
    found: list[Mirrored] = []
    try:
        found += _decoder.decode(receiver.recv(PIPE_BYTES))
        while len(found) < _AT_ONCE:
            found += _decoder.decode(receiver.recv(PIPE_BYTES, socket.MSG_DONTWAIT))
    except (TimeoutError, InterruptedError, BlockingIOError, msgspec.DecodeError):
        pass
    return found


class Mirror:
    """Sends copies and counts what was sent and what was dropped."""

    def __init__(self, sender: socket.socket | None) -> None:
        self._sender = sender
        if sender:
            sender.setblocking(False)
        self.mirrored = self.dropped = 0
        self._full_until = 0.0

    @property
    def full(self) -> bool:
        """Whether the pipe was full a moment ago: nobody need make copies for it before it is looked at again."""
        return time.monotonic() < self._full_until

    def drop(self) -> None:
        """Count a copy that was not made, as the pipe is full."""
        self.mirrored += 1
        self.dropped += 1

    def send(self, copies: Sequence[Mirrored]) -> None:
        """Send copies, in messages that the pipe takes, or drop what it does not take."""
        some: list[Mirrored] = []
        size = 0
        for copy in copies:
            if some and size + len(copy.body) > _MESSAGE_BYTES:
                self._send(some)
                some, size = [], 0
            some.append(copy)
            size += len(copy.body)
        self._send(some)

    def send_each(self, copies: Iterable[Mirrored]) -> None:
        """Send copies one by one, as they are made."""
        for copy in copies:
            self._send([copy])

    def _send(self, copies: Sequence[Mirrored]) -> None:
        self.mirrored += len(copies)
        try:
            if self._sender is None:
                raise BlockingIOError
            self._sender.send(_encoder.encode(copies))
        except OSError:
            self.dropped += len(copies)
            self._full_until = time.monotonic() + _FULL_SECONDS


def is_large(body: bytes, scored: Scored) -> bool:
    """Tell whether a request is copied in pieces, and not at once."""
    return len(body) > INLINE_BYTES and not isinstance(scored.leads, Lead)


def mirrored(asked: Asked, scored: Scored, *, event: str) -> Mirrored:
    """Return the copy of a request."""
    predictions = scored.answer.predictions
    return Mirrored(
        time.monotonic(),
        asked.serving.release.configuration,
        asked.body,
        asked.content_type,
        [item.score for item in predictions],
        [item.band for item in predictions],
        asked.inference_id,
        event,
    )


def in_pieces(asked: Asked, scored: Scored, *, event: str) -> Iterator[Mirrored]:
    """Return a large request as copies of some of its leads each."""
    leads: Sequence[object] = scored.leads
    for at in range(0, len(leads), _PIECE_ROWS):
        some = scored.answer.predictions[at : at + _PIECE_ROWS]
        yield Mirrored(
            time.monotonic(),
            asked.serving.release.configuration,
            _json.encode(leads[at : at + _PIECE_ROWS]),
            "application/json",
            [item.score for item in some],
            [item.band for item in some],
            asked.inference_id,
            event,
        )
