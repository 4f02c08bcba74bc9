"""The times that a person names on the command line: a moment, or a whole day, in UTC."""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import click

from leadscore_assets.domain.calendar import DAY, at_midnight


class Time(NamedTuple):
    """From `first` to before `last`: a day, or a moment that is both."""

    first: datetime
    last: datetime


class TimeType(click.ParamType):
    """A date (the whole day) or a date with a time (that moment); without an offset it is UTC."""

    name = "date or time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Time:
        """Read the time, or fail with an example."""
        if isinstance(value, Time):
            return value
        try:
            if len(value) == len("2026-03-02"):
                day = at_midnight(date.fromisoformat(value))
                return Time(day, day + DAY)
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-03-02 or 2026-03-02T12:00", param, ctx)
        known = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return Time(known, known)


TIME_TYPE = TimeType()
