"""Preparation: from labelled rows to what a learner is given, the transform fitted on the rows it learns from alone."""

from dataclasses import dataclass

import numpy as np

from leadscore_assets.domain.column import Columns, Floats
from leadscore_assets.domain.columns import columns_from_table
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.features import FeatureTransform, Matrix, fit_transform
from leadscore_assets.domain.labelled import Labelled, days_of
from leadscore_assets.domain.learning import Examples
from leadscore_assets.domain.objectives import binary_target, ranking_groups
from leadscore_assets.domain.policy import Policy


@dataclass(frozen=True)
class Prepared:
    """Rows to learn from and rows to watch; `checked` are the inputs of every watched row, in the slice's order.

    `watch` lacks rows whose target is not known, and its order is that of the ranking groups.
    """

    transform: FeatureTransform
    columns: Columns
    learn: Examples
    watch: Examples
    checked: Matrix


def prepare(learn: Labelled, watch: Labelled, contract: Contract, policy: Policy) -> Prepared:
    """Fit the transform and the target on `learn` and apply both to `watch`."""
    columns = columns_from_table(learn.table, contract)
    transform = fit_transform(columns, learn.labels, contract, policy.features)
    checked = transform.transform(columns_from_table(watch.table, contract))
    return Prepared(
        transform,
        columns,
        _examples(transform.transform(columns), learn, contract, policy),
        _examples(checked, watch, contract, policy),
        checked,
    )


def _examples(matrix: Matrix, rows: Labelled, contract: Contract, policy: Policy) -> Examples:
    target = _target(rows, contract, policy)
    group = ranking_groups(days_of(rows, contract))
    order = np.arange(len(target))
    if policy.training.objective == "rank":
        order = np.argsort(group, kind="stable")
    order = order[~np.isnan(target[order])]
    if order.size == len(matrix) and policy.training.objective != "rank":
        return Examples(matrix, target, rows.labels, group)
    return Examples(matrix[order], target[order], rows.labels[order], group[order])


def _target(rows: Labelled, contract: Contract, policy: Policy) -> Floats:
    objective = policy.training.objective
    if objective == "binary":
        threshold = policy.promotion.score_threshold
        return binary_target(rows.labels, rows.outcomes, positive=policy.training.positive, threshold=threshold)
    return rows.labels - contract.label_minimum if objective == "rank" else rows.labels
