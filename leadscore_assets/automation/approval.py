"""Approving and declining as Dagster jobs: a word in the UI is the same as `leadscore release approve` or `decline`."""

from enum import Enum

import dagster as dg

from leadscore_assets.assets.declare import told_apart
from leadscore_assets.assets.release import live_metadata
from leadscore_assets.steps.approving import Said, decline_version, give_approval
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.rolling_out import Moved

_WAY = "Dagster"
_TEN_MINUTES = {"dagster/max_runtime": "600"}


class Role(Enum):
    """The role in which a person speaks; `missing` is the one that is missing, if only one is."""

    missing = ""
    ml_lead = "ml_lead"
    business = "business"


class Approve(dg.Config):
    """Which version sets off as far as the person is concerned, in which role, and why."""

    version: int
    """The version that waits."""

    role: Role = Role.missing
    """The person's role."""

    comment: str = ""
    """Why; it stands in the ledger."""


class Decline(dg.Config):
    """Which version is not released, and why."""

    version: int
    """The version on its way."""

    role: Role = Role.missing
    """The person's role."""

    comment: str = "declined by a person"
    """Why; it stands in the ledger."""


@dg.op(description="Approve a version that waits for people.")
def approve_release(context: dg.OpExecutionContext, config: Approve, platform: dg.ResourceParam[Platform]) -> None:
    """Record the approval, and let the version set off when nothing is missing."""
    said = Said(platform.actor, config.role.value, config.comment, _WAY)
    with told_apart():
        moved = give_approval(platform, config.version, said)
    _show(context, moved)


@dg.op(description="End a version's way to production.")
def decline_release(context: dg.OpExecutionContext, config: Decline, platform: dg.ResourceParam[Platform]) -> None:
    """Record the refusal and take the version back."""
    said = Said(platform.actor, config.role.value, config.comment, _WAY)
    with told_apart():
        moved = decline_version(platform, config.version, said)
    _show(context, moved)


def _show(context: dg.OpExecutionContext, moved: Moved) -> None:
    context.log.info(moved.reason)
    if moved.state.champion:
        context.log_event(dg.AssetMaterialization("endpoint", metadata=live_metadata(context, moved)))


@dg.job(
    name="approve_job",
    executor_def=dg.in_process_executor,
    tags=_TEN_MINUTES,
    description="Approve the version in the config, in the launcher's name and role.",
)
def approve_job() -> None:
    """Approve."""
    approve_release()


@dg.job(
    name="decline_job",
    executor_def=dg.in_process_executor,
    tags=_TEN_MINUTES,
    description="Decline the version in the config: its way to production ends.",
)
def decline_job() -> None:
    """Decline."""
    decline_release()
