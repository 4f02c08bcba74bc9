"""Training: from two slices to the files of a bundle, the same bytes for the same data, policy and seed.

Transform and parameters come from train alone; validation ends the boosting, chooses among the learners, calibrates and
sets the bands; the test slice is not seen here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from leadscore_assets.domain import bundle
from leadscore_assets.domain.calibration import fit_calibrator
from leadscore_assets.domain.column import Column, Floats
from leadscore_assets.domain.contenders import Contender, chosen, fit_contenders, fit_learner, importance
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.errors import NotEnoughData
from leadscore_assets.domain.features import feature_values
from leadscore_assets.domain.labelled import Labelled, labelled
from leadscore_assets.domain.learners import TOGETHER
from leadscore_assets.domain.learning import Say
from leadscore_assets.domain.parameter_search import Clock
from leadscore_assets.domain.policy import Policy
from leadscore_assets.domain.preparation import Prepared, prepare
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.domain.team import ALONE, Support
from leadscore_assets.domain.training_policy import TrainingPolicy
from leadscore_assets.domain.tuning import Champion, Tuned, judge_again, tune

GOLDEN_ROWS = 16
NO_HYPERPARAMETERS = ("preset", "maximum_minutes")
_MAXIMUM_LISTED_LEVELS = 50


def train_bundle(  # noqa: PLR0913 - the slices, the rules, what is known before, and two callbacks
    train: pa.Table,
    validation: pa.Table,
    *,
    contract: Contract,
    policy: Policy,
    lineage: Mapping[str, Any],
    champion: Champion | None = None,
    clock: Clock | None = None,
    say: Say = lambda _: None,
    support: Support = ALONE,
) -> dict[str, bytes]:
    """Tune where the policy asks for it, fit every learner, choose one, and return the bundle's files.

    `champion` is where a search starts, `clock` gives seconds for its time budget, and `say` takes lines of progress.
    With a team in `support` this host leads, and the others `assist`.
    Raises NotEnoughData when a slice has no labelled row.
    """
    learn, check = _labelled("train", train, contract), _labelled("validation", validation, contract)
    prepared = prepare(learn, check, contract, policy)
    search = None
    if policy.tuning.trials:
        tuned = tune(learn, contract=contract, policy=policy, champion=champion, clock=clock, say=say)
        policy, search = _kept(tuned, prepared, check, policy)
    contenders = fit_contenders(prepared, check.labels, contract=contract, policy=policy, say=say, support=support)
    winner = chosen(contenders, policy.training)
    files = _files(winner, prepared, check, contract=contract, policy=policy) | {
        bundle.METRICS: bundle.json_bytes(
            _summary(winner, contenders, prepared, (learn, check), policy=policy, search=search)
        ),
        bundle.LINEAGE: bundle.json_bytes(
            {**lineage, "features_digest": prepared.transform.digest, "seed": policy.training.seed}
        ),
    }
    return files | {bundle.GOLDEN: bundle.json_bytes(_golden(files, check.table, contract, policy.training.seed))}


def assist(train: pa.Table, validation: pa.Table, *, contract: Contract, policy: Policy, support: Support) -> None:
    """Do another host's part of `train_bundle`, on the same slices: fit with the leader what hosts can fit together.

    Nothing is kept here; a search and all other learners are the leader's.
    """
    learn, check = _labelled("train", train, contract), _labelled("validation", validation, contract)
    prepared = prepare(learn, check, contract, policy)
    for name in policy.training.learners:
        if name in TOGETHER:
            fit_learner(name, prepared, policy.training, say=lambda _: None, support=support)


def hyperparameters(policy: TrainingPolicy) -> dict[str, Any]:
    """Return what of the training policy decides what a model becomes, as JSON values."""
    return policy.model_dump(mode="json", exclude=set(NO_HYPERPARAMETERS))


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


def _labelled(name: str, table: pa.Table, contract: Contract) -> Labelled:
    part = labelled(table, contract)
    if not len(part.labels):
        raise NotEnoughData(f"the {name} slice has no labelled row; widen the window in the policy file")
    return part


def _kept(tuned: Tuned, prepared: Prepared, check: Labelled, policy: Policy) -> tuple[Policy, dict[str, Any]]:
    """Return the policy with the best trial's parameters where they hold on validation, and the search's record."""
    again = judge_again(tuned, prepared, check.labels, policy.training)
    training = tuned.apply(policy.training) if again.holds else policy.training
    return policy.model_copy(update={"training": training}), tuned.to_json(again)


def _files(
    winner: Contender, prepared: Prepared, check: Labelled, *, contract: Contract, policy: Policy
) -> dict[str, bytes]:
    return winner.files | {
        bundle.CONTRACT: bundle.json_bytes(contract.model_dump(mode="json")),
        bundle.FEATURES: bundle.json_bytes(prepared.transform.state),
        bundle.CALIBRATOR: bundle.json_bytes(fit_calibrator(winner.score, check.outcomes).to_json()),
        bundle.BANDS: bundle.json_bytes({"bounds": _bands(winner.score, policy), "clip": policy.lists.clip}),
        bundle.PROFILE: bundle.json_bytes(reference_profile(prepared.columns, contract)),
    }


def _bands(score: Floats, policy: Policy) -> list[list[Any]]:
    ranked = sorted(policy.lists.bands.items(), key=lambda item: item[1])
    return [[name, float(np.quantile(score, 1 - min(share, 1.0)))] for name, share in ranked]


def _summary(
    winner: Contender,
    contenders: Sequence[Contender],
    prepared: Prepared,
    slices: tuple[Labelled, Labelled],
    *,
    policy: Policy,
    search: dict[str, Any] | None,
) -> dict[str, Any]:
    inputs = prepared.transform.inputs
    summary: dict[str, Any] = {
        "learner": winner.name,
        "learners": [item.to_json(won=item is winner) for item in contenders],
        "objective": policy.training.objective,
        "hyperparameters": hyperparameters(policy.training),
        "train_rows": len(slices[0].labels),
        "validation_rows": len(slices[1].labels),
        "rounds": winner.model.rounds,
        "rounds_tried": len(winner.model.curve),
        "validation_rmse": winner.rmse,
        "validation_spearman": winner.spearman,
        "validation_curve": list(winner.model.curve),
        "inputs": len(inputs),
        "importance": importance(winner, inputs),
    }
    return summary | ({"tuning": search} if search else {})


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
