"""What every test of schedules, sensors and runs leaves behind: nothing."""

import gc
from collections.abc import Iterator

import pytest
from dagster._core.storage.defs_state.base import _current_storage


@pytest.fixture(autouse=True)
def _no_store_of_a_closed_instance() -> Iterator[None]:
    """Forget the last instance: a context that is built by hand brings it back, and again when it is collected."""
    yield
    gc.collect()
    _current_storage.set(None)
