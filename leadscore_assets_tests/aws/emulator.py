"""An emulator of the AWS services that the product uses, written from AWS's documents: moto over real HTTP, extended.

moto keeps S3, STS, SNS, CloudWatch and the registry of SageMaker. What it lacks, or does otherwise than documented, is
added by the modules named in EXTENSIONS; each has `install(emulator)` and its state is emptied by `reset`. It proves
that the product follows the documents, not that AWS does.
"""

import importlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer

# Endpoints publish into metrics, so these come first.
EXTENSIONS: tuple[str, ...] = (
    "leadscore_assets_tests.aws.emulated_metrics",
    "leadscore_assets_tests.aws.emulated_cloud",
    "leadscore_assets_tests.aws.emulated_endpoints",
    "leadscore_assets_tests.aws.emulated_invocations",
    "leadscore_assets_tests.aws.emulated_registry",
    "leadscore_assets_tests.aws.emulated_s3",
    "leadscore_assets_tests.aws.emulated_training",
    "leadscore_assets_tests.aws.emulated_transform",
)


@dataclass
class Emulator:
    """A running server: its address, a folder for what its jobs and endpoints need, and how to empty it."""

    url: str
    folder: Path
    on_reset: list[Callable[[], None]] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)

    def reset(self) -> None:
        """Forget everything; what still runs is ended first."""
        for forget in self.on_reset:
            forget()
        moto_api_backend.reset()


@contextmanager
def emulated() -> Iterator[Emulator]:
    """Serve on a free port of loopback until the block ends."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with tempfile.TemporaryDirectory(prefix="emulator-") as folder:
        host, port = server.get_host_and_port()
        emulator = Emulator(f"http://{host}:{port}", Path(folder))
        for name in EXTENSIONS:
            importlib.import_module(name).install(emulator)
        try:
            yield emulator
        finally:
            emulator.reset()
            server.stop()
