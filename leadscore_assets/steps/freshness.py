"""How old the newest lead in the lake is, and which weeks are not there."""

from leadscore_assets.domain.calendar import WEEK, weeks_between
from leadscore_assets.domain.live_facts import Freshness
from leadscore_assets.steps.platform import Platform

_LOOKED_BACK = 26


def freshness(platform: Platform) -> Freshness:
    """Return the newest lead's age, and the finished weeks that are missing since the first of the last half year.

    Only where that half year holds nothing are all weeks looked at.
    """
    last, start = platform.last_finished_week(), platform.start_week
    held = platform.lake.manifests(max(start, last - WEEK * _LOOKED_BACK), last + WEEK)
    held = held or platform.lake.manifests(start, last)
    moments = [item.last_at for item in held if item.last_at is not None]
    if not held or not moments:
        return Freshness(None, None)
    there = {item.week for item in held if item.rows}
    missing = tuple(week for week in weeks_between(min(there), last) if week not in there)
    return Freshness(max(moments), int((platform.now() - max(moments)).total_seconds() // 3600), missing)
