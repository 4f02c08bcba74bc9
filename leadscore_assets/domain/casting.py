"""From what a file holds to what the contract wants: numbers, booleans and levels, whatever their physical type.

Nothing here knows a limit. A value that cannot be read is marked, never dropped and never guessed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.moments import Mask, mask_of
from leadscore_assets.domain.rules import FALSE_WORDS, NUMBER_PATTERN, TRUE_WORDS
from leadscore_assets.domain.texts import Arrow, as_spelled, as_text, is_blank, is_nested

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Numbers:
    """A column of n numbers: `values` (n,) with NaN where missing or unreadable, and which of them are unreadable."""

    values: Floats
    unreadable: Mask

    @property
    def missing(self) -> Mask:
        """Which rows have no value at all; NaN counts as none."""
        return np.isnan(self.values) & ~self.unreadable


@dataclass(frozen=True)
class Texts:
    """A column of n texts, null where missing; `unreadable` (n,) marks values that are no text."""

    values: Arrow
    unreadable: Mask


def read_numbers(column: Arrow) -> Numbers:
    """Read a column as float64; empty text and NaN are missing, infinities stay, booleans are no numbers."""
    column = _decoded(column)
    kind = column.type
    if pa.types.is_null(kind):
        return Numbers(np.full(len(column), np.nan), _no_rows(column))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Numbers(_floats(column.cast(pa.float64(), safe=False)), _no_rows(column))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _numbers_from_text(as_text(column))
    return Numbers(np.full(len(column), np.nan), mask_of(pc.is_valid(column)))


def read_booleans(column: Arrow) -> Numbers:
    """Read a column as 0.0 and 1.0: booleans, the numbers 0 and 1, or true/false, yes/no, t/f, y/n in any case."""
    column = _decoded(column)
    kind = column.type
    if pa.types.is_boolean(kind):
        return Numbers(_floats(column.cast(pa.int8()).cast(pa.float64())), _no_rows(column))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = _floats(column.cast(pa.float64(), safe=False))
        unreadable = ~np.isnan(values) & (values != 0) & (values != 1)
        return Numbers(np.where(unreadable, np.nan, values), unreadable)
    words = pc.utf8_lower(pc.utf8_trim_whitespace(as_text(column)))
    true, false = (mask_of(pc.is_in(words, value_set=pa.array(sorted(known)))) for known in (TRUE_WORDS, FALSE_WORDS))
    unreadable = ~(true | false | mask_of(is_blank(words)))
    return Numbers(np.where(true, 1.0, np.where(false, 0.0, np.nan)), unreadable)


def read_texts(column: Arrow) -> Texts:
    """Read a column as text; empty text and NaN are missing, nested values are no text, `240.0` is spelled `240`."""
    column = _decoded(column)
    if is_nested(column.type):
        empty = pa.chunked_array([pa.nulls(len(column), pa.string())])
        return Texts(empty, mask_of(pc.is_valid(column)))
    text = as_spelled(as_text(column))
    missing = pc.is_nan(column) if pa.types.is_floating(column.type) else pc.equal(text, pa.scalar(""))
    return Texts(pc.if_else(missing, _null(), text), _no_rows(column))


def _numbers_from_text(column: Arrow) -> Numbers:
    known = pc.if_else(pc.equal(column, pa.scalar("")), _null(), column)
    try:
        return Numbers(_floats(known.cast(pa.float64())), _no_rows(column))
    except pa.ArrowInvalid:
        return _numbers_among_text(pc.utf8_trim_whitespace(column))


def _numbers_among_text(column: Arrow) -> Numbers:
    found: Arrow = pc.match_substring_regex(column, f"^{NUMBER_PATTERN}$")
    fits: Arrow = pc.fill_null(found, pa.scalar(False))
    numbers: Arrow = pc.if_else(fits, column, _null())
    return Numbers(_floats(numbers.cast(pa.float64())), ~(mask_of(fits) | mask_of(is_blank(column))))


def _null() -> Any:
    # Made when it is needed: Arrow's first scalar imports pandas, which loading the definitions must not wait for.
    return pa.scalar(None, pa.string())


def _decoded(column: Arrow) -> Arrow:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _floats(column: Arrow) -> Floats:
    values: Floats = column.to_numpy()
    return values


def _no_rows(column: Arrow) -> Mask:
    return np.zeros(len(column), dtype=bool)
