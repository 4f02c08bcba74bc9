"""Going back as a Dagster job: one click in the UI, the same step as `leadscore rollback`."""

import dagster as dg

from leadscore_assets.assets.declare import told_apart
from leadscore_assets.assets.release import live_metadata
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.rolling_out import roll_back


class Rollback(dg.Config):
    """Which version answers again, and why."""

    to: int = 0
    """The version; 0 for what answered before."""

    reason: str = "asked for by a person"
    """Why; it stands in the ledger."""


@dg.op(description="Put an earlier model in the champion's place, or end the release in hand.")
def go_back(context: dg.OpExecutionContext, config: Rollback, platform: dg.ResourceParam[Platform]) -> None:
    """Go back at once and record what answers now as a materialization of `endpoint`."""
    with told_apart():
        moved = roll_back(platform, to=config.to or None, actor=platform.actor, reason=config.reason)
    context.log_event(dg.AssetMaterialization("endpoint", metadata=live_metadata(context, moved)))


@dg.job(
    name="rollback_job",
    executor_def=dg.in_process_executor,
    tags={"dagster/max_runtime": "600"},
    description="An earlier model answers again, whole, at once: what answered before, or the version in the config.",
)
def rollback_job() -> None:
    """Go back."""
    go_back()
