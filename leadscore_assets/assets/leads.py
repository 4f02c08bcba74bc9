"""Leads: what came in, a week at a time."""

import dagster as dg

from leadscore_assets.assets.declare import told_apart, week_in, weekly_asset
from leadscore_assets.assets.pictures import bars, short
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.platform import Platform


@weekly_asset(group_name="leads", kinds={"parquet"})
def weekly_leads(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """One week of leads, validated against the contract and readable day by day.

    Sorted by time, one Parquet file a day, visible all at once through a manifest. Rows that break the contract are in
    the quarantine with their reasons; a duplicated key keeps its last row; an empty week is a recorded empty week.
    """
    with told_apart():
        manifest = ingest_week(platform, week_in(context))
    days = {f"{file.day:%a %d}": float(file.rows) for file in manifest.files}
    reasons = [dg.TableRecord({"reason": name, "rows": count}) for name, count in sorted(manifest.reasons.items())]
    parts = [dg.TableRecord({"part": name, "share": round(value, 5)}) for name, value in manifest.quality.items()]
    return dg.MaterializeResult(
        data_version=dg.DataVersion(manifest.digest),
        metadata={
            "dagster/row_count": manifest.rows,
            "quality": round(manifest.quality.get("score", 1.0), 5),
            "rows_a_day": dg.MetadataValue.md(bars(days, unit="leads")),
            "quarantined": manifest.quarantined,
            "duplicates": manifest.duplicates,
            "late": manifest.late,
            "corrected": manifest.corrected,
            "unlabelled": manifest.unlabelled,
            "generation": manifest.generation,
            "quality_parts": dg.MetadataValue.table(parts),
            "digest": short(manifest.digest),
            "source": manifest.source,
            **({"quarantine": dg.MetadataValue.table(reasons)} if reasons else {}),
        },
    )


ASSETS = [weekly_leads]
