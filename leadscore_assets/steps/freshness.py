"""How old the newest lead in the lake is, and which weeks are not there."""

from leadscore_assets.domain.calendar import WEEK, weeks_between
from leadscore_assets.domain.live_facts import Freshness
from leadscore_assets.steps.platform import Platform

_LOOKED_BACK = 26


def freshness(platform: Platform) -> Freshness:
    """Return the newest lead's age, and the finished weeks that are missing, of the last half year."""
    last = platform.last_finished_week()
    held = platform.lake.manifests(max(platform.start_week, last - WEEK * _LOOKED_BACK), last + WEEK)
    moments = [item.last_at for item in held if item.last_at is not None]
    if not held or not moments:
        return Freshness(None, None)
    there = {item.week for item in held if item.rows}
    missing = tuple(week for week in weeks_between(min(there), last) if week not in there)
    return Freshness(max(moments), int((platform.now() - max(moments)).total_seconds() // 3600), missing)
