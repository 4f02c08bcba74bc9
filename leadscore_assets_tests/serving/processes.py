"""Runs a scoring server as a child process and talks to it over a socket."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from leadscore_assets.serving.folder import StateFolder

T = TypeVar("T")


def until(look: Callable[[], T | None], *, seconds: float = 30) -> T:
    """Look again and again until something is found; fail after a bounded time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"nothing found within {seconds} s")


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    folder: StateFolder
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def get(self, path: str) -> tuple[int, bytes]:
        connection = self.connection()
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.get("/status")[1])
        return found

    def serves(self, generation: int) -> bool:
        return self.status()["generation"] == generation


@contextmanager
def running(state: Path, *arguments: str) -> Iterator[Server]:
    """Run a foreground server on a free port; it is killed at the end if it still runs."""
    folder = StateFolder(state)
    folder.prepare()
    program = [sys.executable, "-m", "leadscore_assets.serving", "--state", str(state), "--port", "0", *arguments]
    with (state / "stderr.log").open("wb") as log, subprocess.Popen(program, stderr=log) as process:
        try:
            record = until(folder.record)
            server = Server(process, folder, record.port)
            until(lambda: server.get("/ping")[0] in (200, 503))
            yield server
        finally:
            process.kill()
