"""The jobs: which assets a run materializes."""

import dagster as dg

from leadscore_assets.automation.approval import approve_job, decline_job
from leadscore_assets.automation.rollback import rollback_job
from leadscore_assets.automation.upkeep import upkeep_job

LEADS = ("weekly_leads", "lead_profile")
DRIFT = ("drift_report",)
SERVED = ("served_leads",)
LISTS = ("scored_leads",)
CANDIDATE = ("train_slice", "validation_slice", "test_slice", "trained_model", "evaluation_report")
RELEASE = ("model_package", "endpoint")
TWO_HOURS = {"dagster/max_runtime": "7200"}
# Runs of one lane wait for each other in the queue (dagster.yaml). A rollback, an approval and a refusal have no lane:
# what a person says waits for nobody.
LANE = "leadscore/lane"


def _job(name: str, assets: tuple[str, ...], about: str, *, lane: str) -> dg.JobDefinition:
    selection = dg.AssetSelection.assets(*assets)
    return dg.define_asset_job(name, selection=selection, description=about, tags={**TWO_HOURS, LANE: lane})


JOBS = [
    _job("leads_job", LEADS, "Ingest and profile one week of leads.", lane="leads"),
    _job(
        "ingest_job",
        LEADS + SERVED + DRIFT + LISTS,
        "Ingest one week of leads, look for drift and score it.",
        lane="leads",
    ),
    _job("drift_job", ("lead_profile", *SERVED, *DRIFT), "Profile one stored week and look for drift.", lane="leads"),
    _job("scoring_job", LISTS, "Score one week of leads with the champion.", lane="leads"),
    _job(
        "retrain_job",
        CANDIDATE + RELEASE,
        "Train and judge a week's candidate, and release it if it is promoted.",
        lane="retraining",
    ),
    _job(
        "backfill_job",
        LEADS + DRIFT + CANDIDATE,
        "Ingest, train and judge a historical week; never releases.",
        lane="retraining",
    ),
    _job("weekly_job", LEADS + SERVED + DRIFT + CANDIDATE + RELEASE, "The whole loop for one week.", lane="retraining"),
    _job(
        "replay_job",
        ("replay_report",),
        "Decide the past again under other policies; never releases.",
        lane="retraining",
    ),
    _job("outcomes_job", ("outcome_report",), "Tell what became of one week's list.", lane="watching"),
    _job("watch_job", ("release_watch",), "Look at the live champion.", lane="watching"),
    _job("report_job", ("weekly_report",), "Make one week's page.", lane="watching"),
    _job(
        "endpoint_job",
        ("endpoint",),
        "Look at the release in hand, and bring a new package on its way.",
        lane="release",
    ),
    approve_job,
    decline_job,
    rollback_job,
    upkeep_job,
]
