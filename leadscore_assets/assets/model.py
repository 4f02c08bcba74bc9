"""The model: a week's candidate, trained by a job and kept as a bundle."""

import dagster as dg

from leadscore_assets.assets.declare import told_apart, week_in, weekly_asset
from leadscore_assets.assets.pictures import bars, short
from leadscore_assets.steps.fitting import fit_candidate
from leadscore_assets.steps.platform import Platform

_SHOWN_FEATURES = 12


@weekly_asset(deps=["train_slice", "validation_slice"], group_name="model", kinds={"xgboost"})
def trained_model(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """One week's candidate: model, features, calibrator, bands and golden rows in one bundle with one digest."""
    with told_apart():
        fitted = fit_candidate(platform, week_in(context), on_line=context.log.info)
    shares = sorted(fitted.summary["importance"].items(), key=lambda item: item[1], reverse=True)[:_SHOWN_FEATURES]
    return dg.MaterializeResult(
        data_version=dg.DataVersion(fitted.digest),
        metadata={
            "bundle": short(fitted.digest),
            "train_rows": fitted.summary["train_rows"],
            "validation_rmse": round(fitted.summary["validation_rmse"], 5),
            "rounds": fitted.summary["rounds"],
            "inputs": fitted.summary["inputs"],
            "seconds": fitted.seconds,
            "job_was_done_before": fitted.reused,
            "job": fitted.job,
            "trained": f"{fitted.lineage['trained_from']} to {fitted.lineage['trained_until']}",
            "importance": dg.MetadataValue.md(
                bars({name: 100 * share for name, share in shares}, unit="% of the gain", digits=1)
            ),
            "lineage": dg.MetadataValue.json(fitted.lineage),
        },
    )


ASSETS = [trained_model]
