"""What publishes the platform's own numbers, in a home whose settings name a place for them. None of it is a run."""

import dagster as dg

from leadscore_assets.assets.dagster_facts import automation_of
from leadscore_assets.automation.jobs import JOBS
from leadscore_assets.settings import Settings
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.platform_numbers import publish_metrics


@dg.sensor(
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Publish the platform's own numbers, so that alarms elsewhere can look at them.",
)
def numbers_are_published(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    """Publish the numbers of this hour; one that is not published is a failed tick."""
    automation = automation_of(context.instance, tuple(job.name for job in JOBS))
    return dg.SkipReason(f"{publish_metrics(platform, automation)} numbers were published")


def publishing(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensor where the home's settings ask for it: each number costs money every month."""
    return [numbers_are_published] if settings.values.metrics_namespace else []
