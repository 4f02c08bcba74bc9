"""Features that know the answer: alone they nearly decide it, or they are stamped after the lead was created.

Such a model looks brilliant in the evaluation and fails in production, where the answer is not known yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from leadscore_assets.domain.column import Column, Floats
from leadscore_assets.domain.columns import columns_from_table
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.metrics import auc, spearman
from leadscore_assets.domain.moments import Ints
from leadscore_assets.domain.policy import LeakagePolicy

_ENOUGH_ROWS = 200_000
_LATER = 0.01
_SENTENCES = {
    "spearman": "{feature} alone ranks leads as {target} does: Spearman {value:.3f}, at most {limit:g}",
    "auc": "{feature} alone tells {target}: AUC {value:.3f}, at most {limit:g}",
    "missing": "whether {feature} is known alone tells {target}: AUC {value:.3f}, at most {limit:g}",
    "equal": "{feature} equals {target} in every row where it is known",
    "later": "{feature} is later than {target} in {value:.1%} of rows, at most {limit:.0%}",
}


@dataclass(frozen=True)
class Leak:
    """A feature that knows too much: by which measure, how much, and what would be allowed.

    `measure` is spearman, auc, missing (AUC of whether the value is known), equal or later (share of rows).
    """

    feature: str
    measure: str
    value: float
    limit: float
    target: str

    def __str__(self) -> str:
        """Say it in one sentence with the remedy."""
        said = _SENTENCES[self.measure].format_map(vars(self))
        return f"{said}; remove it from the contract unless it is known when a lead is created."


@dataclass(frozen=True)
class _Target:
    """An answer that a feature may know: `values` (n,) with NaN where it is not known."""

    name: str
    values: Floats
    measure: str
    limit: float


def leaks(table: pa.Table, contract: Contract, policy: LeakagePolicy) -> list[Leak]:
    """Return every leak among a validated table's features, in contract order; none below `policy.minimum_rows` rows.

    Numbers, booleans and ages of timestamps are ranked (mid-ranks); a level stands for the mean answer of its rows in
    the other half of the table, so that an id with a level a row tells nothing. Of more than 200,000 rows an even part
    is judged.
    """
    if table.num_rows < policy.minimum_rows:
        return []
    table = _thinned(table)
    columns = columns_from_table(table, contract)
    targets = _targets(table, contract, policy)
    found: list[Leak] = []
    for feature in contract.features:
        column = columns[feature.name]
        if feature.kind == "timestamp":
            column = Column(columns[contract.created_at].values - column.values)
            found += _later(feature.name, column.values, contract, policy)
        for target in targets:
            found += _alone(feature.name, column, target, policy)
    return found


def _targets(table: pa.Table, contract: Contract, policy: LeakagePolicy) -> list[_Target]:
    found = [_Target(contract.label, _numbers(table, contract.label), "spearman", policy.maximum_spearman)]
    if contract.outcome:
        found.append(_Target(contract.outcome, _numbers(table, contract.outcome), "auc", policy.maximum_auc))
    return found


def _alone(name: str, column: Column, target: _Target, policy: LeakagePolicy) -> Iterator[Leak]:
    answered = ~np.isnan(target.values)
    answers = target.values[answered]
    if answered.sum() < policy.minimum_rows or np.ptp(answers) == 0:
        return
    unknown = np.isnan(column.values[answered])
    if target.measure == "auc":
        yield from _judged(name, "missing", _separation(unknown.astype(np.float64), answers), target)
    known = ~unknown
    if known.sum() < policy.minimum_rows:
        return
    values, answers = column.values[answered][known], answers[known]
    if column.levels is not None:
        values = _mean_answers(values.astype(np.int64), answers, len(column.levels))
    elif target.measure == "spearman" and np.array_equal(values, answers) and np.ptp(answers) > 0:
        yield Leak(name, "equal", 1.0, target.limit, target.name)
        return
    strength = abs(spearman(values, answers) or 0.0) if target.measure == "spearman" else _separation(values, answers)
    yield from _judged(name, target.measure, strength, target)


def _judged(name: str, measure: str, value: float, target: _Target) -> Iterator[Leak]:
    if value > target.limit:
        yield Leak(name, measure, value, target.limit, target.name)


def _separation(values: Floats, answers: Floats) -> float:
    found = auc(values, answers)
    return 0.5 if found is None else max(found, 1.0 - found)


def _later(name: str, age: Floats, contract: Contract, policy: LeakagePolicy) -> Iterator[Leak]:
    known = age[~np.isnan(age)]
    share = float((known < 0).mean()) if known.size >= policy.minimum_rows else 0.0
    if share > _LATER:
        yield Leak(name, "later", share, _LATER, contract.created_at)


def _mean_answers(codes: Ints, answers: Floats, levels: int) -> Floats:
    """Return for each row the mean answer of its level in the other half of the rows, the mean of all where unseen."""
    found = np.empty(len(codes))
    halves = np.arange(len(codes)) % 2 == 0
    for half in (halves, ~halves):
        other = ~half
        counts = np.bincount(codes[other], minlength=levels)
        sums = np.bincount(codes[other], weights=answers[other], minlength=levels)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), answers.mean())
        found[half] = means[codes[half]]
    return found


def _numbers(table: pa.Table, name: str) -> Floats:
    values: Floats = table[name].cast(pa.int64()).cast(pa.float64()).to_numpy()
    return values


def _thinned(table: pa.Table) -> pa.Table:
    step = -(-table.num_rows // _ENOUGH_ROWS)
    return table if step == 1 else table.take(np.arange(0, table.num_rows, step))
