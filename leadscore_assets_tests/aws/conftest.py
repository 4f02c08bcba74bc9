"""An AWS that runs on this machine (moto over real HTTP, with what the emulator adds) and an account in it."""

from collections.abc import Iterator
from typing import Any

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.aws.strict import strict_session

REGION = "us-east-1"
BUCKET = "leadscore-test"
OWNER = "123456789012"


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
def store(account: Account) -> S3Store:
    """The bucket's objects below one prefix, in an account that owns it."""
    return S3Store(account, BUCKET, "site", owner=OWNER, part_bytes=5 << 20)


@pytest.fixture
def calls(account: Account) -> list[tuple[str, dict[str, Any]]]:
    """Every S3 call from here on: its name and its request."""
    seen: list[tuple[str, dict[str, Any]]] = []
    events = account.client("s3").meta.events
    events.register("provide-client-params.s3.*", lambda params, model, **_: seen.append((model.name, params)))
    return seen
