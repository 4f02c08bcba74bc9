"""Who answers a container's port before a model serves: everybody is turned away at once with 503, pings too.

It stands in the process that loads no model, so that its answer never waits for one. The workers take connections only
when it has gone, so that nobody is turned away after somebody was let in.
"""

import logging
import os
import socket
import threading
from contextlib import suppress
from select import select

from leadscore_assets.serving.answers import problem
from leadscore_assets.serving.folder import StateFolder
from leadscore_assets.serving.reports import Reports, living

_LOOK_SECONDS = 0.05
_READ_SECONDS = 0.5
_HEAD_BYTES = 1 << 16
_TOLD = "no model serves yet, it is being checked; try again in a moment"
log = logging.getLogger(__name__)


class Porch(threading.Thread):
    """Answers on a listening socket until one worker of this process serves; `folder` is theirs."""

    def __init__(self, folder: StateFolder, listener: socket.socket) -> None:
        super().__init__(name="porch", daemon=True)
        self._file = folder.porch_file
        self._reports = Reports(folder.reports_folder)
        self._listener = listener
        self._server = os.getpid()
        self._answer = _turning_away()
        self._file.touch()

    def run(self) -> None:
        """Turn everybody away until a worker serves, or until the socket is closed."""
        try:
            while not self._served():
                if select([self._listener], [], [], _LOOK_SECONDS)[0]:
                    self._turn_away()
        except (OSError, ValueError):
            # The server ends before it ever served: its socket is closed under this thread.
            log.info("ended before a model served")
        self._file.unlink(missing_ok=True)

    def _served(self) -> bool:
        return any(report.release.generation for report in living(self._reports.all(), server=self._server))

    def _turn_away(self) -> None:
        connection, _ = self._listener.accept()
        with connection, suppress(OSError):
            connection.settimeout(_READ_SECONDS)
            connection.recv(_HEAD_BYTES)
            connection.sendall(self._answer)
            connection.shutdown(socket.SHUT_WR)
            # What is still unread when a connection closes takes the answer with it.
            while connection.recv(_HEAD_BYTES):
                pass


def _turning_away() -> bytes:
    reply = problem(503, _TOLD)
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", b"%d" % len(reply.body)),
        (b"connection", b"close"),
        *reply.headers,
    ]
    head = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    return b"HTTP/1.1 503 Service Unavailable\r\n%b\r\n%b" % (head, reply.body)
