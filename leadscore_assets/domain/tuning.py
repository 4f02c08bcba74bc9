"""Tuning: better parameters of the boosted trees, searched on time-ordered folds of the train slice.

A search is given the train slice alone: no trial sees validation or test. Its best trial is then judged again on
validation, beside the policy's own parameters, and how much it flattered itself is recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadscore_assets.domain.column import Floats
from leadscore_assets.domain.contenders import fit_learner
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.errors import InvalidInput, NotEnoughData
from leadscore_assets.domain.folds import Fold, time_ordered_folds
from leadscore_assets.domain.labelled import Labelled, days_of
from leadscore_assets.domain.learners import BOOSTED
from leadscore_assets.domain.learning import Say, watched_spearman
from leadscore_assets.domain.parameter_search import Clock, Found, Parameters, search, within_space
from leadscore_assets.domain.policy import Policy
from leadscore_assets.domain.preparation import Prepared, prepare
from leadscore_assets.domain.training_policy import TrainingPolicy

POLICY = "policy"


@dataclass(frozen=True)
class Champion:
    """Where a search may start: the champion's digest and the parameters it was trained with."""

    digest: str
    hyperparameters: Mapping[str, Any]


@dataclass(frozen=True)
class Tuned:
    """What a search found, for which learner and on which folds; the policy's own parameters are its first trial.

    `started_from` names what else it began with: a champion, or nothing but the policy.
    """

    learner: str
    found: Found
    folds: tuple[Fold, ...]
    started_from: str

    def apply(self, training: TrainingPolicy) -> TrainingPolicy:
        """Return the training policy with the best trial's parameters."""
        return training.model_copy(update=dict(self.found.parameters))

    def to_json(self, again: "Again") -> dict[str, Any]:
        """Return the record of the search and of how its best trial did on validation.

        `optimism` is the best trial's score less the same parameters' score on validation. Days differ in how hard they
        are, and that is in it. `gain_optimism` is free of that: the gain over the policy's parameters that the search
        claims, less the gain on validation.
        """
        scores, best = self.found.scores, self.found.best_score
        start = scores[0] if scores[0] is not None else best
        claimed, gain = best - start, again.tuned - again.own
        return {
            "learner": self.learner,
            "metric": "spearman",
            "trials": len(scores),
            "pruned": sum(score is None for score in scores),
            "ended_by": self.found.ended_by,
            "started_from": self.started_from,
            "start_score": start,
            "best_score": best,
            "validation_score": again.tuned,
            "validation_start_score": again.own,
            "optimism": best - again.tuned,
            "gain_claimed": claimed,
            "gain_on_validation": gain,
            "gain_optimism": claimed - gain,
            "kept": again.holds,
            "parameters": self.found.parameters,
            "scores": list(scores),
            "folds": [{"train": _ends(fold.train), "validation": _ends(fold.validation)} for fold in self.folds],
        }


@dataclass(frozen=True)
class Again:
    """Spearman on validation of the best trial's parameters and of the policy's own, each fitted on all of train."""

    tuned: float
    own: float

    @property
    def holds(self) -> bool:
        """Whether the best trial is no worse than the policy's own parameters where it was not chosen."""
        return self.tuned >= self.own


def judge_again(tuned: Tuned, prepared: Prepared, labels: Floats, training: TrainingPolicy) -> Again:
    """Fit the best trial's parameters and the policy's own on train; judge both on validation's labels (n,)."""

    def judged(policy: TrainingPolicy) -> float:
        model = fit_learner(tuned.learner, prepared, policy, say=lambda _: None)
        return watched_spearman(model.predict(prepared.checked), labels)

    return Again(judged(tuned.apply(training)), judged(training))


def tune(
    train: Labelled,
    *,
    contract: Contract,
    policy: Policy,
    champion: Champion | None = None,
    clock: Clock | None = None,
    say: Say = lambda _: None,
) -> Tuned:
    """Search the boosted trees' parameters on the train slice.

    The policy's own parameters are the first trial, and the champion's the next where there is one. A fold's score is
    Spearman on its last days, at the round where boosting ended on them. Raises NotEnoughData when no fold can be cut,
    InvalidInput when no boosted learner is listed.
    """
    learner = next((name for name in policy.training.learners if name in BOOSTED), None)
    if learner is None:
        raise InvalidInput(
            f"[tuning] searches parameters of {' or '.join(BOOSTED)}, and [training] learners lists neither; "
            "add one or set trials = 0 in the policy file"
        )
    folds, prepared = _prepared(train, contract, policy)

    def score(parameters: Parameters, fold: int) -> float:
        training, rows = policy.training.model_copy(update=dict(parameters)), prepared[fold]
        model = fit_learner(learner, rows, training, say=lambda _: None)
        return watched_spearman(model.predict(rows.watch.matrix), rows.watch.label)

    starts, started_from = _starts(policy, champion)
    found = search(
        score,
        folds=len(folds),
        starts=starts,
        policy=policy.tuning,
        seed=policy.training.seed,
        clock=clock,
        say=say,
    )
    return Tuned(learner, found, folds, started_from)


def _starts(policy: Policy, champion: Champion | None) -> tuple[list[Parameters], str]:
    values = policy.training.model_dump()
    own = within_space(values)
    if champion is None or not policy.tuning.warm_start:
        return [own], POLICY
    other = within_space({**values, **champion.hyperparameters})
    return [own] if other == own else [own, other], f"champion {champion.digest}"


def _prepared(train: Labelled, contract: Contract, policy: Policy) -> tuple[tuple[Fold, ...], list[Prepared]]:
    days = days_of(train, contract)
    found, counts = np.unique(days, return_counts=True)
    rows = dict(zip((day.item() for day in found), counts.tolist(), strict=True))
    cut = time_ordered_folds(rows, folds=policy.tuning.folds, minimum_rows=policy.tuning.minimum_fold_rows)
    kept, prepared = [], []
    for fold in cut:
        learn, watch = (
            train.where(np.isin(days, np.array(part, dtype="datetime64[D]"))) for part in (fold.train, fold.validation)
        )
        if np.unique(watch.labels).size > 1:
            kept.append(fold)
            prepared.append(prepare(learn, watch, contract, policy))
    if not kept:
        raise NotEnoughData(
            f"tuning needs days with more than one label, and each of {len(cut)} folds has one alone; widen the window "
            "or set [tuning] trials = 0 in the policy file"
        )
    return tuple(kept), prepared


def _ends(days: tuple[Any, ...]) -> list[str]:
    return [days[0].isoformat(), days[-1].isoformat()]
