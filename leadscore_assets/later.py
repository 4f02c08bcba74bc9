"""A port that is opened, its libraries imported, when it is first used: going back must not wait for either."""

from collections.abc import Callable
from functools import cached_property
from typing import Any


class Later:
    """Stands for what `opening` returns; whatever is asked of it opens it."""

    def __init__(self, opening: Callable[[], Any]) -> None:
        self._opening = opening

    @cached_property
    def _opened(self) -> Any:
        return self._opening()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opened, name)
