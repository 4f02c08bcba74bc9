"""How good one model's scores are on labelled rows, as named numbers.

A metric that the rows do not define (one class only, constant scores) is absent from the answer: never NaN, never 0.
Whether a difference between two models is more than luck is asked in comparison.py.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadscore_assets.domain.errors import InvalidInput

Floats = NDArray[np.float64]
_EPSILON = float(np.finfo(np.float64).eps)


def evaluate(  # noqa: PLR0913 - each argument is a column or a definition, and none has a home with another
    score: ArrayLike,
    label: ArrayLike,
    *,
    outcome: ArrayLike | None = None,
    probability: ArrayLike | None = None,
    threshold: float,
    label_minimum: int = 1,
    label_maximum: int = 5,
    top_share: float = 0.1,
) -> dict[str, float]:
    """Return every metric that these n rows define, by name.

    Against the label: `spearman` (mid-ranks, -1 to 1), `mae` and `rmse` in label units, `exact_match` (share of rows
    whose score, rounded and clipped to the label's range, is the label).

    Against the outcome, 0 or 1 a row: `auc` of the score, `precision`, `recall`, `f1` and `accuracy` of the prediction
    score >= `threshold`, `precision_top_decile` among the best `top_share` of rows and `lift_top_decile`, its ratio to
    the share of positives. Where no outcome is given, the outcome is label >= `threshold`. `log_loss` (nats) and
    `brier` judge `probability`, the model's chance of the outcome, and are absent without it.

    Absent: spearman with a constant score or label; auc with one class; precision with no row predicted positive;
    recall and lift with no positive row; f1 with neither. Raises InvalidInput on no rows, unequal lengths, values that
    are not finite, outcomes other than 0 and 1, and probabilities outside 0 to 1.
    """
    scores, labels = _column("score", score), _column("label", label)
    outcomes = (labels >= threshold).astype(np.float64) if outcome is None else _column("outcome", outcome)
    chances = None if probability is None else _column("probability", probability)
    _check_columns(scores, label=labels, outcome=outcomes, probability=chances)
    found = _against_label(scores, labels, rounded(scores, label_minimum, label_maximum))
    found |= {"auc": auc(scores, outcomes)}
    found |= _at_threshold(scores >= threshold, outcomes > 0)
    found |= _at_top(scores, outcomes, top_share)
    found |= {} if chances is None else _of_probability(chances, outcomes)
    return {name: value for name, value in found.items() if value is not None}


def midranks(values: ArrayLike) -> Floats:
    """Return the rank of each of n values, 1 to n; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    rank: Floats = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return rank


def spearman(score: ArrayLike, label: ArrayLike) -> float | None:
    """Return the tie-corrected rank correlation (Pearson of mid-ranks, -1 to 1); None where either is constant."""
    x, y = midranks(score), midranks(label)
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(np.clip(x @ y / scale, -1.0, 1.0)) if scale > 0 else None


def auc(score: ArrayLike, outcome: ArrayLike) -> float | None:
    """Return the chance that a positive row outscores a negative one, a tie counting half; None with one class."""
    positive = np.asarray(outcome) > 0
    good, bad = int(positive.sum()), int((~positive).sum())
    if not good or not bad:
        return None
    return float((midranks(score)[positive].sum() - good * (good + 1) / 2) / (good * bad))


def reached(score: ArrayLike, outcome: ArrayLike, share: ArrayLike) -> Floats:
    """Return how many positives stand among the best `share` (0 to 1, any shape) of rows, best score first.

    A cut inside a group of equal scores takes its part of the group's positives: the mean over every order of the tie.
    """
    levels, inverse = np.unique(-np.asarray(score, dtype=np.float64), return_inverse=True)
    size = np.bincount(inverse, minlength=levels.size)
    hits = np.bincount(inverse, weights=np.asarray(outcome, dtype=np.float64), minlength=levels.size)
    rows = np.concatenate([[0.0], np.cumsum(size)])
    positives = np.concatenate([[0.0], np.cumsum(hits)])
    return np.asarray(np.interp(np.asarray(share, dtype=np.float64) * rows[-1], rows, positives), dtype=np.float64)


def rounded(score: ArrayLike, minimum: int, maximum: int) -> NDArray[np.int64]:
    """Return scores as whole labels, clipped to the label's range; a half goes to the even label."""
    return np.clip(np.rint(np.asarray(score, dtype=np.float64)), minimum, maximum).astype(np.int64)


def _against_label(score: Floats, label: Floats, whole: NDArray[np.int64]) -> dict[str, float | None]:
    error = score - label
    return {
        "spearman": spearman(score, label),
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "exact_match": float((whole == label).mean()),
    }


def _at_threshold(predicted: NDArray[np.bool_], positive: NDArray[np.bool_]) -> dict[str, float | None]:
    hits = int((predicted & positive).sum())
    return {
        "precision": _ratio(hits, int(predicted.sum())),
        "recall": _ratio(hits, int(positive.sum())),
        "f1": _ratio(2 * hits, int(predicted.sum()) + int(positive.sum())),
        "accuracy": float((predicted == positive).mean()),
    }


def _at_top(score: Floats, outcome: Floats, share: float) -> dict[str, float | None]:
    if not 0 < share <= 1:
        raise InvalidInput(f"top_share is {share}; give a share above 0 and up to 1, for example 0.1")
    rows = max(1.0, np.ceil(score.size * share))
    precision = float(reached(score, outcome, rows / score.size) / rows)
    return {"precision_top_decile": precision, "lift_top_decile": _ratio(precision, float(outcome.mean()))}


def _of_probability(chance: Floats, outcome: Floats) -> dict[str, float | None]:
    if chance.min() < 0 or chance.max() > 1:
        raise InvalidInput(f"probability runs from {chance.min():.4g} to {chance.max():.4g}; give chances from 0 to 1")
    kept = np.clip(chance, _EPSILON, 1 - _EPSILON)
    losses = np.where(outcome > 0, -np.log(kept), -np.log1p(-kept))
    return {"log_loss": float(losses.mean()), "brier": float(((chance - outcome) ** 2).mean())}


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def _column(name: str, values: Any) -> Floats:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or not column.size:
        raise InvalidInput(f"{name} has the shape {column.shape}; give one number a row, and at least one row")
    bad = int((~np.isfinite(column)).sum())
    if bad:
        raise InvalidInput(
            f"{name} has {bad} of {column.size} values that are missing or not finite; leave those rows out"
        )
    return column


def _check_columns(score: Floats, **columns: Floats | None) -> None:
    for name, column in columns.items():
        if column is not None and column.size != score.size:
            raise InvalidInput(f"{name} has {column.size} rows and score has {score.size}; give the same rows to both")
    outcome = columns["outcome"]
    if outcome is not None and not np.isin(outcome, (0.0, 1.0)).all():
        raise InvalidInput("outcome holds values other than 0 and 1; give true or false a row")
