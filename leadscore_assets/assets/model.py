"""The model: a week's candidate, trained by a job and kept as a bundle."""

from typing import Any

import dagster as dg

from leadscore_assets.assets.declare import told_apart, week_in, weekly_asset
from leadscore_assets.assets.pictures import bars, short
from leadscore_assets.steps.fitting import Fitted, fit_candidate
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
            "learner": fitted.summary["learner"],
            "learners": dg.MetadataValue.table(_learners(fitted)),
            "objective": fitted.summary["objective"],
            "hyperparameters": dg.MetadataValue.json(fitted.summary["hyperparameters"]),
            "train_rows": fitted.summary["train_rows"],
            "validation_rmse": round(fitted.summary["validation_rmse"], 5),
            "rounds": fitted.summary["rounds"],
            "inputs": fitted.summary["inputs"],
            "seconds": fitted.seconds,
            "cost": "unknown" if fitted.cost is None else fitted.cost,
            "limit_minutes": fitted.limit_minutes,
            "job_was_done_before": fitted.reused,
            "job": fitted.job,
            "trained": f"{fitted.lineage['trained_from']} to {fitted.lineage['trained_until']}",
            "importance": dg.MetadataValue.md(
                bars({name: 100 * share for name, share in shares}, unit="% of the gain", digits=1)
            ),
            "lineage": dg.MetadataValue.json(fitted.lineage),
            **_tuning(fitted),
            **{f"platform_{name}": value for name, value in sorted(fitted.facts.items())},
        },
    )


def _learners(fitted: Fitted) -> list[dg.TableRecord]:
    return [
        dg.TableRecord(
            {
                "learner": line["learner"],
                "validation spearman": None if line["spearman"] is None else round(line["spearman"], 5),
                "validation rmse": round(line["rmse"], 5),
                "rounds": line["rounds"],
                "won": line["won"],
            }
        )
        for line in fitted.summary["learners"]
    ]


def _tuning(fitted: Fitted) -> dict[str, Any]:
    """Show a search: its best score, the same parameters on validation, and by how much the best trial flattered."""
    found = fitted.summary.get("tuning")
    if not found:
        return {}
    shown = ("trials", "pruned", "best_score", "validation_score", "optimism", "gain_optimism", "kept")
    return {f"tuning_{name}": found[name] for name in shown} | {"tuning": dg.MetadataValue.json(found)}


ASSETS = [trained_model]
