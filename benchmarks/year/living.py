"""Living the year: moment by moment the CRM exports, people do what the story says, clients ask, the daemon ticks."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta

from benchmarks.year.clock import Clock
from benchmarks.year.daemon import Daemon
from benchmarks.year.site import Site
from benchmarks.year.story import (
    BAD_TRAINING,
    BETTER,
    BROKEN,
    GOOD_TRAINING,
    LATE,
    LATE_WEEKS,
    OUTAGE,
    WEEKS,
    WORSE,
    WORSE_WEEKS,
    corrected,
    exported,
    week_of,
)

_MORNING, _NOON = time(6, 1), time(12, 0)
# The daemon's moments of a week: Monday, when leads and page are due, and Thursday.
_MOMENTS = ((0, _MORNING), (3, _NOON))
_BEFORE = timedelta(minutes=30)
_EXPORT = time(1, 0)
OFF_DAYS = 9


def live(site: Site, daemon: Daemon, clock: Clock, *, weeks: int = WEEKS) -> None:
    """Live through the year's weeks and the fortnight after them, in which the last outcomes become known."""
    doings, off = _doings(site), False
    for number in range(weeks + 3):
        print(f"\rweek {min(number + 1, weeks)} of {weeks}", end="", file=sys.stderr, flush=True)
        if 0 < number <= weeks:
            clock.move(_at(number, 0, _EXPORT))
            site.export(exported(number - 1), f"{week_of(number - 1)}")
        for day, moment in _MOMENTS:
            for doing in _until(doings, _at(number, day, moment)):
                doing()
            if not _off(_at(number, day, moment)):
                if off:
                    # A machine that comes back starts the daemon before anybody asks.
                    clock.move(_at(number, day, moment) - 2 * _BEFORE)
                    daemon.tick()
                clock.move(_at(number, day, moment) - _BEFORE)
                site.ask()
                clock.move(_at(number, day, moment))
                daemon.tick()
            off = _off(_at(number, day, moment))
    print(file=sys.stderr)


def _doings(site: Site) -> dict[datetime, list[Callable[[], None]]]:
    """What others do, by the moment: a policy is edited, a file corrected, the power fails."""
    found = defaultdict[datetime, list[Callable[[], None]]](list)
    found[_at(BETTER, 0, _EXPORT)].append(lambda: site.train_with(GOOD_TRAINING))
    found[_at(WORSE, 0, _EXPORT)].append(lambda: site.train_with(BAD_TRAINING))
    found[_at(WORSE + WORSE_WEEKS, 0, _EXPORT)].append(lambda: site.train_with(GOOD_TRAINING))
    found[_at(BROKEN + 1, 3, _NOON)].append(lambda: site.export(corrected(BROKEN), f"{week_of(BROKEN)}"))
    found[_at(LATE + LATE_WEEKS, 0, _EXPORT)].append(lambda: site.export(corrected(LATE), f"{week_of(LATE)}"))
    found[off_from()].append(site.power_cut)
    return found


def _until(doings: dict[datetime, list[Callable[[], None]]], moment: datetime) -> Iterator[Callable[[], None]]:
    for at in sorted(item for item in doings if item <= moment):
        yield from doings.pop(at)


def off_from() -> datetime:
    """Return when the power fails."""
    return _at(OUTAGE, 6, _NOON)


def _off(moment: datetime) -> bool:
    return off_from() <= moment < off_from() + timedelta(days=OFF_DAYS)


def _at(number: int, day: int, moment: time) -> datetime:
    return datetime.combine(week_of(number) + timedelta(days=day), moment, UTC)
