"""Rows as a database driver gives them, as Arrow tables.

NUMERIC stays exact as text, as a CSV export would have it; times with a zone become UTC, times without one stay as they
are and mean UTC later; JSON, arrays, intervals and UUIDs become text.
"""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from leadscore_assets.domain.texts import Arrow

_UTC = pa.timestamp("us", tz="UTC")
_TYPES: dict[type, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    date: pa.date32(),
    bytes: pa.binary(),
}


def as_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Return rows as a table, each column of one type: the values' own, or text where that is none of Arrow's."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return pa.table([_column(values) for values in columns], names=list(names))


def _column(values: Sequence[Any]) -> Arrow:
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return pa.nulls(len(values))
    if kinds == {datetime}:
        return _moments(values)
    kind = _TYPES.get(next(iter(kinds))) if len(kinds) == 1 else None
    if kinds == {int, float}:
        kind = pa.float64()
    try:
        return pa.array(values, kind) if kind else _texts(values)
    except (pa.ArrowInvalid, OverflowError):
        return _texts(values)


def _moments(values: Sequence[datetime | None]) -> Arrow:
    zoned = [value.tzinfo is not None for value in values if value is not None]
    if not any(zoned):
        return pa.array(values, pa.timestamp("us"))
    return pa.array([value and (value if value.tzinfo else value.replace(tzinfo=UTC)) for value in values], _UTC)


def _texts(values: Sequence[Any]) -> Arrow:
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else str(value)
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", errors="replace")
    return str(value)
