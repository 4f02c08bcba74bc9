"""A request's leads against the contract: the online twin of validation.py, in plain Python and in microseconds.

The rules and their words are those of rules.py. JSON is read more strictly than a file: a number is a number and not
a text, NaN does not exist, a column that the contract does not know is refused, and so are the label and the outcome.
"""

import re
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from leadscore_assets.domain import rules
from leadscore_assets.domain.contract import Contract, Feature
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.moments import iso_text, iso_us, moment_us
from leadscore_assets.domain.texts import spelled

Check = Callable[[Any], str | None]
Reader = Callable[[str], Any]
_NUMBER = re.compile(rules.NUMBER_PATTERN, re.ASCII)
_shown = reprlib.Repr()
_shown.maxstring = _shown.maxother = _shown.maxlong = 60


@dataclass(frozen=True)
class Violation:
    """One broken rule: the record's position in the request, the field, its value (None where it is missing)."""

    index: int
    field: str
    value: Any
    rule: str

    def __str__(self) -> str:
        """Say it in one line: `record 0: employees = -5: below the minimum 1`."""
        value = "" if self.value is None else f" = {_short(self.value)}"
        return f"record {self.index}: {self.field}{value}: {self.rule}"


@dataclass(frozen=True)
class _Plan:
    """A contract made ready: how each field is checked and read, and which must be there."""

    checks: dict[str, Check]
    readers: dict[str, Reader]
    required: tuple[str, ...]
    refused: dict[str, str]


_plans: dict[str, _Plan] = {}
_PLANS_KEPT = 16


def violations(records: Sequence[Mapping[str, Any]], contract: Contract, *, first: int = 0) -> list[Violation]:
    """Return every broken rule of every record, in order; records count from `first`. Null and absent are missing."""
    plan = _plan(contract)
    found: list[Violation] = []
    for index, record in enumerate(records, first):
        for name, value in record.items():
            check = plan.checks.get(name)
            if check is None:
                found.append(Violation(index, name, value, plan.refused.get(name, rules.UNKNOWN)))
            elif value is not None:
                rule = check(value)
                if rule is not None:
                    found.append(Violation(index, name, value, rule))
        for name in plan.required:
            if record.get(name) is None:
                found.append(Violation(index, name, None, rules.MISSING))
    return found


def record_from_csv(values: Sequence[str], contract: Contract, header: Sequence[str] | None) -> dict[str, Any]:
    """Return a CSV row as a record of typed values, None where a cell is empty.

    Without a header the cells are the contract's features in order, then created_at where the contract needs it.
    Columns that the contract does not know stay as text: `violations` names them. Raises InvalidInput naming the
    position and the field of a cell that cannot be read, and a row that is too short or too long.
    """
    plan = _plan(contract)
    names = _positions(len(values), contract) if header is None else _header(len(values), header)
    record: dict[str, Any] = {}
    for position, (name, text) in enumerate(zip(names, values, strict=True), 1):
        reader = plan.readers.get(name, str)
        try:
            record[name] = reader(text) if text else None
        except ValueError as error:
            raise InvalidInput(f"position {position} ({name}) = {_short(text)}: {error}; correct the cell") from None
    return record


def _positions(count: int, contract: Contract) -> tuple[str, ...]:
    names = contract.names
    if contract.needs_created_at and count == len(names) + 1:
        return (*names, contract.created_at)
    if count != len(names):
        last = f", then {contract.created_at}" if contract.needs_created_at else ""
        edge = f"the row ends before {names[count]}" if count < len(names) else f"the row has more after {names[-1]}"
        raise InvalidInput(
            f"the row has {count} values but the contract has {len(names)} features; {edge}; "
            f"send the features in the contract's order{last}, or send a header"
        )
    return names


def _header(count: int, header: Sequence[str]) -> list[str]:
    names = [name.strip() for name in header]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"the header names {', '.join(twice)} more than once; give every column its own name")
    if count != len(names):
        edge = f"{names[count]} (position {count + 1}) is missing" if count < len(names) else f"more follow {names[-1]}"
        raise InvalidInput(f"the row has {count} values but the header names {len(names)}; {edge}; mend the row")
    return names


def _plan(contract: Contract) -> _Plan:
    plan = _plans.get(contract.digest)
    if plan is None:
        if len(_plans) >= _PLANS_KEPT:
            _plans.clear()
        plan = _plans[contract.digest] = _made_ready(contract)
    return plan


def _made_ready(contract: Contract) -> _Plan:
    checks: dict[str, Check] = {contract.key: _check_key, contract.created_at: _check_moment}
    readers: dict[str, Reader] = {contract.key: spelled, contract.created_at: _read_moment}
    for feature in contract.features:
        checks[feature.name] = _check_of(feature)
        readers[feature.name] = _READERS[feature.kind]
    required = tuple(feature.name for feature in contract.features if feature.missing == 0)
    if contract.needs_created_at:
        required = (contract.created_at, *required)
    refused = {contract.label: rules.IS_THE_LABEL}
    refused |= dict.fromkeys(contract.known_later[1:], rules.IS_THE_OUTCOME)
    return _Plan(checks, readers, required, refused)


def _check_of(feature: Feature) -> Check:
    if feature.kind == "timestamp":
        return _check_moment
    if feature.kind == "boolean":
        return _check_boolean
    if feature.kind == "categorical":
        return _check_text if feature.open_levels else _check_level(frozenset(feature.levels))
    return _check_number(feature.minimum, feature.maximum, whole=feature.kind == "integer")


def _check_number(minimum: float | None, maximum: float | None, *, whole: bool) -> Check:
    lowest = float("-inf") if minimum is None else minimum
    highest = float("inf") if maximum is None else maximum

    def check(value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return rules.NOT_A_NUMBER
        number = _as_float(value)
        if lowest <= number <= highest and isfinite(number) and not whole:
            return None
        return _number_rule(number, minimum, maximum, whole=whole)

    return check


def _number_rule(number: float, minimum: float | None, maximum: float | None, *, whole: bool) -> str | None:
    if not isfinite(number):
        return rules.NOT_FINITE
    if whole and not number.is_integer():
        return rules.NOT_WHOLE
    if whole and abs(number) >= rules.FIRST_INEXACT:
        return rules.TOO_LARGE
    if minimum is not None and number < minimum:
        return rules.below(minimum)
    if maximum is not None and number > maximum:
        return rules.above(maximum)
    return None


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _check_boolean(value: Any) -> str | None:
    return None if isinstance(value, bool | int | float) and value in (0, 1) else rules.NOT_A_BOOLEAN


def _check_text(value: Any) -> str | None:
    if not isinstance(value, str):
        return rules.NOT_TEXT
    return None if value else rules.EMPTY


def _check_level(levels: frozenset[str]) -> Check:
    def check(value: Any) -> str | None:
        rule = _check_text(value)
        return rules.UNLISTED if rule is None and spelled(value) not in levels else rule

    return check


def _check_key(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return None
    return rules.EMPTY if isinstance(value, str) and not value.strip() else _check_text(value)


def _check_moment(value: Any) -> str | None:
    return None if isinstance(value, str) and iso_us(value) is not None else rules.NOT_A_MOMENT


def _read_number(text: str) -> float | None:
    plain = text.strip()
    if not plain:
        return None
    if not _NUMBER.fullmatch(plain):
        raise ValueError(rules.NOT_A_NUMBER)
    number = float(plain)
    return None if number != number else number  # noqa: PLR0124 - NaN is what differs from itself, and counts as missing


def _read_boolean(text: str) -> bool | None:
    word = text.strip().lower()
    if word and word not in rules.TRUE_WORDS | rules.FALSE_WORDS:
        raise ValueError(rules.NOT_A_BOOLEAN)
    return word in rules.TRUE_WORDS if word else None


def _read_moment(text: str) -> str | None:
    if not text.strip():
        return None
    us = moment_us(text)
    if us is None:
        raise ValueError(rules.NOT_A_MOMENT)
    return iso_text(us)


_READERS: dict[str, Reader] = {
    "numeric": _read_number,
    "integer": _read_number,
    "boolean": _read_boolean,
    "categorical": str,
    "timestamp": _read_moment,
}


def _short(value: Any) -> str:
    try:
        return _shown.repr(value)
    except ValueError:  # an integer of more digits than Python writes
        return "(a number too long to show)"
