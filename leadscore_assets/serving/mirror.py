"""Production's side of a shadow: a copy of every answered request into a bounded pipe, dropped when the pipe is full.

Sending never waits. The pipe is a pair of sockets that the supervisor keeps open, so that a shadow that hangs, dies or
comes back is nothing to its sender; a message goes whole or not at all.
"""

import socket
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from leadscore_assets.serving.desk import INLINE_BYTES
from leadscore_assets.serving.invocation import Scored
from leadscore_assets.serving.lead_type import Lead

PIPE_BYTES = 1 << 22
_PIECE_ROWS = 32
_AT_ONCE = 128
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


_decoder = msgspec.msgpack.Decoder(Mirrored)


def pipe() -> tuple[socket.socket, socket.socket]:
    """Return the ends of a pipe of whole messages: to send into and to receive from."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ends[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PIPE_BYTES)
    return ends


def received(receiver: socket.socket) -> list[Mirrored]:
    """Wait for a message as long as the socket's timeout says, and take those that wait behind it; none in vain."""
    found: list[Mirrored] = []
    try:
        found.append(_decoder.decode(receiver.recv(PIPE_BYTES)))
        while len(found) < _AT_ONCE:
            found.append(_decoder.decode(receiver.recv(PIPE_BYTES, socket.MSG_DONTWAIT)))
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

    def send(self, message: Mirrored) -> None:
        """Send one message, or drop it."""
        self.mirrored += 1
        try:
            if self._sender is None:
                raise BlockingIOError
            self._sender.send(_encoder.encode(message))
        except OSError:
            self.dropped += 1

    def work(
        self, body: bytes, content_type: str, scored: Scored, *, configuration: str, ids: tuple[str, str]
    ) -> Callable[[], None] | None:
        """Send a small request at once; return what sends a large one, piece by piece, for a thread to do."""
        inference_id, event = ids
        predictions = scored.answer.predictions
        if len(body) <= INLINE_BYTES or isinstance(scored.leads, Lead):
            scores, bands = [item.score for item in predictions], [item.band for item in predictions]
            now = time.monotonic()
            self.send(Mirrored(now, configuration, body, content_type, scores, bands, inference_id, event))
            return None
        messages = _pieces(scored.leads, scored, configuration=configuration, ids=ids)

        def send_all() -> None:
            for message in messages:
                self.send(message)

        return send_all


def _pieces(leads: Sequence[object], scored: Scored, *, configuration: str, ids: tuple[str, str]) -> Iterator[Mirrored]:
    for at in range(0, len(leads), _PIECE_ROWS):
        some = scored.answer.predictions[at : at + _PIECE_ROWS]
        yield Mirrored(
            time.monotonic(),
            configuration,
            _json.encode(leads[at : at + _PIECE_ROWS]),
            "application/json",
            [item.score for item in some],
            [item.band for item in some],
            *ids,
        )
