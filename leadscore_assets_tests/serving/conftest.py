"""Two trained bundles for the whole session, and an application that serves the first of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets.serving.app import ScoringApp
from leadscore_assets.serving.desired import Release
from leadscore_assets.serving.models import Live, opened
from leadscore_assets_tests.serving.bundles import placed, trained


@dataclass(frozen=True)
class TwoBundles:
    kept: LocalBundles
    first: str
    second: str


@pytest.fixture(scope="session")
def two(tmp_path_factory: pytest.TempPathFactory) -> TwoBundles:
    kept, (first, second) = trained(tmp_path_factory.mktemp("bundles"))
    return TwoBundles(kept, first, second)


@pytest.fixture
def live(two: TwoBundles) -> Live:
    return Live(serving=opened(Release(1, (placed(two.kept, two.first, 3),)), now=None))


@pytest.fixture
def app(live: Live) -> Iterator[ScoringApp]:
    app = ScoringApp(name="leadscore", instance="here", live=live)
    yield app
    app.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "endpoint"
