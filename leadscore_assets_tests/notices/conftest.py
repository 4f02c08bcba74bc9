"""The site that the tests of notices work on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadscore_assets_tests.notices.site import Site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site(tmp_path, monkeypatch)
    yield made
    made.down()
