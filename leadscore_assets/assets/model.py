"""The model: a week's candidate, trained by a job and kept as a bundle."""

import dagster as dg

from leadscore_assets.assets.declare import told_apart, week_in, weekly_asset
from leadscore_assets.assets.pictures import bars
from leadscore_assets.steps.fitting import fit_candidate
from leadscore_assets.steps.platform import Platform


@weekly_asset(deps=["train_slice", "validation_slice"], group_name="model", kinds={"xgboost"})
def trained_model(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """One week's candidate: model, features, calibrator, bands and golden rows in one bundle with one digest."""
    with told_apart():
        fitted = fit_candidate(platform, week_in(context), on_line=context.log.info)
    top = dict(list(fitted.summary["importance"].items())[:12])
    return dg.MaterializeResult(
        data_version=dg.DataVersion(fitted.digest),
        metadata={
            "bundle": fitted.digest,
            "train_rows": fitted.summary["train_rows"],
            "validation_rmse": fitted.summary["validation_rmse"],
            "rounds": fitted.summary["rounds"],
            "inputs": fitted.summary["inputs"],
            "seconds": fitted.seconds,
            "job_was_done_before": fitted.reused,
            "job": fitted.job,
            "trained": f"{fitted.lineage['trained_from']} to {fitted.lineage['trained_until']}",
            "importance": dg.MetadataValue.md(
                bars({k: 1000 * v for k, v in top.items()}, unit="thousandths of the gain")
            ),
            "lineage": dg.MetadataValue.json(fitted.lineage),
        },
    )


ASSETS = [trained_model]
