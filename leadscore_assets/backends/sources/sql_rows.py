"""A query's rows over one connection: weeks summed up by the database where it can, a week fetched in batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from leadscore_assets.backends.sources.rows import ContentSum, by_week, check_names, row_hashes, weeks_of
from leadscore_assets.backends.sources.sql_times import CONTENT, ROWS, Times, times_of
from leadscore_assets.backends.sources.sql_values import as_table

Batch = tuple[pa.Table, list[str]]
# A hash in four pieces, each a whole number that is never negative in PostgreSQL; their sums are exact.
_BITS = 32
_PIECES = tuple(f"sum(('x' || substr(content, {at}, 8))::bit({_BITS})::bigint)" for at in (1, 9, 17, 25))


@dataclass(frozen=True)
class QueryRows:
    """What a SELECT gives over an open connection; `place` is what messages call it."""

    connection: sa.Connection
    query: str
    place: str
    batch_rows: int

    @cached_property
    def names(self) -> list[str]:
        """The columns that the query gives."""
        return [name for name, _ in self._described]

    def batches(self) -> Iterator[pa.Table]:
        """Yield every row."""
        return self._streamed(sa.select(self._rows), self.names)

    def times(self, created_at: str) -> Times:
        """Return how the column of times is compared; raise InvalidInput where it is absent or holds no times."""
        check_names(self.names, place=self.place, created_at=created_at)
        code = dict(self._described)[created_at]
        return times_of(self.connection, self._rows.c[created_at], type_code=code, place=self.place)

    def week(self, times: Times, week: date) -> Iterator[Batch]:
        """Yield a week's rows with their contents' hashes."""
        return self._selected(times, times.within(week))

    def timeless(self, times: Times) -> Iterator[Batch]:
        """Yield the rows without a time, with their contents' hashes."""
        return self._selected(times, times.lacking())

    def anything_before(self, times: Times, week: date) -> bool:
        """Tell whether a row is older than a week."""
        asked = sa.select(sa.literal(1)).select_from(self._rows).where(times.before(week)).limit(1)
        return self.connection.execute(asked).first() is not None

    def sums(self, times: Times, created_at: str) -> dict[date | None, ContentSum]:
        """Return what each week holds; rows without a time stand below None."""
        monday = times.monday()
        return self._fetched_sums(created_at) if monday is None else self._asked_sums(times, monday)

    def _asked_sums(self, times: Times, monday: Any) -> dict[date | None, ContentSum]:
        inner = sa.select(monday.label("week"), sa.literal_column(str(times.hashing)).label("content"))
        content = inner.select_from(self._rows).subquery("contents")
        pieces: list[Any] = [sa.literal_column(piece) for piece in _PIECES]
        asked = sa.select(content.c.week, sa.func.count(), *pieces).group_by(content.c.week)
        return {
            date.fromisoformat(week) if week else None: ContentSum.of(rows, [int(piece) for piece in found], bits=_BITS)
            for week, rows, *found in self.connection.execute(asked)
        }

    def _fetched_sums(self, created_at: str) -> dict[date | None, ContentSum]:
        sums: dict[date | None, ContentSum] = {}
        for table in self.batches():
            hashes = row_hashes(table)
            for week, positions in by_week(*weeks_of(table[created_at])):
                sums.setdefault(week, ContentSum()).add(hashes[at] for at in positions)
        return sums

    def _selected(self, times: Times, condition: Any) -> Iterator[Batch]:
        if not times.hashing:
            for table in self._streamed(sa.select(self._rows).where(condition), self.names):
                yield table, row_hashes(table)
            return
        hashed = sa.select(self._rows, sa.literal_column(times.hashing).label(CONTENT)).where(condition)
        for table in self._streamed(hashed, [*self.names, CONTENT]):
            yield table.select(self.names), [str(text) for text in table[CONTENT].to_pylist()]

    def _streamed(self, select: Any, names: list[str]) -> Iterator[pa.Table]:
        options = {"stream_results": True, "max_row_buffer": self.batch_rows}
        result = self.connection.execute(select, execution_options=options)
        for rows in result.partitions(self.batch_rows):
            yield as_table(names, rows)

    @cached_property
    def _rows(self) -> Any:
        return self._text().columns(*[sa.column(name) for name in self.names]).subquery(ROWS)

    @cached_property
    def _described(self) -> list[tuple[str, Any]]:
        """Ask for the columns and none of the rows."""
        inside = self._text().columns().subquery(ROWS)
        nothing = sa.select(sa.text("*")).select_from(inside).where(sa.literal_column("1 = 0"))
        cursor = self.connection.execute(nothing).cursor
        return [(column[0], column[1]) for column in cursor.description] if cursor else []

    def _text(self) -> sa.TextClause:
        # A colon is no parameter here, and a comment in the last line must end before the closing parenthesis.
        return sa.text(self.query.replace(":", "\\:") + "\n")
