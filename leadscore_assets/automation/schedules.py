"""The calendar: leads every Monday, and a retraining when the policy's calendar has one due."""

from dataclasses import replace
from datetime import UTC, date, datetime

import dagster as dg

from leadscore_assets.automation.retraining import asked_run
from leadscore_assets.automation.upkeep import upkeep_every_sunday_night
from leadscore_assets.automation.watching import SCHEDULES
from leadscore_assets.domain.calendar import WEEK, week_of
from leadscore_assets.domain.policy import Policy
from leadscore_assets.domain.retraining_calendar import schedule_of
from leadscore_assets.steps.platform import Platform

_ASKING = "retraining_when_it_is_due"


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


def retraining_when_it_is_due(policy: Policy) -> dg.ScheduleDefinition:
    """Return the schedule that asks whether to retrain whenever the policy's calendar may have a retraining due."""

    @dg.schedule(
        name=_ASKING,
        job_name="retrain_job",
        cron_schedule=schedule_of(policy.retraining),
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Ask whether to retrain: by default once a week, a weekday later each week.",
    )
    def ask(
        context: dg.ScheduleEvaluationContext, platform: dg.ResourceParam[Platform]
    ) -> dg.RunRequest | dg.SkipReason:
        moment = context.scheduled_execution_time.astimezone(UTC)
        then = replace(platform, now=lambda: moment).acting(f"schedule {_ASKING}")
        return asked_run(then, context.instance, asker="calendar", tick=f"{moment:%Y-%m-%dT%H:%M}")

    return ask


def _day(context: dg.ScheduleEvaluationContext) -> date:
    moment: datetime = context.scheduled_execution_time
    return moment.astimezone(UTC).date()


def schedules(policy: Policy) -> list[dg.ScheduleDefinition]:
    """Return every schedule of a site."""
    return [leads_every_monday, retraining_when_it_is_due(policy), upkeep_every_sunday_night, *SCHEDULES]
