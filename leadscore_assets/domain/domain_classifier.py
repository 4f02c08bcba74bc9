"""The domain classifier: can a model tell this week's leads from the reference's? It sees what no single feature shows.

Its out-of-fold AUC is 0.5 where the two are alike. Folds and model are fixed by the order of the rows, so equal samples
give equal bits; what is large is known from past weeks only, since folds make its own p-value too small.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadscore_assets.domain.metrics import auc

Sample = NDArray[np.float32]
Floats = NDArray[np.float64]
SIZES = (2000, 1000, 500, 250)
_ROUNDS = 16
_PARAMETERS: dict[str, Any] = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 4,
    "learning_rate": 0.3,
    "max_bin": 32,
    "min_child_weight": 4.0,
    "reg_lambda": 2.0,
    "nthread": 1,
    "seed": 1,
}


def separability(now: Sample, reference: Sample) -> tuple[float, Floats]:
    """Return the mean AUC of two folds, each judged by the model of the other, and the features' gain (features,).

    Samples are (n, features) and (m, features), NaN where missing, in an order that means nothing: even rows are one
    fold, odd rows the other.
    """
    import xgboost

    rows = np.concatenate([now, reference])
    label = np.repeat(np.array([1, 0], dtype=np.float32), [len(now), len(reference)])
    even = np.concatenate([np.arange(len(now)) % 2, np.arange(len(reference)) % 2]) == 0
    data = [xgboost.DMatrix(rows[fold], label[fold], nthread=1) for fold in (even, ~even)]
    found, gains = [], np.zeros(rows.shape[1])
    for learnt, judged in zip(data, (~even, even), strict=True):
        model = xgboost.train(_PARAMETERS, learnt, num_boost_round=_ROUNDS)
        score = np.asarray(model.inplace_predict(rows[judged]), dtype=np.float64)
        found.append(auc(score, label[judged]) or 0.5)
        for name, gain in model.get_score(importance_type="total_gain").items():
            gains[int(name[1:])] += gain
    return float(np.mean(found)), gains


def common_size(now: int, past: Sequence[int], *, least: int) -> int | None:
    """Return the largest sample size that this week and at least `least` past ones reach; None where none is.

    Every AUC of a question is measured at one size, because a model learns more from more rows.
    """
    return next((size for size in SIZES if now >= size and sum(rows >= size for rows in past) >= least), None)


def pooled(samples: Sequence[Sample], size: int) -> Sample:
    """Return up to `size` rows, as evenly from the samples as they allow, mixed for the folds."""
    parts: list[Sample] = []
    for left, sample in zip(range(len(samples), 0, -1), sorted(samples, key=len), strict=True):
        parts.append(sample[: (size - sum(map(len, parts))) // left])
    whole = np.concatenate(parts)
    return whole[np.random.default_rng(len(whole)).permutation(len(whole))]
