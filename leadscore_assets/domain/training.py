"""Training: from two slices to the files of a bundle, the same bytes for the same data, policy and seed.

The transform is fitted on train alone; validation stops the boosting, calibrates and sets the bands; the test slice is
not seen here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain import bundle
from leadscore_assets.domain.calibration import fit_calibrator
from leadscore_assets.domain.column import Column, Floats
from leadscore_assets.domain.columns import columns_from_table
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.errors import NotEnoughData
from leadscore_assets.domain.features import FeatureTransform, Matrix, feature_values, fit_transform
from leadscore_assets.domain.policy import Policy, TrainingPolicy
from leadscore_assets.domain.scoring import Scorer

GOLDEN_ROWS = 16
_MAXIMUM_LISTED_LEVELS = 50

OnRound = Callable[[int, int, float], None]


@dataclass(frozen=True)
class Labelled:
    """A slice ready to learn from: its labelled rows, labels (n,) and outcomes (n,), NaN where unknown."""

    table: pa.Table
    labels: Floats
    outcomes: Floats


def labelled(table: pa.Table, contract: Contract) -> Labelled:
    """Keep the rows whose label is known."""
    rows = table.filter(pc.is_valid(table[contract.label]))
    labels = rows[contract.label].cast(pa.float64()).to_numpy(zero_copy_only=False)
    outcome = contract.outcome
    known = rows[outcome].cast(pa.int8()).cast(pa.float64()).to_numpy(zero_copy_only=False) if outcome else None
    return Labelled(rows, labels, known if known is not None else np.full(labels.shape, np.nan))


def train_bundle(
    train: pa.Table,
    validation: pa.Table,
    *,
    contract: Contract,
    policy: Policy,
    lineage: Mapping[str, Any],
    on_round: OnRound | None = None,
) -> dict[str, bytes]:
    """Fit transform, booster, calibrator and bands and return the bundle's files.

    `on_round(round, rounds, validation_rmse)` reports progress. Raises NotEnoughData when a slice has no labelled row.
    """
    learn, check = labelled(train, contract), labelled(validation, contract)
    for name, part in (("train", learn), ("validation", check)):
        if not len(part.labels):
            raise NotEnoughData(f"the {name} slice has no labelled row; widen the window in the policy file")
    columns = columns_from_table(learn.table, contract)
    transform = fit_transform(columns, learn.labels, contract, policy.features)
    checked = transform.transform(columns_from_table(check.table, contract))
    booster, history = _boost(
        transform, (transform.transform(columns), learn), (checked, check), policy.training, on_round
    )
    raw = np.asarray(booster.inplace_predict(checked), dtype=np.float64)
    low, high = contract.label_minimum, contract.label_maximum
    score = np.clip(raw, low, high) if policy.lists.clip else raw
    calibrator = fit_calibrator(score, check.outcomes)
    files = {
        bundle.MODEL: bytes(booster.save_raw("ubj")),
        bundle.CONTRACT: bundle.json_bytes(contract.model_dump(mode="json")),
        bundle.FEATURES: bundle.json_bytes(transform.state),
        bundle.CALIBRATOR: bundle.json_bytes(calibrator.to_json()),
        bundle.BANDS: bundle.json_bytes({"bounds": _bands(score, policy), "clip": policy.lists.clip}),
        bundle.PROFILE: bundle.json_bytes(reference_profile(columns, contract)),
        bundle.METRICS: bundle.json_bytes(_summary(history, booster, transform, len(learn.labels), len(check.labels))),
        bundle.LINEAGE: bundle.json_bytes(
            {**lineage, "features_digest": transform.digest, "seed": policy.training.seed}
        ),
    }
    return files | {bundle.GOLDEN: bundle.json_bytes(_golden(files, check.table, contract, policy.training.seed))}


def reference_profile(columns: Mapping[str, Column], contract: Contract) -> dict[str, Any]:
    """Summarise each feature of the train slice: rows, missing, quantiles, counts of levels. No row is kept."""
    found: dict[str, Any] = {}
    for name, column in feature_values(columns, contract).items():
        known = column.values[~np.isnan(column.values)]
        summary: dict[str, Any] = {"rows": int(column.values.size), "missing": int(column.values.size - known.size)}
        if column.levels is not None:
            counts = np.bincount(known.astype(np.int64), minlength=len(column.levels))
            ranked = sorted(zip(column.levels, counts.tolist(), strict=True), key=lambda item: (-item[1], item[0]))
            summary["levels"] = dict(ranked[:_MAXIMUM_LISTED_LEVELS])
        elif known.size:
            summary["quantiles"] = [float(q) for q in np.quantile(known, np.linspace(0, 1, 21))]
        found[name] = summary
    return found


def _boost(
    transform: FeatureTransform,
    learnt: tuple[Matrix, Labelled],
    held_out: tuple[Matrix, Labelled],
    policy: TrainingPolicy,
    on_round: OnRound | None,
) -> tuple[Any, list[float]]:
    import xgboost

    kinds: dict[str, Any] = {
        "feature_names": transform.inputs,
        "feature_types": transform.types,
        "enable_categorical": True,
    }
    matrix, learn = learnt
    data = xgboost.QuantileDMatrix(matrix, learn.labels, max_bin=policy.max_bin, nthread=policy.threads, **kinds)
    checked, check = held_out
    watch = xgboost.QuantileDMatrix(checked, check.labels, ref=data, nthread=policy.threads, **kinds)
    history: dict[str, dict[str, list[float]]] = {}
    booster = xgboost.train(
        _parameters(policy),
        data,
        num_boost_round=policy.rounds,
        evals=[(watch, "validation")],
        early_stopping_rounds=policy.early_stopping_rounds,
        evals_result=history,
        verbose_eval=False,
        callbacks=[_progress(policy.rounds, on_round)] if on_round else None,
    )
    best = booster[: booster.best_iteration + 1]
    best.set_attr(best_iteration=None, best_score=None)
    return best, history["validation"]["rmse"]


def _parameters(policy: TrainingPolicy) -> dict[str, Any]:
    kept = ("learning_rate", "max_depth", "min_child_weight", "subsample", "colsample_bytree", "reg_lambda", "max_bin")
    chosen = {name: getattr(policy, name) for name in (*kept, "seed")}
    return chosen | {"objective": "reg:squarederror", "tree_method": "hist", "nthread": policy.threads}


def _progress(rounds: int, on_round: OnRound) -> Any:
    import xgboost

    class Progress(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        """Reports each round's validation error."""

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002
            on_round(epoch + 1, rounds, float(evals_log["validation"]["rmse"][-1]))
            return False

    return Progress()


def _bands(score: Floats, policy: Policy) -> list[list[Any]]:
    ranked = sorted(policy.lists.bands.items(), key=lambda item: item[1])
    return [[name, float(np.quantile(score, 1 - min(share, 1.0)))] for name, share in ranked]


def _summary(
    history: list[float], booster: Any, transform: FeatureTransform, rows: int, checked: int
) -> dict[str, Any]:
    gains = booster.get_score(importance_type="total_gain")
    total = sum(gains.values()) or 1.0
    importance = {
        name: float(gain / total) for name, gain in sorted(gains.items(), key=lambda item: (-item[1], item[0]))
    }
    rounds = booster.num_boosted_rounds()
    return {
        "train_rows": rows,
        "validation_rows": checked,
        "rounds": rounds,
        "rounds_tried": len(history),
        "validation_rmse": float(history[rounds - 1]),
        "validation_curve": [float(value) for value in history],
        "inputs": len(transform.inputs),
        "importance": importance,
    }


def _golden(files: Mapping[str, bytes], table: pa.Table, contract: Contract, seed: int) -> dict[str, Any]:
    """Mix validation values column by column, so that a golden row looks like a lead and is nobody's."""
    generator = np.random.default_rng(seed)
    records: list[dict[str, Any]] = [{} for _ in range(min(GOLDEN_ROWS, table.num_rows))]
    for name in (contract.created_at, *contract.names):
        picked = table[name].take(generator.integers(0, table.num_rows, len(records))).to_pylist()
        for record, value in zip(records, picked, strict=True):
            if value is not None:
                record[name] = value.isoformat() if hasattr(value, "isoformat") else value
    scorer = Scorer.from_files("golden", {**files}, threads=1)
    return {"records": records, "scores": [float(value) for value in scorer.score_records(records).score]}
