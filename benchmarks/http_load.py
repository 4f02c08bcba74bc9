"""An HTTP client that measures: one thread, raw sockets, keep-alive, nothing between the socket and the clock.

`peak` keeps every connection busy. `open_loop` sends at a fixed rate whatever the server does, and counts each latency
from the moment the request was due: a server that stalls is charged for every request that it kept waiting.
"""

import re
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CLOSING = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_LATE_SECONDS = 10.0


class Exchange(NamedTuple):
    """One request by its number: when it was due, sent and done (perf_counter), its status (0: lost), the answer."""

    number: int
    due: float
    sent: float
    done: float
    status: int
    received: bytes


@dataclass
class Load:
    """What came back: latencies in seconds of answers with status 200, counts of others, requests lost."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    lost: int = 0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def milliseconds(self, percent: float) -> float:
        return 1e3 * float(np.percentile(self.latencies, percent)) if self.latencies else float("nan")


@dataclass
class _Line:
    """One connection with its request in flight."""

    sock: socket.socket
    number: int = 0
    due: float = 0.0
    sent: float = 0.0
    received: bytes = b""
    wanted: int = 0


class Client:
    """Connections to one server; `requests` are whole HTTP requests, sent in turn; `look` hears how each one went."""

    def __init__(
        self,
        port: int,
        requests: Sequence[bytes],
        *,
        connections: int = 16,
        look: Callable[[Exchange], None] | None = None,
    ) -> None:
        self._port = port
        self._requests = requests
        self._sent = 0
        self._look = look
        self._poll = select.epoll()
        self._lines: dict[int, _Line] = {}
        self._free: deque[_Line] = deque()
        for _ in range(connections):
            self._connect()

    def peak(self, seconds: float) -> Load:
        """Keep every connection busy for a time."""
        load, start = Load(), time.perf_counter()
        end = start + seconds
        while self._free:
            self._send(self._free.popleft(), time.perf_counter(), load)
        while (now := time.perf_counter()) < end:
            for line in self._ready(end - now):
                self._take(line, load, again=True)
        load.seconds = time.perf_counter() - start
        self._drain(load)
        return load

    def open_loop(self, rate: float, seconds: float, *, during: Callable[[float], bool | None] | None = None) -> Load:
        """Send `rate` requests a second for a time; `during` hears the time passed, and ends the load with True."""
        load, start, number = Load(), time.perf_counter() + 0.05, 0
        total, due = int(rate * seconds), deque[float]()
        while number < total or due:
            now = time.perf_counter()
            while number < total and start + number / rate <= now:
                due.append(start + number / rate)
                number += 1
            while due and self._free:
                self._send(self._free.popleft(), due.popleft(), load)
            if due and now - due[0] > _LATE_SECONDS and number >= total:
                load.lost += len(due)
                for at, late in enumerate(due):
                    self._tell(Exchange(self._sent + at, late, now, now, 0, b""))
                break
            wait = start + number / rate - time.perf_counter() if number < total else 0.05
            for line in self._ready(max(0.0, min(wait, 0.05))):
                self._take(line, load, again=False)
            if during and during(now - start):
                total = number
        self._drain(load)
        load.seconds = max(time.perf_counter() - start, seconds)
        return load

    def close(self) -> None:
        for line in self._lines.values():
            line.sock.close()
        self._poll.close()

    def _connect(self) -> None:
        sock = socket.create_connection(("127.0.0.1", self._port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = self._lines[sock.fileno()] = _Line(sock)
        self._poll.register(sock.fileno(), select.EPOLLIN)
        self._free.append(line)

    def _ready(self, wait: float) -> list[_Line]:
        """Wait for answers; epoll counts whole milliseconds, so a shorter wait is slept in small steps."""
        found = self._poll.poll(0)
        if not found and wait > 0:
            if wait > 0.002:
                found = self._poll.poll(wait - 0.001)
            else:
                time.sleep(min(wait, 5e-5))
                found = self._poll.poll(0)
        return [self._lines[handle] for handle, _ in found]

    def _send(self, line: _Line, due: float, load: Load) -> None:
        line.number, line.due, line.sent = self._sent, due, time.perf_counter()
        line.received, line.wanted = b"", 0
        request = self._requests[self._sent % len(self._requests)]
        self._sent += 1
        try:
            line.sock.sendall(request)
        except OSError:
            self._broken(line, load)

    def _take(self, line: _Line, load: Load, *, again: bool) -> None:
        try:
            part = line.sock.recv(1 << 16)
        except OSError:
            part = b""
        if not part:
            self._broken(line, load)
            return
        line.received += part
        if not line.wanted:
            head = line.received.find(b"\r\n\r\n")
            length = _LENGTH.search(line.received) if head >= 0 else None
            line.wanted = head + 4 + (int(length[1]) if length else 0) if head >= 0 else 0
        if line.wanted and len(line.received) >= line.wanted:
            self._done(line, load)
            if _CLOSING.search(line.received[: line.received.find(b"\r\n\r\n")]):
                self._broken(line, load)
            else:
                self._free.append(line)
            if again:
                self._send(self._free.popleft(), time.perf_counter(), load)

    def _done(self, line: _Line, load: Load) -> None:
        status, now = int(line.received[9:12]), time.perf_counter()
        load.statuses[status] = load.statuses.get(status, 0) + 1
        if status == 200:
            load.latencies.append(now - line.due)
        self._tell(Exchange(line.number, line.due, line.sent, now, status, line.received))
        line.due = 0.0

    def _broken(self, line: _Line, load: Load) -> None:
        """A connection that ends while it waits has lost its request; an idle one has lost nothing."""
        self._lose(line, load)
        self._poll.unregister(line.sock.fileno())
        del self._lines[line.sock.fileno()]
        line.sock.close()
        if line in self._free:
            self._free.remove(line)
        self._connect()

    def _drain(self, load: Load) -> None:
        end = time.perf_counter() + _LATE_SECONDS
        while any(line.due for line in self._lines.values()) and time.perf_counter() < end:
            for line in self._ready(0.05):
                self._take(line, load, again=False)
        for line in self._lines.values():
            self._lose(line, load)

    def _lose(self, line: _Line, load: Load) -> None:
        if line.due:
            load.lost += 1
            self._tell(Exchange(line.number, line.due, line.sent, time.perf_counter(), 0, b""))
            line.due = 0.0

    def _tell(self, exchange: Exchange) -> None:
        if self._look:
            self._look(exchange)


def post(path: str, body: bytes, *, headers: str = "") -> bytes:
    """A whole HTTP request with a JSON body."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{headers}"
    return head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body
