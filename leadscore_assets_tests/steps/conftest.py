"""Platforms that the tests of steps work on: every port is the real local adapter."""

from collections.abc import Callable

import pytest

from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.home import Home


@pytest.fixture
def on_leads(copy: Callable[[Home], Home], ingested: Home) -> Platform:
    """Seven ingested weeks."""
    return copy(ingested).platform()


@pytest.fixture
def on_champion(copy: Callable[[Home], Home], champion: Home) -> Platform:
    """Version 1 in production."""
    return copy(champion).platform()


@pytest.fixture
def on_judged(copy: Callable[[Home], Home], judged: Home) -> Platform:
    """Version 1 in production and a better candidate of a newer week, judged."""
    return copy(judged).platform()
