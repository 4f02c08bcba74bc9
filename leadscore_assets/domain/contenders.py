"""Contenders: every learner of the policy fitted on the same rows, and the one that becomes the week's candidate.

They are judged on validation, as they would be served. The test slice has no part in the choice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadscore_assets.domain import bundle
from leadscore_assets.domain.column import Floats
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.learners import LEARNERS, TOGETHER
from leadscore_assets.domain.learning import Learner, Say, Task
from leadscore_assets.domain.link import Link, fit_link
from leadscore_assets.domain.metrics import spearman
from leadscore_assets.domain.objectives import OBJECTIVES
from leadscore_assets.domain.policy import Policy
from leadscore_assets.domain.preparation import Prepared
from leadscore_assets.domain.team import ALONE, Support
from leadscore_assets.domain.training_policy import TrainingPolicy


@dataclass(frozen=True)
class Contender:
    """One fitted learner and its answers on validation: `raw` and `score` (n,) as a scorer gives them."""

    name: str
    model: Learner
    link: Link | None
    raw: Floats
    score: Floats
    spearman: float | None
    rmse: float

    @property
    def files(self) -> dict[str, bytes]:
        """The bundle's files that are this model's."""
        link = {bundle.LINK: bundle.json_bytes(self.link.to_json())} if self.link else {}
        return {self.model.file: self.model.to_bytes()} | link

    def to_json(self, *, won: bool) -> dict[str, Any]:
        """Return the line of the comparison."""
        found = {"learner": self.name, "spearman": self.spearman, "rmse": self.rmse, "rounds": self.model.rounds}
        return {**found, "bytes": len(self.model.to_bytes()), "won": won}


def fit_contenders(
    prepared: Prepared, labels: Floats, *, contract: Contract, policy: Policy, say: Say, support: Support = ALONE
) -> list[Contender]:
    """Fit every learner that the policy lists and judge it on the watched rows' labels (n,).

    Learners that hosts can fit together lean on `support`; the others are fitted by this host alone.
    """
    found = []
    for name in policy.training.learners:
        model = fit_learner(name, prepared, policy.training, say=say, support=support if name in TOGETHER else ALONE)
        found.append(_judged(name, model, prepared, labels, contract=contract, policy=policy))
        rank = "undefined" if found[-1].spearman is None else f"{found[-1].spearman:.5f}"
        say(f"learner={name} validation_spearman={rank} validation_rmse={found[-1].rmse:.5f}")
    return found


def fit_learner(
    name: str, prepared: Prepared, policy: TrainingPolicy, *, say: Say, support: Support = ALONE
) -> Learner:
    """Fit one learner by its name."""
    task = Task(tuple(prepared.transform.types), policy, say, support)
    return LEARNERS[name].fit(prepared.learn, prepared.watch, task)


def chosen(contenders: Sequence[Contender], policy: TrainingPolicy) -> Contender:
    """Return the contender that the policy chooses: the one it names, or the first of those with the best Spearman."""
    if policy.choose != "best":
        return next(item for item in contenders if item.name == policy.choose)
    return max(contenders, key=lambda item: -np.inf if item.spearman is None else item.spearman)


def importance(contender: Contender, inputs: Sequence[str]) -> Mapping[str, float]:
    """Return each used input's share (0 to 1) of the model's importance, largest first."""
    weights = contender.model.importance
    total = float(weights.sum()) or 1.0
    shares = {name: float(weight) / total for name, weight in zip(inputs, weights, strict=True) if weight > 0}
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def _judged(
    name: str, model: Learner, prepared: Prepared, labels: Floats, *, contract: Contract, policy: Policy
) -> Contender:
    low, high = contract.label_minimum, contract.label_maximum
    margin = model.predict(prepared.checked)
    link = fit_link(margin, labels, low=low, high=high) if OBJECTIVES[policy.training.objective].linked else None
    raw = link.apply(margin) if link else margin
    score = np.clip(raw, low, high) if policy.lists.clip else raw
    error = float(np.sqrt(np.mean((raw - labels) ** 2)))
    return Contender(name, model, link, raw, score, spearman(score, labels), error)
