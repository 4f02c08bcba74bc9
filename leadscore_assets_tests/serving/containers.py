"""Runs the scoring container's program as a process, as SageMaker starts it, with a folder in the place of /opt/ml."""

import http.client
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leadscore_assets_tests.home import free_port
from leadscore_assets_tests.serving.processes import until

PROGRAM = (sys.executable, "-m", "leadscore_assets.serving.container", "serve")
_OURS = ("LEADSCORE_", "SAGEMAKER_", "SM_", "AWS_")


@dataclass(frozen=True)
class RunningContainer:
    process: subprocess.Popen[bytes]
    port: int
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def connection(self, *, seconds: float = 30) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def ask(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, *, seconds: float = 30
    ) -> tuple[int, bytes]:
        """Send one request, a POST where it has a body."""
        connection = self.connection(seconds=seconds)
        try:
            sent = {"content-type": "application/json", **(headers or {})} if body is not None else dict(headers or {})
            connection.request("GET" if body is None else "POST", path, body, sent)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def ping(self) -> int | None:
        """Ping as the platform does, which waits two seconds; None before the port is open."""
        try:
            return self.ask("/ping", seconds=2)[0]
        except ConnectionRefusedError:
            return None

    def ready(self, *, seconds: float = 60) -> bool:
        """Wait until the container answers a ping with 200; False when it ended before."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            if self.ping() == 200:
                return True
            time.sleep(0.02)
        return False


@contextmanager
def container(
    root: Path,
    environment: Mapping[str, str],
    *,
    program: tuple[str, ...] = PROGRAM,
    base: Mapping[str, str] = os.environ,
) -> Iterator[RunningContainer]:
    """Start a container on the model in `root/model`; it is killed at the end if it still runs."""
    port = free_port()
    kept = {name: value for name, value in base.items() if not name.startswith(_OURS)}
    given = {"LEADSCORE_ML_ROOT": str(root), "LEADSCORE_HOST": "127.0.0.1", "LEADSCORE_PORT": str(port)}
    log_file = root / "container.log"
    with (
        log_file.open("wb") as log,
        subprocess.Popen(
            program, env={**kept, **environment, **given}, cwd=root, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield RunningContainer(process, port, log_file)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def unpacked(root: Path, bundle: Path) -> Path:
    """Lay a bundle where SageMaker unpacks a model's archive, and return the container's root."""
    shutil.copytree(bundle, root / "model")
    return root


def opened(running: RunningContainer) -> None:
    """Wait until the container's port answers at all."""
    until(running.ping)
