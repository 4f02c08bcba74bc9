"""Who launched a run: a training that a person started in the UI is recorded as forced, once."""

import dagster as dg

from leadscore_assets.assets.declare import week_in
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.retraining import forced_by_hand

REASON_TAG = "leadscore/reason"
_NOT_BY_HAND = (
    "dagster/schedule_name",
    "dagster/sensor_name",
    "dagster/backfill",
    "dagster/auto_materialize",
    "dagster/from_automation_condition",
    "leadscore/backfill",
    # A command records what it asks itself.
    "leadscore/actor",
)
_ROOT = "dagster/root_run_id"


def told_by_hand(context: dg.AssetExecutionContext, platform: Platform) -> None:
    """Record who started this training and why (the run's tag `leadscore/reason`), if a person did in the UI."""
    tags = context.run.tags
    if any(tag in tags for tag in _NOT_BY_HAND):
        return
    because = tags.get(REASON_TAG) or "launched in the Dagster UI"
    # A repeated run is of the same asking as its first.
    forced_by_hand(platform, week_in(context), run=tags.get(_ROOT, context.run.run_id), because=because)
