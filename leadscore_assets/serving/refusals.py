"""A request that is not answered with scores: an HTTP status, a sentence, and where the contract is broken."""

from typing import Any

import msgspec

from leadscore_assets.domain.errors import InvalidInput

SHOWN_CHARACTERS = 80
SHOWN_VIOLATIONS = 100


class Broken(msgspec.Struct, frozen=True):
    """One broken rule: the record's position in the request (from 0), its field, the value as sent, and the rule."""

    record: int
    field: str
    value: Any
    rule: str

    def __str__(self) -> str:
        shown = "" if self.value is None else f" = {self.value!r}"
        return f"record {self.record}: {self.field}{shown}: {self.rule}"


class RefusedRequest(InvalidInput):
    """A request refused with an HTTP status."""

    def __init__(
        self, message: str, *, status: int = 400, violations: list[Broken] | None = None, allow: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.violations = violations or []
        self.allow = allow


def shortened(value: Any) -> Any:
    """Return a value fit to be echoed: a number, a boolean or null as it is, text cut to 80 characters."""
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 1 << 63):
        return value
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
