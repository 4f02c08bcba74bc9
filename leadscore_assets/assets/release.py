"""Release: the registered package and the endpoint that serves the champion."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from leadscore_assets.assets.declare import (
    OWNER,
    RELEASE_POOL,
    Declaration,
    Weekly,
    told_apart,
    week_in,
    weekly_asset,
)
from leadscore_assets.assets.pictures import readable, short
from leadscore_assets.domain.facts import EndpointStatus
from leadscore_assets.domain.release_state import ReleaseState
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.releasing import package_candidate, release
from leadscore_assets.steps.rolling_out import Moved

BACKFILL_TAGS = ("dagster/backfill", "leadscore/backfill")


@weekly_asset(deps=["evaluation_report"], group_name="release", kinds={"mlflow"}, output_required=False)
def model_package(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterator[dg.MaterializeResult]:
    """One week's registered package, if its candidate was promoted.

    A candidate that is not better ends here with its reason recorded and no package. A backfill never registers.
    """
    if _in_backfill(context):
        return
    with told_apart():
        package = package_candidate(platform, week_in(context))
    if package is None:
        context.log.info(
            "No package: the candidate was not promoted. See evaluation_report and 'leadscore ledger show'."
        )
        return
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(package.digest),
        metadata={
            "version": package.version,
            "semver": package.semver,
            "stage": package.stage,
            "bundle": short(package.digest),
            "lineage": dg.MetadataValue.json(package.lineage),
            **readable(package.metrics),
        },
    )


def endpoint(_: Weekly) -> dg.AssetsDefinition:
    """Declare the one asset that has no week."""
    deps = [dg.AssetDep("model_package", partition_mapping=dg.LastPartitionMapping())]

    @dg.asset(
        name="endpoint",
        deps=deps,
        group_name="release",
        kinds={"http"},
        owners=[OWNER],
        output_required=False,
        pool=RELEASE_POOL,
    )
    def _endpoint(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
    ) -> Iterator[dg.MaterializeResult]:
        """The live scoring endpoint and the version it serves.

        Everything that speaks for a package is read again before traffic moves; a failed gate or a changed digest
        refuses the release, however this asset was started. A backfill never touches it.
        """
        if _in_backfill(context):
            return
        with told_apart():
            found = release(platform, insist="dagster/sensor_name" not in context.run.tags)
        if found.package is None:
            context.log.info(f"Nothing answers yet: {found.moved.reason}")
            return
        yield dg.MaterializeResult(
            data_version=dg.DataVersion(found.package.digest),
            metadata={
                **live_metadata(context, found.moved),
                "semver": found.package.semver,
                "week": f"{found.package.week}",
                **readable({name: value for name, value in found.package.metrics.items() if name == "spearman"}),
            },
        )

    return _endpoint


def live_metadata(context: dg.AssetExecutionContext | dg.OpExecutionContext, moved: Moved) -> dict[str, Any]:
    """Describe what answers after a step of the release: weights, phase, decision, next step and when."""
    for problem in moved.problems:
        context.log.warning(problem)
    state, champion = moved.state, moved.state.champion
    return {
        "version": champion.version if champion else 0,
        "bundle": short(champion.digest) if champion else "none",
        "address": dg.MetadataValue.url(moved.status.address),
        "generation": moved.status.generation,
        "changed": moved.changed,
        "phase": state.phase,
        "decision": state.decision or "none",
        "because": moved.reason or "nothing is in hand",
        "next": _next(state),
        "variants": dg.MetadataValue.table(_variants(moved.status)),
    }


def _next(state: ReleaseState) -> str:
    """What comes next, the earliest moment for it, and by when the phase ends either way."""
    if not state.next_step:
        return "nothing is in hand"
    earliest = f", {state.next_at:%Y-%m-%d %H:%M} UTC at the earliest" if state.next_at else ""
    latest = f", {state.deadline:%Y-%m-%d %H:%M} UTC at the latest" if state.deadline else ""
    return f"{state.next_step}{earliest}{latest}"


def _variants(status: EndpointStatus) -> list[dg.TableRecord]:
    served = [(item, "answers") for item in status.variants if item.weight]
    served += [(item, "warm") for item in status.variants if not item.weight]
    served += [(status.shadow, "shadow")] if status.shadow else []
    return [
        dg.TableRecord({"variant": item.name, "role": role, "version": item.version, "share of leads": item.weight})
        for item, role in served
    ]


def _in_backfill(context: dg.AssetExecutionContext) -> bool:
    if not any(tag in context.run.tags for tag in BACKFILL_TAGS):
        return False
    context.log.info("This run is part of a backfill: historical weeks train and evaluate, they never release.")
    return True


ASSETS: list[Declaration] = [model_package, endpoint]
