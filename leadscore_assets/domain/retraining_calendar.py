"""When the calendar asks for a retraining: the moment a week is due, and the next one.

Pure: the policy and two dates say it all. Weekly runs move on by a weekday each week; monthly ones are those of the
first week that begins in a month.
"""

from datetime import UTC, date, datetime, time, timedelta

from cronsim import CronSim

from leadscore_assets.domain.calendar import WEEK, run_day, week_of
from leadscore_assets.domain.retraining_policy import RetrainingPolicy

HOUR = 5
DAILY = f"0 {HOUR} * * *"
_WEEKS_AHEAD = 10


def schedule_of(policy: RetrainingPolicy) -> str:
    """Return the cron expression (UTC) at which the calendar is asked."""
    return policy.cron or DAILY


def due_since(policy: RetrainingPolicy, week: date, now: datetime, *, first_model: date | None) -> datetime | None:
    """Return the moment since which a finished week's retraining is due; None where it is not, or not yet."""
    if policy.when == "cron":
        last = next(CronSim(policy.cron, now + timedelta(seconds=1), reverse=True))
        return last.astimezone(UTC) if last >= _moment(week + WEEK) else None
    if not _is_planned(policy, week, first_model):
        return None
    due = _moment(run_day(week), HOUR)
    return due if due <= now else None


def next_due(policy: RetrainingPolicy, now: datetime, *, first_model: date | None) -> datetime | None:
    """Return the next moment after now at which the calendar is due; None without a calendar."""
    if policy.when == "cron":
        return next(CronSim(policy.cron, now)).astimezone(UTC)
    start = week_of(now) - WEEK
    weeks = (start + WEEK * number for number in range(_WEEKS_AHEAD))
    moments = (_moment(run_day(week), HOUR) for week in weeks if _is_planned(policy, week, first_model))
    return next((moment for moment in moments if moment > now), None)


def _is_planned(policy: RetrainingPolicy, week: date, first_model: date | None) -> bool:
    if policy.when == "weekly":
        return True
    begun = week + WEEK
    if policy.when == "phases" and (first_model is None or (begun - first_model).days < policy.weekly_days):
        return True
    return policy.when in ("monthly", "phases") and begun.day <= WEEK.days


def _moment(day: date, hour: int = 0) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=UTC)
