"""One account for all looks."""

import warnings
from collections.abc import Iterator

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets_tests.aws.checkup.looked_at import Site
from leadscore_assets_tests.aws.conftest import REGION
from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.aws.strict import strict_session


@pytest.fixture(scope="package")
def built(server: Emulator) -> Iterator[Site]:
    """One account for all of these tests; who changes it puts it back."""
    server.reset()
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tried to parse")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing-secret")
        yield Site(Account(region=REGION, endpoint_url=server.url, session=strict_session(REGION), attempts=1))
    server.reset()
