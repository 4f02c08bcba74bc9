"""Upkeep as Dagster sees it: the weekly cleaning, and the watch over runs whose process is gone."""

import dagster as dg

from leadscore_assets.assets.declare import TRAINING_POOL, told_apart
from leadscore_assets.automation.run_history import RunHistory
from leadscore_assets.automation.stale_runs import end_stale_runs
from leadscore_assets.domain.errors import LeadscoreError
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.upkeep import Cleaning, clean, plan_cleaning
from leadscore_assets.steps.upkeep_inventory import first_stored_week

_ONE_HOUR = {"dagster/max_runtime": "3600"}


class Upkeep(dg.Config):
    """How to clean."""

    dry_run: bool = False
    """Show what would go, and remove nothing."""


@dg.op(
    # A training writes what a cleaning would take for abandoned if it stood still for a day: one after the other.
    pool=TRAINING_POOL,
    description="Remove what the policy's retention keeps no longer; what is live or evidence of a release stays.",
)
def clean_home(context: dg.OpExecutionContext, config: Upkeep, platform: dg.ResourceParam[Platform]) -> None:
    """Clean and show what went, of which kind, why and how many bytes."""
    runs = RunHistory(context.instance, first=first_stored_week(platform))
    with told_apart():
        found = plan_cleaning(platform, runs) if config.dry_run else clean(platform, runs)
    context.add_output_metadata(
        {
            "removed": 0 if config.dry_run else len(found.removals),
            "would_be_removed": len(found.removals) if config.dry_run else 0,
            "bytes": found.bytes,
            "plan": found.digest[:12],
            "what": dg.MetadataValue.table(_table(found)),
        }
    )


@dg.job(
    name="upkeep_job",
    executor_def=dg.in_process_executor,
    tags=_ONE_HOUR,
    description="Clean the home by the policy's retention, once a week; with dry_run it only shows what would go.",
)
def upkeep_job() -> None:
    """Clean."""
    clean_home()


@dg.schedule(
    job=upkeep_job,
    cron_schedule="30 23 * * 0",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Clean the home in the night to Monday, before the new week's leads come.",
)
def upkeep_every_sunday_night(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Clean the home once a week."""
    return dg.RunRequest(run_key=f"upkeep:{context.scheduled_execution_time:%Y-%m-%d}")


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Mark runs whose process is gone as failed, give their places in pools free, and record it.",
)
def runs_whose_process_is_gone(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SkipReason:
    """Find killed runs once a minute; nothing else would, for a local process tells nobody that it ended."""
    ended = end_stale_runs(context.instance, beside_the_code=True)
    told = [_recorded(platform, run) for run in ended]
    return dg.SkipReason("; ".join(told) or "every run that is at work has its process")


def _recorded(platform: Platform, run: dg.DagsterRun) -> str:
    reason = f"the process of run {run.run_id[:8]} of {run.job_name} was gone; it was marked as failed"
    try:
        platform.ledger.signed("sensor runs_whose_process_is_gone").append(
            "repaired",
            f"run {run.run_id}",
            reason=reason,
            evidence={"job": run.job_name, "week": run.tags.get("dagster/partition", "")},
            key=f"repaired:run:{run.run_id}",
        )
    except LeadscoreError as error:
        return f"{reason}, which the ledger could not be told: {error}"
    return reason


def _table(found: Cleaning) -> list[dg.TableRecord]:
    rows = [
        dg.TableRecord(
            {
                "kind": group.kind,
                "things": group.things,
                "bytes": group.bytes,
                "weeks": group.weeks,
                "because (the first)": group.reason,
            }
        )
        for group in found.groups
    ]
    return rows or [dg.TableRecord({"kind": "nothing"})]
