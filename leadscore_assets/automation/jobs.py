"""The jobs: which assets a run materializes."""

import dagster as dg

from leadscore_assets.automation.approval import approve_job, decline_job
from leadscore_assets.automation.rollback import rollback_job

LEADS = ("weekly_leads", "lead_profile")
DRIFT = ("drift_report",)
SERVED = ("served_leads",)
LISTS = ("scored_leads",)
CANDIDATE = ("train_slice", "validation_slice", "test_slice", "trained_model", "evaluation_report")
RELEASE = ("model_package", "endpoint")
TWO_HOURS = {"dagster/max_runtime": "7200"}


def _job(name: str, assets: tuple[str, ...], about: str) -> dg.JobDefinition:
    selection = dg.AssetSelection.assets(*assets)
    return dg.define_asset_job(name, selection=selection, description=about, tags=TWO_HOURS)


JOBS = [
    _job("leads_job", LEADS, "Ingest and profile one week of leads."),
    _job("ingest_job", LEADS + SERVED + DRIFT + LISTS, "Ingest one week of leads, look for drift and score it."),
    _job("drift_job", ("lead_profile", *SERVED, *DRIFT), "Profile one stored week and look for drift."),
    _job("scoring_job", LISTS, "Score one week of leads with the champion."),
    _job("retrain_job", CANDIDATE + RELEASE, "Train and judge a week's candidate, and release it if it is promoted."),
    _job("backfill_job", LEADS + DRIFT + CANDIDATE, "Ingest, train and judge a historical week; never releases."),
    _job("weekly_job", LEADS + SERVED + DRIFT + CANDIDATE + RELEASE, "The whole loop for one week."),
    _job("replay_job", ("replay_report",), "Decide the past again under other policies; never releases."),
    _job("endpoint_job", ("endpoint",), "Look at the release in hand, and bring a new package on its way."),
    approve_job,
    decline_job,
    rollback_job,
]
