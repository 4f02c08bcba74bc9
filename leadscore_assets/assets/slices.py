"""Slices: the days that train, validate and test a week's model.

They read up to 26 weeks of leads and depend on their own week alone: Dagster's backfill of a week takes along whatever
depends on it, so a window here would retrain half a year of later weeks with every week that is ingested again.
"""

from collections.abc import Iterator

import dagster as dg

from leadscore_assets.assets.declare import OWNER, told_apart, week_in, weekly_multi_asset
from leadscore_assets.assets.launched import told_by_hand
from leadscore_assets.assets.pictures import bars, short
from leadscore_assets.domain.facts import Slice
from leadscore_assets.domain.slices import NAMES
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.slicing import cut_slices

_SHOWN_DAYS = 10
_ABOUT = {
    "train": "The days that one week's model learns from, by address.",
    "validation": "The day that stops, calibrates and bands one week's model, by address.",
    "test": "The days that judge one week's model, newer than everything it learnt from, by address.",
}


def _spec(name: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        f"{name}_slice",
        deps=["weekly_leads"],
        group_name="slices",
        owners=[OWNER],
        kinds={"parquet"},
        description=_ABOUT[name],
    )


@weekly_multi_asset(specs=[_spec(name) for name in NAMES], name="slices")
def slices(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> Iterator[dg.MaterializeResult]:
    """Cut a week's window by time into train, validation and test."""
    with told_apart():
        told_by_hand(context, platform)
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
                "rows_a_day": dg.MetadataValue.md(bars(_rows_a_day(item), unit="labelled leads")),
                "window_ends_before": f"{cut.plan.end}",
                "rows_in_window": cut.plan.rows,
                "weeks_left_out": ", ".join(cut.left_out) or "none",
                "digest": short(item.digest),
            },
        )


def _rows_a_day(item: Slice) -> dict[str, float]:
    held = {file.day: float(file.labelled) for file in item.files}
    return {f"{day:%a %d %b}": held.get(day, 0.0) for day in item.days[-_SHOWN_DAYS:]}


ASSETS = [slices]
