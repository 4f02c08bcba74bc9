"""The calendar: leads every Monday, a retraining on the weekday that rotates, where the policy wants one."""

from datetime import UTC, date, datetime

import dagster as dg

from leadscore_assets.domain.calendar import WEEK, run_day, week_of
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.retraining import should_retrain


def week_due(today: date) -> date | None:
    """Return the week whose retraining is due on a day: exactly one day a week, a weekday later each week."""
    week = week_of(today) - WEEK
    return week if run_day(week) == today else None


@dg.schedule(
    job_name="ingest_job",
    cron_schedule="0 3 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Ingest and score the week that ended on Sunday.",
)
def leads_every_monday(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Ingest and score the week that ended on Sunday."""
    week = week_of(_day(context)) - WEEK
    return dg.RunRequest(partition_key=week.isoformat(), run_key=f"ingest:{week}")


@dg.schedule(
    job_name="retrain_job",
    cron_schedule="0 5 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Retrain once a week, a weekday later each week, unless the policy waits for a drift alarm.",
)
def retraining_on_the_rotating_weekday(
    context: dg.ScheduleEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.RunRequest | dg.SkipReason:
    """Retrain once a week, a weekday later each week, so that every weekday gets its turn as a test day.

    A policy that retrains on drift, or never, skips with its reason.
    """
    today = _day(context)
    week = week_due(today)
    if week is None:
        last = week_of(today) - WEEK
        return dg.SkipReason(f"the retraining of week {last} is due on {run_day(last):%A %Y-%m-%d}")
    answer = should_retrain(platform, week)
    if not answer.wanted:
        return dg.SkipReason(answer.reason)
    return dg.RunRequest(partition_key=week.isoformat(), run_key=f"retrain:{week}")


def _day(context: dg.ScheduleEvaluationContext) -> date:
    moment: datetime = context.scheduled_execution_time
    return moment.astimezone(UTC).date()


SCHEDULES = [leads_every_monday, retraining_on_the_rotating_weekday]
