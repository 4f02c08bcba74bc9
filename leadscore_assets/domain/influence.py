"""How much each row moves a metric: a metric's value with n influences, whose spread is its standard error.

The difference of two models' influences on the same rows gives the paired standard error of any metric, without
resampling (Hampel 1974).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from leadscore_assets.domain.delong import delong
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.metrics import Floats, reached, rounded
from leadscore_assets.domain.spearman import spearman_influence

TOP_SHARE = 0.1
_NEIGHBOURS = 0.05
_EPSILON = float(np.finfo(np.float64).eps)
Influence = tuple[float, Floats]


@dataclass(frozen=True)
class Judged:
    """One model's columns on n rows: score, label, outcome (0 or 1), chance of the outcome where it has one."""

    score: Floats
    label: Floats
    outcome: Floats
    probability: Floats | None
    threshold: float
    label_minimum: int = 1
    label_maximum: int = 5


def influence(metric: str, rows: Judged) -> Influence:
    """Return a metric of one model with each row's influence on it (n,), which has the mean 0.

    Raises InvalidInput where the rows do not define the metric.
    """
    return _INFLUENCES[metric](rows)


def _mean(values: Floats) -> Influence:
    return float(values.mean()), values - values.mean()


def _ratio(metric: str, part: Floats, whole: Floats) -> Influence:
    if not whole.any():
        raise InvalidInput(f"{metric} is not defined on these {whole.size} rows; give rows of both classes")
    value = float(part.mean() / whole.mean())
    return value, (part - value * whole) / whole.mean()


def _auc(rows: Judged) -> Influence:
    areas = delong(rows.score, rows.outcome)
    return float(areas.auc[0]), areas.influence[0]


def _rmse(rows: Judged) -> Influence:
    square, moved = _mean((rows.score - rows.label) ** 2)
    root = float(np.sqrt(square))
    return root, moved / (2 * root) if root else moved


def _predicted(rows: Judged) -> Floats:
    return (rows.score >= rows.threshold).astype(np.float64)


def _precision(rows: Judged) -> Influence:
    return _ratio("precision", _predicted(rows) * rows.outcome, _predicted(rows))


def _recall(rows: Judged) -> Influence:
    return _ratio("recall", _predicted(rows) * rows.outcome, rows.outcome)


def _f1(rows: Judged) -> Influence:
    return _ratio("f1", 2 * _predicted(rows) * rows.outcome, _predicted(rows) + rows.outcome)


def _top(rows: Judged) -> Influence:
    """Positives among the best tenth; the cut moves with the rows, at the rate of positives around it."""
    n = rows.score.size
    count = max(1.0, np.ceil(n * TOP_SHARE))
    value = float(reached(rows.score, rows.outcome, count / n) / count)
    order = np.argsort(-rows.score, kind="stable")
    near = max(int(n * _NEIGHBOURS), 1)
    around = order[max(int(count) - near, 0) : int(count) + near]
    inside = np.zeros(n)
    inside[order[: int(count)]] = 1.0
    moved = inside * (rows.outcome - rows.outcome[around].mean()) * n / count
    return value, moved - moved.mean()


def _lift(rows: Judged) -> Influence:
    base = float(rows.outcome.mean())
    if not base:
        raise InvalidInput(f"lift is not defined on {rows.outcome.size} rows without a positive one")
    value, moved = _top(rows)
    return value / base, (moved - value / base * (rows.outcome - base)) / base


def _chance(rows: Judged) -> Floats:
    if rows.probability is None:
        raise InvalidInput("the model states no chances; give both models a calibrator")
    return rows.probability


def _log_loss(rows: Judged) -> Influence:
    kept = np.clip(_chance(rows), _EPSILON, 1 - _EPSILON)
    return _mean(np.where(rows.outcome > 0, -np.log(kept), -np.log1p(-kept)))


_INFLUENCES: dict[str, Callable[[Judged], Influence]] = {
    "spearman": lambda rows: spearman_influence(rows.score, rows.label),
    "auc": _auc,
    "mae": lambda rows: _mean(np.abs(rows.score - rows.label)),
    "rmse": _rmse,
    "exact_match": lambda rows: _mean(
        (rounded(rows.score, rows.label_minimum, rows.label_maximum) == rows.label).astype(np.float64)
    ),
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "accuracy": lambda rows: _mean((_predicted(rows) == rows.outcome).astype(np.float64)),
    "precision_top_decile": _top,
    "lift_top_decile": _lift,
    "log_loss": _log_loss,
    "brier": lambda rows: _mean((_chance(rows) - rows.outcome) ** 2),
}
