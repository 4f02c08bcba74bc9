"""A raw column as a person would see it: what kind of values it holds, read by the same rules that read every week.

The kind comes from the values, so that a Parquet file and its CSV export say the same.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.casting import Floats, read_booleans, read_numbers, read_texts
from leadscore_assets.domain.contract import Kind
from leadscore_assets.domain.moments import Mask, mask_of, read_moments
from leadscore_assets.domain.texts import Arrow, as_text, is_blank, is_nested

READABLE = 0.95
_WORDS = frozenset({"true", "false"})
_LEADING_ZERO = r"^\s*[+-]?0[0-9]"


@dataclass(frozen=True)
class RawColumn:
    """One column of n rows.

    `kind` is None where nothing is known or values are nested. `values` (n,) are numbers, 0 and 1, epoch seconds, or
    positions in `levels` (most frequent first), NaN where missing or unreadable. `unreadable` (n,) marks values that
    are not of the column's kind, and `example` is the first of them.
    """

    name: str
    kind: Kind | None
    values: Floats
    missing: Mask
    unreadable: Mask
    levels: tuple[str, ...] = ()
    example: str = ""
    raw: Arrow = None

    @property
    def known(self) -> Mask:
        """Which rows have a value of the column's kind."""
        known: Mask = ~np.isnan(self.values)
        return known

    @property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(self.levels) if self.kind == "categorical" else int(np.unique(self.values[self.known]).size)


def read_column(name: str, raw: Arrow) -> RawColumn:
    """Read an Arrow column as what it holds: boolean, integer, numeric, timestamp or categorical.

    Texts are numbers or moments when at least 95 % of those present can be read as such; texts of digits with a leading
    zero stay texts, and only true and false are booleans.
    """
    missing = _missing(raw)
    for read in (_booleans, _numbers, _moments):
        column = read(name, raw, missing) if not missing.all() and not is_nested(raw.type) else None
        if column:
            return _with_example(column)
    if is_nested(raw.type) or missing.all():
        nothing = np.full(len(raw), np.nan)
        return RawColumn(name, None, nothing, missing, ~missing, raw=raw)
    return as_categories(name, raw)


def as_categories(name: str, raw: Arrow) -> RawColumn:
    """Read a column of any kind as levels; whole numbers have no decimal point."""
    texts = read_texts(raw)
    encoded = texts.values.combine_chunks().dictionary_encode()
    codes = encoded.indices.cast(pa.float64()).to_numpy(zero_copy_only=False)
    found = encoded.dictionary.to_pylist()
    counts = np.bincount(codes[~np.isnan(codes)].astype(np.int64), minlength=len(found))
    order = sorted(range(len(found)), key=lambda i: (-counts[i], found[i]))
    place = np.empty(len(found) + 1)
    place[order], place[-1] = np.arange(len(found)), np.nan
    values = place[np.where(np.isnan(codes), len(found), codes).astype(np.int64)]
    missing = np.isnan(values)
    levels = tuple(found[i] for i in order)
    return RawColumn(name, "categorical", values, missing, np.zeros(len(missing), dtype=bool), levels, raw=raw)


def is_whole(values: Floats) -> bool:
    """Tell whether all known values are whole numbers."""
    known = values[~np.isnan(values)]
    return bool(np.isfinite(known).all() and (known == np.floor(known)).all())


def is_text(raw: Arrow) -> bool:
    """Tell whether a column's type is text."""
    kind = raw.type.value_type if pa.types.is_dictionary(raw.type) else raw.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _booleans(name: str, raw: Arrow, missing: Mask) -> RawColumn | None:
    if not pa.types.is_boolean(raw.type):
        if not is_text(raw):
            return None
        words = set(pc.unique(pc.utf8_lower(pc.utf8_trim_whitespace(as_text(raw)))).to_pylist())
        if not words - {None, ""} <= _WORDS:
            return None
    found = read_booleans(raw)
    return RawColumn(name, "boolean", found.values, missing, found.unreadable, raw=raw)


def _numbers(name: str, raw: Arrow, missing: Mask) -> RawColumn | None:
    if is_text(raw) and pc.any(pc.match_substring_regex(as_text(raw), _LEADING_ZERO)).as_py():
        return None
    found = read_numbers(raw)
    values = np.where(np.isfinite(found.values), found.values, np.nan)
    unreadable = found.unreadable | np.isinf(found.values)
    missing = missing | found.missing
    if missing.all() or not _mostly(~np.isnan(values), missing):
        return None
    return RawColumn(name, "integer" if is_whole(values) else "numeric", values, missing, unreadable, raw=raw)


def _moments(name: str, raw: Arrow, missing: Mask) -> RawColumn | None:
    if not (is_text(raw) or pa.types.is_temporal(raw.type)):
        return None
    found = read_moments(raw)
    if not _mostly(found.known, missing):
        return None
    values = np.where(found.known, found.us / 1e6, np.nan)
    return RawColumn(name, "timestamp", values, missing, found.unreadable, raw=raw)


def _mostly(readable: Mask, missing: Mask) -> bool:
    return bool(readable.sum() >= READABLE * (~missing).sum())


def _missing(raw: Arrow) -> Mask:
    if is_nested(raw.type):
        return mask_of(pc.is_null(raw))
    if pa.types.is_floating(raw.type):
        return mask_of(pc.is_null(raw, nan_is_null=True))
    return mask_of(is_blank(as_text(raw))) if is_text(raw) else mask_of(pc.is_null(raw))


def _with_example(column: RawColumn) -> RawColumn:
    if not column.unreadable.any():
        return column
    return replace(column, example=str(column.raw[int(np.argmax(column.unreadable))].as_py()))
