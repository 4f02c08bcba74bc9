"""The code location: assets, checks, jobs, schedules and sensors of one home."""

import dagster as dg

from leadscore_assets.assets import evaluation, leads, model, monitoring, release, replay, reporting, scoring, slices
from leadscore_assets.automation.jobs import JOBS
from leadscore_assets.automation.notices import SENSORS as NOTICE_SENSORS
from leadscore_assets.automation.publishing import publishing
from leadscore_assets.automation.schedules import schedules
from leadscore_assets.automation.sensors import SENSORS
from leadscore_assets.automation.watching import SENSORS as WATCHING
from leadscore_assets.checks import evaluation as evaluation_checks
from leadscore_assets.checks import leads as leads_checks
from leadscore_assets.checks import model as model_checks
from leadscore_assets.checks import monitoring as monitoring_checks
from leadscore_assets.checks import release as release_checks
from leadscore_assets.checks import replay as replay_checks
from leadscore_assets.checks import reporting as reporting_checks
from leadscore_assets.checks import scoring as scoring_checks
from leadscore_assets.checks import slices as slices_checks
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.policy import Policy
from leadscore_assets.partitions import weekly_partitions
from leadscore_assets.resources import platform_resource
from leadscore_assets.settings import Settings, load_settings

_ASSETS = (leads, slices, model, evaluation, release, scoring, monitoring, replay, reporting)
_CHECKS = (
    leads_checks,
    slices_checks,
    model_checks,
    evaluation_checks,
    release_checks,
    scoring_checks,
    monitoring_checks,
    replay_checks,
    reporting_checks,
)


def build_definitions(settings: Settings) -> dg.Definitions:
    """Build the definitions of a home; nothing is opened before a run needs it."""
    weekly = weekly_partitions(settings.values.start_week)
    return dg.Definitions(
        assets=[declare(weekly) for module in _ASSETS for declare in module.ASSETS],
        asset_checks=[declare(weekly) for module in _CHECKS for declare in module.CHECKS],
        jobs=JOBS,
        schedules=schedules(_readable_policy(settings)),
        sensors=[*SENSORS, *WATCHING, *NOTICE_SENSORS, *publishing(settings)],
        resources={"platform": platform_resource(settings)},
        executor=dg.in_process_executor,
    )


def _readable_policy(settings: Settings) -> Policy:
    """Return the home's policy; the default one where the file is broken, which every run then says."""
    try:
        return settings.policy()
    except InvalidInput:
        return Policy()


@dg.definitions
def defs() -> dg.Definitions:
    """Load the definitions of the home that the environment names."""
    return build_definitions(load_settings())
