"""Any Arrow column as text: what an id, a level or a quarantined value looks like to a person.

Whole numbers have no decimal point whatever their type, so that an id is the same text from a file of integers and
from one whose missing values made them floats.
"""

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.rules import FIRST_INEXACT

_ENDS = (".0", "00")
_DECIMAL_ZEROS = re.compile(r"^(-?[0-9]+)\.0+$")
Arrow = Any  # an Arrow column: the stubs of pyarrow refuse calls that pyarrow takes


def as_text(column: Arrow) -> Arrow:
    """Return a column as strings, null where it is null; NaN is written `nan`, nested values as Python writes them."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.cast(kind.value_type))
    if pa.types.is_string(kind):
        return column
    if pa.types.is_floating(kind):
        return _floats(column.cast(pa.float64()))
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.chunked_array([pa.array(map(_shown, column.to_pylist()), pa.string())])


def spelled(text: str) -> str:
    """Return a whole number without its decimal zeros (`240.0` is `240`), and any other text as it is."""
    return _DECIMAL_ZEROS.sub(r"\1", text) if text[-2:] in _ENDS else text


def as_spelled(column: Arrow) -> Arrow:
    """Return a column of texts spelled as `spelled` does."""
    return pc.replace_substring_regex(column, pattern=_DECIMAL_ZEROS.pattern, replacement=r"\1")


def is_blank(text: Arrow) -> Arrow:
    """Tell for each text whether it is missing, empty or nothing but spaces."""
    return pc.fill_null(pc.equal(pc.utf8_trim_whitespace(text), pa.scalar("")), True)


def is_nested(kind: pa.DataType) -> bool:
    """Tell whether a column's type holds lists, structs or maps, which no feature can be."""
    return bool(pa.types.is_nested(kind))


def _floats(column: Arrow) -> Arrow:
    whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), pa.scalar(FIRST_INEXACT)))
    as_whole = pc.if_else(whole, column, None).cast(pa.int64()).cast(pa.string())
    return pc.if_else(whole, as_whole, column.cast(pa.string()))


def _shown(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return None if value is None else str(value)
