"""Scoring: a week's leads ranked by the champion."""

from collections.abc import Iterator

import dagster as dg

from leadscore_assets.assets.declare import told_apart, week_in, weekly_asset
from leadscore_assets.assets.pictures import bars
from leadscore_assets.steps.listing import cannot_score, score_week
from leadscore_assets.steps.platform import Platform


@weekly_asset(deps=["weekly_leads"], group_name="scoring", kinds={"parquet", "csv"}, output_required=False)
def scored_leads(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterator[dg.MaterializeResult]:
    """One week's leads scored by the champion and ranked, with band and reasons; skipped while there is no champion."""
    with told_apart():
        reason = cannot_score(platform)
    if reason:
        context.log.warning(f"Nothing is scored: {reason}.")
        return
    with told_apart():
        ranked = score_week(platform, week_in(context))
    mean = sum(ranked.scores) / len(ranked.scores) if ranked.scores else None
    yield dg.MaterializeResult(
        metadata={
            "dagster/row_count": ranked.rows,
            "model_version": ranked.package.version,
            "bands": dg.MetadataValue.md(bars({k: float(v) for k, v in ranked.bands.items()}, unit="leads")),
            "csv": dg.MetadataValue.path(ranked.csv),
            "parquet": dg.MetadataValue.path(ranked.parquet),
            **({"mean_score": round(mean, 5)} if mean is not None else {}),
        },
    )


ASSETS = [scored_leads]
