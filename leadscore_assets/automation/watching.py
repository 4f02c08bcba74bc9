"""What asks for reports: weeks whose outcomes became known, the live champion's next look, and the week's page."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from leadscore_assets.domain.calendar import WEEK, at_midnight, week_of
from leadscore_assets.steps.accompanying import look_waits
from leadscore_assets.steps.outcome_reports import weeks_to_report
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.weekly_reporting import pages_behind

_AT_ONCE = 8


@dg.sensor(
    job_name="outcomes_job",
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Report the outcomes of weeks whose labels matured, and again where late ones changed them.",
)
def weeks_whose_outcomes_are_known(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SensorResult | dg.SkipReason:
    """Ask for a report of each listed week whose known outcomes no report tells; a failed one again the next day."""
    found, today = weeks_to_report(platform), platform.today()
    if not found:
        return dg.SkipReason("every listed week whose outcomes are known is reported as it is now")
    requests = [
        dg.RunRequest(partition_key=f"{week}", run_key=f"outcomes:{week}:{about[:16]}:{today}")
        for week, about in list(found.items())[:_AT_ONCE]
    ]
    return dg.SensorResult(run_requests=requests)


@dg.sensor(
    job_name="watch_job",
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Look at the live champion daily after its close watch, then weekly.",
)
def looks_at_the_live_champion(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.RunRequest | dg.SkipReason:
    """Ask for the look that is due and was not made; a failed one again the next day."""
    look = look_waits(platform)
    if look is None:
        return dg.SkipReason("no look is due")
    return dg.RunRequest(run_key=f"look:{look.due:%Y-%m-%dT%H:%M}:{look.stage}:{platform.today()}")


@dg.sensor(
    job_name="report_job",
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Make the pages of weeks whose leads came, or changed, after their page was due.",
)
def pages_behind_their_week(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SensorResult | dg.SkipReason:
    """Ask for each page that does not tell of the leads that are stored; a failed one again the next day."""
    found, today = pages_behind(platform), platform.today()
    if not found or platform.now() < _page_hour(platform.now()):
        return dg.SkipReason("every page tells of the leads that are stored")
    requests = [
        dg.RunRequest(partition_key=f"{week}", run_key=f"page:{week}:{about[:16]}:{today}")
        for week, about in found.items()
    ]
    return dg.SensorResult(run_requests=requests)


@dg.schedule(
    job_name="report_job",
    cron_schedule="0 6 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Make the page of the week that ended on Sunday.",
)
def page_every_monday(
    context: dg.ScheduleEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.RunRequest | dg.SkipReason:
    """Make the page of the week that ended on Sunday, after its leads were ingested and scored."""
    moment: datetime = context.scheduled_execution_time
    week = week_of(moment.astimezone(UTC).date()) - WEEK
    if platform.lake.manifest(week) is None:
        return dg.SkipReason(f"the leads of week {week} are not stored yet; its page is made when they are")
    return dg.RunRequest(partition_key=f"{week}", run_key=f"page:{week}")


def _page_hour(now: datetime) -> datetime:
    """Return this week's Monday at 6: before it, the schedule makes the newest week's page."""
    return at_midnight(week_of(now.astimezone(UTC).date())) + timedelta(hours=6)


SENSORS = [looks_at_the_live_champion, pages_behind_their_week, weeks_whose_outcomes_are_known]
SCHEDULES = [page_every_monday]
