"""When a notice goes, and in which letter: at once, after the quiet hours, or in the day's digest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.domain.notice_policy import NoticePolicy
from leadscore_assets.domain.notices import Notice

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Posting:
    """The letter that a notice goes with, and when that is first tried."""

    letter: str
    due: datetime


def posting(notice: Notice, policy: NoticePolicy, now: datetime) -> Posting:
    """Return the letter of a notice that is put in now."""
    moment = now.astimezone(UTC)
    if notice.kind in policy.urgent:
        return Posting(notice.key, moment)
    for kinds in policy.digests:
        if notice.kind in kinds:
            due = _next_at(moment, policy.digest_hour)
            return Posting(f"digest:{'+'.join(kinds)}:{due:%Y-%m-%dT%H}", due)
    return Posting(notice.key, _after_quiet(moment, policy))


def is_news(week: date, policy: NoticePolicy, today: date) -> bool:
    """Tell whether people are to hear of a decision about a week; history that is worked through again is no news."""
    return (today - (week + WEEK)).days <= policy.news_days


def as_one(notices: Sequence[Notice], *, letter: str) -> Notice:
    """Return the one message of a letter: the notice itself, or a digest with a paragraph a notice, oldest first."""
    if len(notices) == 1:
        return notices[0]
    told = sorted(notices, key=lambda item: (item.at, item.key))
    text = "\n\n".join(f"{item.subject} ({item.at:%Y-%m-%d %H:%M} UTC)\n{item.text}" for item in told)
    page = next((item.page for item in reversed(told) if item.page), "")
    return Notice(told[0].kind, f"Lead scoring: {len(told)} notices of the day", text, told[-1].at, letter, page)


def _next_at(moment: datetime, hour: int) -> datetime:
    today = moment.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today > moment else today + _DAY


def _after_quiet(moment: datetime, policy: NoticePolicy) -> datetime:
    if moment.hour not in policy.quiet_hours:
        return moment
    due = moment.replace(minute=0, second=0, microsecond=0)
    while due.hour in policy.quiet_hours:
        due += _HOUR
    return due
