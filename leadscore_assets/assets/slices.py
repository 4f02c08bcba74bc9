"""Slices: the days that train, validate and test a week's model."""

from collections.abc import Iterator

import dagster as dg

from leadscore_assets.assets.declare import OWNER, told_apart, week_in, weekly_multi_asset
from leadscore_assets.domain.slices import NAMES
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.slicing import cut_slices

_WINDOW = dg.AssetDep(
    "weekly_leads",
    partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-26, allow_nonexistent_upstream_partitions=True),
)
_ABOUT = {
    "train": "The days that one week's model learns from, by address.",
    "validation": "The day that stops, calibrates and bands one week's model, by address.",
    "test": "The days that judge one week's model, newer than everything it learnt from, by address.",
}


def _spec(name: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        f"{name}_slice",
        deps=[_WINDOW],
        group_name="slices",
        owners=[OWNER],
        kinds={"parquet"},
        description=_ABOUT[name],
    )


@weekly_multi_asset(specs=[_spec(name) for name in NAMES], name="slices")
def slices(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> Iterator[dg.MaterializeResult]:
    """Cut a week's window by time into train, validation and test."""
    with told_apart():
        cut = cut_slices(platform, week_in(context))
    for name, item in cut.slices.items():
        yield dg.MaterializeResult(
            asset_key=f"{name}_slice",
            data_version=dg.DataVersion(item.digest),
            metadata={
                "dagster/row_count": item.rows,
                "days": len(item.days),
                "first_day": f"{item.days[0]:%a %Y-%m-%d}",
                "last_day": f"{item.days[-1]:%a %Y-%m-%d}",
                "window_ends_before": f"{cut.plan.end}",
                "rows_in_window": cut.plan.rows,
                "weeks_left_out": ", ".join(cut.left_out) or "none",
                "digest": item.digest,
            },
        )


ASSETS = [slices]
