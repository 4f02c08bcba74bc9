"""The quick lane: single leads that come whole go from uvicorn's protocol to the model without a task of their own.

Reading HTTP, keep-alive, pipelining, time-outs and draining stay uvicorn's. Whatever is not a plain POST of one JSON
lead that keeps the contract, all at once, goes to the application as if there were no lane.
"""

import asyncio
from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from leadscore_assets.serving.answers import Reply
from leadscore_assets.serving.app import ScoringApp
from leadscore_assets.serving.body import declared_bytes
from leadscore_assets.serving.desk import INLINE_BYTES
from leadscore_assets.serving.gate import MOST_REQUESTS
from leadscore_assets.serving.group import TOGETHER, answer_all
from leadscore_assets.serving.invocation import Asked, Invocation, log_fault, naming
from leadscore_assets.serving.runtime import TARGET_VARIANT, inference_id

Headers = dict[bytes, bytes]
_HEADS_KEPT = 64
_ANY = (b"", b"*/*", b"application/json")
_ELSEWHERE = frozenset({TARGET_VARIANT, b"content-encoding", b"expect", b"upgrade", b"transfer-encoding"})


class Turn(RequestResponseCycle):
    """A request in the lane, as uvicorn's protocol sees one."""

    def __init__(self, protocol: "QuickProtocol", headers: Headers, before: RequestResponseCycle | None) -> None:
        self.protocol = protocol
        self.given = headers
        self.before = before
        self.body = bytearray()
        self.more_body = True
        self.disconnected = self.response_complete = False
        self.keep_alive = True
        self.message_event = _NOBODY_WAITS


class Lane:
    """The requests that one turn of the event loop brought, answered when all of them were read."""

    def __init__(self, app: ScoringApp) -> None:
        self._app = app
        self._turns: list[tuple[Turn, Invocation]] = []

    def __len__(self) -> int:
        return len(self._turns)

    def takes(self, headers: Headers) -> bool:
        """Tell whether a request with these headers may go this way."""
        length = declared_bytes(headers)
        return (
            self._app.live.serving is not None
            and length is not None
            and length <= INLINE_BYTES
            and headers.get(b"accept", b"") in _ANY
            and _ELSEWHERE.isdisjoint(headers)
        )

    def enter(self, turn: Turn, *, waiting: int, loop: asyncio.AbstractEventLoop) -> bool:
        """Take a request that is whole; False when the application must answer it."""
        serving = self._app.live.serving
        if serving is None or len(self) + waiting >= MOST_REQUESTS:
            return False
        headers = turn.given
        kind = headers.get(b"content-type", b"").decode("latin-1")
        invocation = Invocation(Asked(serving, bytes(turn.body), kind, inference_id=inference_id(headers)))
        if not invocation.read_quickly():
            return False
        invocation.pause()
        if not self._turns:
            # The first turn of the loop reads what came with this one, and more that came while it did.
            loop.call_soon(loop.call_soon, self._answer, loop)
        self._turns.append((turn, invocation))
        return True

    def _answer(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer those that wait, a few at a time, so that others get their turn between."""
        some, self._turns = self._turns[:TOGETHER], self._turns[TOGETHER:]
        if self._turns:
            loop.call_soon(self._answer, loop)
        answers = answer_all([invocation for _, invocation in some])
        for (turn, _), done in zip(some, answers, strict=True):
            self._app.station.requests.note(done.reply.status)
            try:
                turn.protocol.reply(turn, naming(done))
            except Exception as error:  # noqa: BLE001 - the entry point: a broken connection must not end others
                log_fault(error)
                turn.protocol.transport.abort()
        self._app.keeper.keep([(done, invocation.asked) for (_, invocation), done in zip(some, answers, strict=True)])


class QuickProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a lane beside the application."""

    lane: Lane

    def data_received(self, data: bytes) -> None:
        """Read what came; a request that is not whole by then is the application's, whose time-outs wait for it."""
        super().data_received(data)
        turn = self.cycle
        if isinstance(turn, Turn) and turn.more_body and self.parser is not None:
            self._hand_over(turn)

    def on_headers_complete(self) -> None:
        """Begin a request, in the lane if it may go there and the one before it was answered."""
        before, parser = self.cycle, self.parser
        if (
            self.url == b"/invocations"
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            # A client that sends and does not read waits in the application, which drains before it goes on.
            and not self.flow.write_paused
            and (before is None or before.response_complete)
        ):
            headers = dict(self.headers)
            if self.lane.takes(headers):
                self.cycle = Turn(self, headers, before)
                return
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request's body; where the lane does not take it, the application does."""
        turn = self.cycle
        if isinstance(turn, Turn) and turn.more_body:
            turn.more_body = False
            if self.lane.enter(turn, waiting=len(self.tasks), loop=self.loop):
                return
            self._hand_over(turn)
        super().on_message_complete()

    def reply(self, turn: Turn, reply: Reply) -> None:
        """Write an answer whole, unless the client is gone."""
        turn.response_complete = True
        if turn.disconnected or self.transport.is_closing():
            return
        close = b"" if turn.keep_alive else b"connection: close\r\n"
        common = _common(tuple(self.server_state.default_headers))
        head = _head(reply.status, reply.content_type, reply.headers)
        self.transport.write(b"%b%b%bcontent-length: %d\r\n\r\n%b" % (head, common, close, len(reply.body), reply.body))
        if close:
            self.transport.close()
        self.on_response_complete()

    def _hand_over(self, turn: Turn) -> None:
        """Begin the request again as the application's, with what of its body came."""
        self.cycle = turn.before  # type: ignore[assignment]
        super().on_headers_complete()
        self.cycle.body = turn.body


def quick_protocol(lane: Lane) -> type[QuickProtocol]:
    """Return the protocol of a server with this lane."""
    return type("QuickLane", (QuickProtocol,), {"lane": lane})


class _Nobody(asyncio.Event):
    """An event that nobody waits for."""

    def set(self) -> None:
        """Do nothing."""


_NOBODY_WAITS = _Nobody()
Pairs = tuple[tuple[bytes, bytes], ...]


@lru_cache(_HEADS_KEPT)
def _head(status: int, content_type: str, headers: Pairs) -> bytes:
    return STATUS_LINE[status] + _common(((b"content-type", content_type.encode()), *headers))


@lru_cache(_HEADS_KEPT)
def _common(headers: Pairs) -> bytes:
    return b"".join(b"%b: %b\r\n" % pair for pair in headers)
