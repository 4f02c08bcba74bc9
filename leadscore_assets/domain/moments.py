"""Dates and times as whole microseconds since 1970 in UTC: the one reading of a moment.

Files are filed into weeks by it, weeks are validated with it, and requests are checked with it. A moment without a
zone is UTC.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.texts import Arrow, as_text, is_blank

Ints = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

DAY_US = 86_400_000_000
_TEXTS_KEPT = 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": -1_000}
_EPOCH_TEXT = re.compile(r"([0-9]{9,19})(\.[0-9]+)?", re.ASCII)

# Days that exist in every year; 29 February and whatever else is rare is read one distinct text at a time.
_DATE = (
    r"(?:1[89]|2[01])[0-9]{2}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_TIME = r"[ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_NAIVE = rf"^{_DATE}(?:{_TIME})?$"
_ZONED = rf"^{_DATE}{_TIME}(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"


@dataclass(frozen=True)
class Moments:
    """A column of n moments: `us` (n,) with 0 where not known, `missing` and `unreadable` (n,) as masks."""

    us: Ints
    missing: Mask
    unreadable: Mask

    @property
    def known(self) -> Mask:
        """Which rows have a moment."""
        return ~(self.missing | self.unreadable)


@lru_cache(_TEXTS_KEPT)
def iso_us(text: str) -> int | None:
    """Return an ISO-8601 date or time as microseconds, None where it is none: what a request may hold."""
    if len(text) != 8 and text.isdigit():  # a run of digits is no ISO text, though the standard library reads some
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return (moment - _EPOCH) // _MICROSECOND


def moment_us(text: str) -> int | None:
    """Return what a file writes for a moment, as microseconds: ISO-8601, `... UTC`, YYYYMMDD, or an epoch number.

    Epoch numbers have at least 9 digits and are seconds, milliseconds, microseconds or nanoseconds by their size.
    """
    text = text.strip()
    epoch = _EPOCH_TEXT.fullmatch(text)
    if epoch:
        return _in_range(int(float(text) * 1e6) if epoch[2] and int(epoch[1]) < 10**11 else _scaled(int(epoch[1])))
    return iso_us(text.removesuffix(" UTC"))


def read_moments(column: Arrow) -> Moments:
    """Read a column of any type as moments: timestamps, dates, epoch numbers or texts."""
    if pa.types.is_timestamp(column.type):
        return _from_units(column.cast(pa.int64()), _UNITS[column.type.unit])
    if pa.types.is_date32(column.type):
        return _from_units(column.cast(pa.int32()).cast(pa.int64()), DAY_US)
    if pa.types.is_date64(column.type):
        return _from_units(column.cast(pa.int64()), _UNITS["ms"])
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    return _from_texts(as_text(column))


def mondays(us: Ints) -> Ints:
    """Return for each moment the Monday of its week, as days since 1970: calendar.week_of for arrays."""
    days = us // DAY_US
    return days - (days + _EPOCH_DAY.weekday()) % 7


def day_number(day: date) -> int:
    """Return a date as days since 1970."""
    return (day - _EPOCH_DAY).days


def day_of(number: int) -> date:
    """Return the date that is so many days from 1970."""
    return _EPOCH_DAY + timedelta(days=number)


def iso_text(us: int) -> str:
    """Write microseconds as an ISO-8601 text in UTC."""
    return (_EPOCH + us * _MICROSECOND).isoformat()


def mask_of(column: Arrow) -> Mask:
    """Return a boolean column without nulls as a numpy mask."""
    values = column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False)
    mask: Mask = values.astype(bool)
    return mask


def as_timestamps(moments: Moments) -> Arrow:
    """Return moments as an Arrow column in UTC, null where not known."""
    return pa.array(moments.us, mask=~moments.known).cast(pa.timestamp("us", tz="UTC"))


def _from_units(column: Arrow, unit: int) -> Moments:
    missing = mask_of(pc.is_null(column))
    values = pc.fill_null(column, 0).to_numpy()
    if unit < 0:
        return Moments(values // -unit, missing, np.zeros(len(values), dtype=bool))
    unreadable = (values < -(-_FIRST // unit)) | (values > _LAST // unit)
    return Moments(np.where(unreadable, 0, values) * unit, missing, unreadable)


def _from_texts(column: Arrow) -> Moments:
    missing = mask_of(is_blank(column))
    us = np.zeros(len(column), dtype=np.int64)
    rest = ~missing
    for pattern, zone in ((_NAIVE, None), (_ZONED, "UTC")):
        if rest.any():
            fits: Arrow = pc.match_substring_regex(column, pattern)
            read = pc.if_else(fits, column, None).cast(pa.timestamp("us", tz=zone)).cast(pa.int64())
            us += pc.fill_null(read, 0).to_numpy()
            rest &= ~mask_of(pc.fill_null(fits, False))
    unreadable = np.zeros(len(column), dtype=bool)
    if rest.any():
        us[rest], unreadable[rest] = _distinct(column.filter(pa.array(rest)))
    return Moments(us, missing, unreadable)


def _distinct(column: Arrow) -> tuple[Ints, Mask]:
    encoded = column.combine_chunks().dictionary_encode()
    found = [moment_us(text) for text in encoded.dictionary.to_pylist()]
    values = np.array([0 if us is None else us for us in found], dtype=np.int64)
    bad = np.array([us is None for us in found])
    positions = encoded.indices.to_numpy()
    return values[positions], bad[positions]


def _scaled(value: int) -> int:
    if value < 10**11:
        return value * 1_000_000
    if value < 10**14:
        return value * 1_000
    return value if value < 10**17 else value // 1_000


def _in_range(us: int) -> int | None:
    return us if _FIRST <= us <= _LAST else None
