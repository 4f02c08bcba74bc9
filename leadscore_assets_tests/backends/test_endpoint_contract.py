"""The local endpoint keeps the promises of every endpoint."""

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.backends.local.endpoint import LocalEndpoint
from leadscore_assets_tests.backends.endpoint_contract import EndpointContract, Two
from leadscore_assets_tests.home import free_port
from leadscore_assets_tests.serving.bundles import trained

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_BETWEEN_LOOKS = 0.05


class Here:
    """This machine."""

    def __init__(self, folder: Path, two: Two) -> None:
        self._port, self._folder, self._two = free_port(), folder, two

    def open(self) -> LocalEndpoint:
        place = {"host": "127.0.0.1", "port": self._port, "name": "leadscore", "workers": 1}
        return LocalEndpoint(folder=self._folder, bundles=self._two.kept, **place)  # type: ignore[arg-type]

    def ask(self, lead: dict[str, Any]) -> dict[str, Any]:
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/invocations", json.dumps(lead).encode(), headers
        )
        with _OPENER.open(request, timeout=10) as response:
            found: dict[str, Any] = json.loads(response.read())
            return found

    def wait(self) -> None:
        time.sleep(_BETWEEN_LOOKS)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Two:
    return Two(*trained(tmp_path_factory.mktemp("bundles")))


@pytest.fixture
def stage(tmp_path: Path, two: Two) -> Iterator[Here]:
    here = Here(tmp_path / "endpoint", two)
    yield here
    here.open().stop()


class TestLocalEndpoint(EndpointContract):
    """On this machine."""


def test_leads_are_dealt_by_their_keys(stage: Here) -> None:
    assert stage.open().deals_by == "lead"
