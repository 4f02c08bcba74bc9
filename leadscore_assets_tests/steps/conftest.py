"""Platforms that the tests of steps work on: every port is the real local adapter."""

from collections.abc import Callable

import pytest

from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.home import Home
from leadscore_assets_tests.steps.aged import come_of_age


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


@pytest.fixture
def aged(copy: Callable[[Home], Home], released: Home) -> Home:
    """Two versions, eight more weeks of leads, what was left behind here and there, and all of it 40 days old."""
    return come_of_age(copy(released))
