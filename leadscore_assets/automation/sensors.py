"""What watches: weeks that late rows or corrections re-opened."""

import dagster as dg

from leadscore_assets.steps.ingest import reopened_weeks
from leadscore_assets.steps.platform import Platform


@dg.sensor(
    job_name="ingest_job",
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ingest again each stored week whose rows in the source changed.",
)
def weeks_with_late_or_corrected_leads(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SensorResult | dg.SkipReason:
    """Ingest again each stored week whose rows in the source changed."""
    digests = platform.source.weeks()
    weeks = [week for week in reopened_weeks(platform) if platform.lake.manifest(week)]
    if not weeks:
        return dg.SkipReason("no stored week changed in the source")
    requests = [
        dg.RunRequest(partition_key=week.isoformat(), run_key=f"reopened:{week}:{digests[week][:16]}") for week in weeks
    ]
    return dg.SensorResult(run_requests=requests)


SENSORS = [weeks_with_late_or_corrected_leads]
