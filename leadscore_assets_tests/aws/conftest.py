"""An AWS that runs on this machine (moto over real HTTP, with what the emulator adds) and an account in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets_tests.aws.emulator import Emulator, emulated
from leadscore_assets_tests.aws.strict import strict_session

if TYPE_CHECKING:
    from leadscore_assets_tests.aws.endpoints import Site

REGION = "us-east-1"
BUCKET = "leadscore-test"


@pytest.fixture(scope="session")
def server() -> Iterator[Emulator]:
    """One server for a test process."""
    with emulated() as found:
        yield found


@pytest.fixture
def emulator(server: Emulator) -> Iterator[Emulator]:
    """The server, emptied before and after the test."""
    server.reset()
    yield server
    server.reset()


@pytest.fixture
def account(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account whose every request is checked strictly, with one empty bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing-secret")
    made = Account(region=REGION, endpoint_url=emulator.url, session=strict_session(REGION), attempts=2)
    made.call("s3", "create_bucket", Bucket=BUCKET)
    return made


@pytest.fixture
def site(account: Account, emulator: Emulator, tmp_path: Path) -> "Site":
    """The account with what an endpoint needs; its models are hollow until a test wants containers."""
    from leadscore_assets_tests.aws.endpoints import Site

    return Site(account, emulator, tmp_path)
