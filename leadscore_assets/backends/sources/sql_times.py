"""How each database tells weeks apart: by its own times, and where it can, by summing up the content of rows itself."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from leadscore_assets.domain.calendar import WEEK, at_midnight
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.moments import DAY_US, day_number

ROWS = "leadscore_rows"
CONTENT = "leadscore_content"
# PostgreSQL's own numbers of its types.
_ZONED, _NAIVE, _DATE = 1184, 1114, 1082


@dataclass(frozen=True)
class Times:
    """A query's column of times, `column`, as any database compares it with bounds of the values' own type.

    `hashing` is the expression of a row's content as 32 hexadecimal digits, where the database can make it.
    """

    column: Any
    kind: type
    hashing: str | None = None

    def lacking(self) -> Any:
        """Return the condition that a row has no time."""
        return self.column.is_(None)

    def before(self, week: date) -> Any:
        """Return the condition that a row is older than a week."""
        return self.column < self._bound(week)

    def within(self, week: date) -> Any:
        """Return the condition that a row belongs to a week."""
        return sa.and_(self.column >= self._bound(week), self.column < self._bound(week + WEEK))

    def monday(self) -> Any | None:
        """Return the expression of a row's week as text, None where rows must be fetched to tell."""
        return None

    def _bound(self, day: date) -> Any:
        if self.kind is date:
            return sa.literal(day, sa.Date())
        zoned = self.kind is not datetime
        moment = at_midnight(day)
        return sa.literal(moment if zoned else moment.replace(tzinfo=None), sa.DateTime(timezone=zoned))


class PostgresTimes(Times):
    """Timestamps and dates of PostgreSQL; infinity and years that no calendar here has are no times."""

    def lacking(self) -> Any:
        """Return the condition that a row has no time of this calendar."""
        return sa.not_(sa.func.coalesce(self._known(), sa.false()))

    def before(self, week: date) -> Any:
        """Return the condition that a row is older than a week."""
        return sa.and_(super().before(week), self._known())

    def monday(self) -> Any:
        """Return the expression of a row's week as text."""
        week = sa.func.to_char(sa.func.date_trunc("week", self._utc()), "YYYY-MM-DD")
        return sa.case((self._known(), week))

    def _known(self) -> Any:
        edges: list[Any] = [sa.literal_column(f"'{edge}'::timestamp") for edge in ("0001-01-01", "9999-12-27")]
        return sa.and_(self._utc() >= edges[0], self._utc() < edges[1])

    def _utc(self) -> Any:
        if self.kind is _Zoned:
            return sa.func.timezone("UTC", self.column)
        return sa.cast(self.column, sa.DateTime(timezone=False))


class SqliteTimes(Times):
    """Texts and numbers of SQLite, read by the function that the connection was given."""

    def lacking(self) -> Any:
        """Return the condition that a row's time cannot be read."""
        return self._us().is_(None)

    def before(self, week: date) -> Any:
        """Return the condition that a row is older than a week."""
        return self._us() < day_number(week) * DAY_US

    def within(self, week: date) -> Any:
        """Return the condition that a row belongs to a week."""
        return sa.and_(self._us() >= day_number(week) * DAY_US, self._us() < day_number(week + WEEK) * DAY_US)

    def _us(self) -> Any:
        return sa.func.leadscore_us(self.column, type_=sa.BigInteger())


class _Zoned(datetime):
    """Stands for times that come with a zone."""


def times_of(connection: sa.Connection, column: Any, *, type_code: Any, place: str) -> Times:
    """Return how a query's column of times is compared; raise InvalidInput where it holds no times."""
    dialect = connection.dialect.name
    if dialect == "sqlite":
        return SqliteTimes(column, str)
    if dialect == "postgresql":
        kinds: dict[Any, type] = {_ZONED: _Zoned, _NAIVE: datetime, _DATE: date}
        if type_code not in kinds:
            raise _no_times(column.name, place, "no timestamp or date")
        return PostgresTimes(column, kinds[type_code], f"md5({ROWS}::text)")
    return _times_by_value(connection, column, place)


def _times_by_value(connection: sa.Connection, column: Any, place: str) -> Times:
    """Ask for one value: what a driver gives for a time is the only sign that every database has."""
    value = connection.execute(sa.select(column).where(column.is_not(None)).limit(1)).scalar()
    if isinstance(value, datetime):
        return Times(column, _Zoned if value.tzinfo else datetime)
    if isinstance(value, date) or value is None:
        return Times(column, date)
    raise _no_times(column.name, place, f"{type(value).__name__} values")


def _no_times(name: str, place: str, what: str) -> InvalidInput:
    return InvalidInput(
        f"{place}: its column of times, {name}, holds {what}; cast it in the query, as in cast({name} as timestamp)"
    )
