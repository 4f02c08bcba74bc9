"""A worker's connections: shared out among the workers, and ended without losing a request.

A connection that is closed while it is idle may have a request on its way. So every answer of an ending worker says
that its connection closes; what nobody used for a moment is closed then.
"""

import asyncio
import socket
import time
from typing import Any

import uvicorn

from leadscore_assets.serving.accepting import Acceptor

_LINGER_SECONDS = 1.0
_LOOK_SECONDS = 0.02
_GOING = (b"connection", b"close")


class WorkerServer(uvicorn.Server):
    """A server that shares its listening sockets fairly, and whose end costs a client that goes on sending nothing."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections from sockets that other workers listen on too."""
        await super().startup(sockets=[])
        held = self.server_state.connections
        self._acceptors = [
            Acceptor(listener, connect=self._connected, held=lambda: len(held)) for listener in sockets or []
        ]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no connection any more, let those that are open come to their end, then close the rest."""
        for acceptor in self._acceptors:
            acceptor.close()
        for listener in sockets or []:
            listener.close()
        state = self.server_state
        state.default_headers = [*state.default_headers, _GOING]
        for connection in list(state.connections):
            if _answering(connection):
                connection.shutdown()
        deadline = time.monotonic() + _LINGER_SECONDS
        while state.connections and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_SECONDS)
        await super().shutdown(sockets)

    async def _connected(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: self._protocol(loop), connection)

    def _protocol(self, loop: asyncio.AbstractEventLoop) -> asyncio.Protocol:
        made: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = made(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=loop
        )
        return protocol


def _answering(connection: object) -> bool:
    """Tell whether a request is in hand, whose answer was begun without these headers."""
    cycle = getattr(connection, "cycle", None)
    return cycle is not None and not cycle.response_complete
