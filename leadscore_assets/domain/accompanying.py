"""When a champion is looked at after its release: closely until its watch is over, then daily, then weekly.

Pure: the release's state, the policy and the clock say which look is due. A look that was missed is not made up for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from leadscore_assets.domain.calendar import DAY, WEEK
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.release_policy import ReleasePolicy
from leadscore_assets.domain.release_state import ReleaseState

Stage = Literal["close", "daily", "weekly"]


@dataclass(frozen=True)
class Look(Record):
    """One look at a champion: its stage, its number in that stage from 1 on, and the moment it is due from."""

    stage: Stage
    number: int
    due: datetime


@dataclass(frozen=True)
class Tenure(Record):
    """Since when a champion answers all leads, and since when nobody watches it closely (None: still watched)."""

    version: int
    digest: str
    begun: datetime
    calm: datetime | None


def tenure(state: ReleaseState) -> Tenure | None:
    """Return the champion's time in office; None where nothing answers."""
    champion = state.champion
    if champion is None:
        return None
    mine = [item for item in state.history if item.model == champion and item.after == "champion"]
    starts = [at for at, item in enumerate(mine) if item.before != "champion"]
    last = mine[starts[-1] :] if starts else mine
    if not last:
        return None
    return Tenure(champion.version, champion.digest, last[0].at, last[-1].at if state.settled else None)


def look_due(found: Tenure, policy: ReleasePolicy, now: datetime) -> Look | None:
    """Return the newest look that is due; None during the close watch and before the first daily one."""
    if found.calm is None:
        return None
    days = (now - found.calm) // DAY
    if days <= policy.daily_reports:
        return Look("daily", days, found.calm + DAY * days) if days >= 1 else None
    daily_until = found.calm + DAY * policy.daily_reports
    weeks = (now - daily_until) // WEEK
    if weeks >= 1:
        return Look("weekly", weeks, daily_until + WEEK * weeks)
    return Look("daily", policy.daily_reports, daily_until) if policy.daily_reports else None


def next_look(found: Tenure, policy: ReleasePolicy, now: datetime) -> Look:
    """Return the look that comes next; the close watch ends at this moment at the earliest."""
    if found.calm is None:
        return Look("close", 1, found.begun + timedelta(hours=policy.watch_hours))
    present = look_due(found, policy, now)
    daily_until = found.calm + DAY * policy.daily_reports
    if present is None and policy.daily_reports:
        return Look("daily", 1, found.calm + DAY)
    if present and present.stage == "daily" and present.number < policy.daily_reports:
        return Look("daily", present.number + 1, present.due + DAY)
    number = present.number + 1 if present and present.stage == "weekly" else 1
    return Look("weekly", number, daily_until + WEEK * number)
