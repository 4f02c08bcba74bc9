"""The index of the weeks that have a page: one line a week, newest first, and the page that shows them."""

from collections.abc import Iterable, Set
from datetime import date

from leadscore_assets.domain.weekly import WeekLine, with_line
from leadscore_assets.reports.weekly_page import index_page
from leadscore_assets.steps.platform import Platform

INDEX = "reports/index.html"
_LINES = "reports/weeks.json"
_LOCK = "weekly-index"


def reported_weeks(platform: Platform) -> tuple[WeekLine, ...]:
    """Return the index's lines, newest week first."""
    content = platform.lake.read_json(_LINES) or {"weeks": []}
    return tuple(WeekLine.from_json(item) for item in content["weeks"])


def page_path(week: date) -> str:
    """Return where a week's page lies in the lake."""
    return f"reports/week={week}/weekly.html"


def add_line(platform: Platform, new: WeekLine) -> None:
    """Put a week's line into the index, or in the place of the one that the week had."""
    with platform.lake.lock(_LOCK):
        _store(platform, with_line(reported_weeks(platform), new))


def forget_weeks(platform: Platform, weeks: Set[date]) -> None:
    """Take weeks out of the index, before their pages go."""
    with platform.lake.lock(_LOCK):
        known = reported_weeks(platform)
        left = [item for item in known if item.week not in weeks]
        if len(left) < len(known):
            _store(platform, left)


def _store(platform: Platform, lines: Iterable[WeekLine]) -> None:
    kept = tuple(lines)
    platform.lake.write_json(_LINES, {"weeks": [item.to_json() for item in kept]})
    platform.lake.write_bytes(INDEX, index_page(kept).encode())
