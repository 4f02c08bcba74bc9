"""Where captures lie by the hour: `<root>/<endpoint>/<variant>/yyyy/mm/dd/hh/`, in UTC, whatever keeps them.

A line may lie in the hour after its own: capture writes a moment after the answer.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_LATE = HOUR


def places(first: datetime, last: datetime) -> Iterator[str]:
    """Yield the folders (`yyyy/mm/dd/` or `yyyy/mm/dd/hh/`) that may hold lines from `first` to before `last`.

    They come oldest first, and a whole day is one folder, so that few lists are asked for.
    """
    at, end = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0), last.astimezone(UTC) + _LATE
    while at < end and first < last:
        whole = at.hour == 0 and at + DAY <= end
        yield f"{at:%Y/%m/%d/}" if whole else f"{at:%Y/%m/%d/%H/}"
        at += DAY if whole else HOUR


def between(table: pa.Table, first: datetime, last: datetime) -> pa.Table:
    """Return the rows whose moment lies from `first` to before `last`."""
    kind = table.schema.field("at").type
    start, end = (pa.scalar(moment.astimezone(UTC), kind) for moment in (first, last))
    return table.filter(pc.and_(pc.greater_equal(table["at"], start), pc.less(table["at"], end)))
