"""An emulated account with a bucket, in which a SageMaker endpoint can be made."""

from pathlib import Path

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.aws.endpoint.site import Site


@pytest.fixture
def site(account: Account, store: S3Store, emulator: Emulator, tmp_path: Path) -> Site:
    """The account with what an endpoint needs; its models are hollow until a test wants containers."""
    return Site(account, store, emulator, tmp_path)
