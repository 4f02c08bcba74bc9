"""The containers behind emulated endpoints: the scoring server's own program, one process for each model.

All instances of a model share its process, and a model that was started once in a test process stays warm: a container
keeps nothing. Where no process is wanted, models are hollow: they answer what the test says.
"""

import atexit
import hashlib
import io
import tarfile
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from leadscore_assets_tests.serving.containers import RunningContainer, container


@dataclass(frozen=True)
class Answered:
    """What a container answered, and how long it took (microseconds)."""

    status: int
    body: bytes
    content_type: str
    microseconds: float


@dataclass
class Hollow:
    """Models without a process: healthy, quick and right unless the test says otherwise, by the model's name."""

    sick: set[str] = field(default_factory=set)
    failing: dict[str, int] = field(default_factory=dict)
    microseconds: dict[str, float] = field(default_factory=dict)

    def healthy(self, model: Mapping[str, Any]) -> bool | None:
        """Whether a model answers its ping; None while it starts."""
        return not _said(self.sick, model)

    def ask(self, model: Mapping[str, Any], _body: bytes, _headers: Mapping[str, str]) -> Answered:
        """Answer for a model."""
        named = model["ModelName"]
        status = next((code for part, code in self.failing.items() if part in named), 200)
        took = next((found for part, found in self.microseconds.items() if part in named), 5_000.0)
        version = model["PrimaryContainer"]["Environment"].get("LEADSCORE_VERSION", "0")
        body = f'{{"model_version": {version}, "predictions": []}}' if status == 200 else '{"error": "on demand"}'
        return Answered(status, body.encode(), "application/json", took)


class Processes:
    """Models as processes."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="containers-")))
        self._running: dict[str, RunningContainer] = {}
        self._lock = threading.Lock()
        atexit.register(self._stack.close)

    def healthy(self, model: Mapping[str, Any]) -> bool | None:
        """Whether a model's container answers its ping with 200; None while it starts, False once it has ended."""
        running = self._started(model)
        if running.process.poll() is not None:
            return False
        return True if running.ping() == 200 else None

    def ask(self, model: Mapping[str, Any], body: bytes, headers: Mapping[str, str]) -> Answered:
        """Ask a model's container."""
        running, began = self._started(model), time.perf_counter()
        connection = running.connection()
        try:
            connection.request("POST", "/invocations", body, dict(headers))
            response = connection.getresponse()
            content, kind = response.read(), response.getheader("content-type") or ""
        finally:
            connection.close()
        return Answered(response.status, content, kind, (time.perf_counter() - began) * 1e6)

    def _started(self, model: Mapping[str, Any]) -> RunningContainer:
        given = model["PrimaryContainer"]
        archive = _object(given["ModelDataUrl"])
        key = hashlib.sha256(archive + repr(sorted(given["Environment"].items())).encode()).hexdigest()
        with self._lock:
            if key not in self._running:
                root = self._folder / key
                (root / "model").mkdir(parents=True)
                with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                    tar.extractall(root / "model", filter="data")
                environment = {**given["Environment"], "LEADSCORE_WORKERS": "1"}
                self._running[key] = self._stack.enter_context(container(root, environment))
            return self._running[key]


def _object(uri: str) -> bytes:
    """What lies at an address of the emulated S3."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    found: bytes = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_object(bucket, key).value
    return found


def _said(parts: set[str], model: Mapping[str, Any]) -> bool:
    return any(part in model["ModelName"] for part in parts)
