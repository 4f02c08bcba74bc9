"""Sensors and schedules that stopped ticking: the last tick against the interval that each one promised."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Watched:
    """A sensor with its interval, or a schedule with its cron expression (UTC), and its newest tick.

    `since` is when it was switched on, where it has not ticked.
    """

    name: str
    last: datetime | None
    since: datetime | None = None
    every: timedelta | None = None
    cron: str = ""


@dataclass(frozen=True)
class Silent:
    """One that should have ticked by `expected` and did not."""

    name: str
    last: datetime | None
    expected: datetime


def silent(watched: Sequence[Watched], now: datetime, *, grace: timedelta) -> list[Silent]:
    """Return what did not tick when it should have: within two intervals, or at its time, and the grace."""
    found = []
    for item in watched:
        known = item.last or item.since
        expected = _expected(item, known, now)
        if known is not None and expected is not None and expected + grace < now:
            found.append(Silent(item.name, item.last, expected))
    return found


def _expected(item: Watched, known: datetime | None, now: datetime) -> datetime | None:
    """Return the moment by which it should have ticked after the last time; None where that is not over."""
    if known is None:
        return None
    if item.every is not None:
        return known + 2 * item.every
    from cronsim import CronSim

    # A schedule's tick carries the moment it was due at, or one shortly after it.
    after = next(CronSim(item.cron, known.astimezone(UTC))).astimezone(UTC)
    return after if after < now else None
