"""The one weekly calendar: Mondays in UTC, ISO date keys, and the weekday that rotates.

Everything with a week in its name counts in these weeks. Nothing here reads a clock.
"""

from datetime import UTC, date, datetime, timedelta

from leadscore_assets.domain.errors import InvalidInput

WEEK = timedelta(days=7)
DAY = timedelta(days=1)
_FIRST_MONDAY = date(1970, 1, 5)


def week_of(moment: date | datetime) -> date:
    """Return the Monday of the week that holds a day, or an aware or naive-UTC moment."""
    if isinstance(moment, datetime):
        moment = (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    return moment - timedelta(days=moment.weekday())


def parse_day(text: str) -> date:
    """Read an ISO date; raise InvalidInput that says what a date looks like."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is not a date; write it as YYYY-MM-DD, for example 2026-01-05") from None


def parse_week(text: str) -> date:
    """Read a week's key; raise InvalidInput when it is no date or no Monday."""
    day = parse_day(text)
    if day.weekday():
        raise InvalidInput(f"{text} is a {day:%A}; a week is named by its Monday, here {week_of(day)}")
    return day


def week_days(week: date) -> list[date]:
    """Return the seven days of a week."""
    return [week + DAY * offset for offset in range(7)]


def days_between(first: date, end: date) -> list[date]:
    """Return the days from `first` up to and without `end`."""
    return [first + DAY * offset for offset in range((end - first).days)]


def weeks_between(first: date, last: date) -> list[date]:
    """Return the Mondays from `first` to `last`, both included."""
    return [first + WEEK * offset for offset in range((last - first).days // 7 + 1)]


def rotation(week: date) -> int:
    """Return the weekday (0 Monday to 6 Sunday) of the run for a week; it moves on by one every week."""
    return (week - _FIRST_MONDAY).days // 7 % 7


def run_day(week: date) -> date:
    """Return the day on which a week's retraining is due: the rotating weekday of the week after."""
    return week + WEEK + DAY * rotation(week)


def window_end(week: date, *, horizon_days: int, today: date) -> date:
    """Return the first day that a week's retraining may not learn from.

    The end lies on the run's weekday, at least six days back so that it falls into a finished week, and far enough back
    that every row before it is older than the outcome horizon, both on the run's day and today.
    """
    due = run_day(week) - DAY * max(horizon_days, 6)
    return min(due, today - DAY * horizon_days)


def at_midnight(day: date) -> datetime:
    """Return the first moment of a day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
