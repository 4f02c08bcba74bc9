"""How a worker ends without losing a request: it asks its clients to go before it closes their connections.

A connection that is closed while it is idle may have a request on its way. So every answer of an ending worker says
that its connection closes; what nobody used for a moment is closed then.
"""

import asyncio
import socket
import time

import uvicorn

_LINGER_SECONDS = 1.0
_LOOK_SECONDS = 0.02
_GOING = (b"connection", b"close")


class DrainingServer(uvicorn.Server):
    """A server whose end costs a client that goes on sending nothing."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no connection any more, let those that are open come to their end, then close the rest."""
        for server in self.servers:
            server.close()
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


def _answering(connection: object) -> bool:
    """Tell whether a request is in hand, whose answer was begun without these headers."""
    cycle = getattr(connection, "cycle", None)
    return cycle is not None and not cycle.response_complete
