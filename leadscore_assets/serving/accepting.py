"""How a worker takes connections from the socket that all workers share: the fewer it has, the sooner it takes one.

A loop that accepts whatever is there lets the first worker to wake take every connection of a client's pool, and the
others idle. Here a knock is answered one connection at a time, after a wait that grows with the connections in hand.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine
from typing import Any

_PATIENCE_SECONDS = 0.0001
_LONGEST_SECONDS = 0.002
_PAUSE_SECONDS = 0.5
log = logging.getLogger(__name__)
Connecting = Callable[[socket.socket], Coroutine[Any, Any, object]]


class Acceptor:
    """Watches a listening socket on the running loop; `connect` makes a connection, `held` says how many there are."""

    def __init__(self, listener: socket.socket, *, connect: Connecting, held: Callable[[], int]) -> None:
        self._listener = listener
        self._connect = connect
        self._held = held
        self._loop = asyncio.get_running_loop()
        self._connecting: set[asyncio.Task[object]] = set()
        self._closed = False
        listener.setblocking(False)
        self._watch()

    def close(self) -> None:
        """Take no connection any more."""
        self._closed = True
        self._loop.remove_reader(self._listener.fileno())

    def _watch(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener.fileno(), self._knocked)

    def _knocked(self) -> None:
        self._loop.remove_reader(self._listener.fileno())
        wait = min(self._held() * _PATIENCE_SECONDS, _LONGEST_SECONDS)
        self._loop.call_later(wait, self._take)

    def _take(self) -> None:
        if self._closed:
            return
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            # Another worker was sooner, or the client is gone.
            self._watch()
        except OSError as error:
            log.error("no connection can be taken: %s", error.strerror)
            self._loop.call_later(_PAUSE_SECONDS, self._watch)
        else:
            self._made(connection)
            self._watch()

    def _made(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task: asyncio.Task[object] = self._loop.create_task(self._connect(connection))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
