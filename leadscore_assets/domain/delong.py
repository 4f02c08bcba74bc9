"""The areas under several models' ROC curves on the same rows, with the covariance of DeLong et al. (1988).

Computed from mid-ranks in O(n log n) as in Sun and Xu, IEEE Signal Processing Letters 21 (2014).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.metrics import Floats, midranks


@dataclass(frozen=True)
class Areas:
    """k models' areas (k,), the covariance of these estimates (k, k), and how much each row moves them (k, n)."""

    auc: Floats
    covariance: Floats
    influence: Floats


def delong(scores: ArrayLike, outcome: ArrayLike) -> Areas:
    """Return the AUC of k models' scores (k, n) against outcomes (n,) in {0, 1}, ties counting half.

    The variance of a difference is c00 + c11 - 2 c01. A row's influence is its placement among the rows of the other
    class, centred and divided by the share of its own class; n rows of influence have the mean 0. Raises InvalidInput
    on other shapes and with fewer than two rows of either class.
    """
    models, positive = np.atleast_2d(np.asarray(scores, dtype=np.float64)), np.asarray(outcome) > 0
    if models.ndim != 2 or positive.shape != models.shape[1:]:
        raise InvalidInput(f"scores have the shape {models.shape} and the outcome {positive.shape}; give the same rows")
    good, bad = int(positive.sum()), int((~positive).sum())
    if min(good, bad) < 2:
        raise InvalidInput(f"{good} positive and {bad} negative rows have no interval; give at least two of each")
    above, below = _placements(models, positive)
    auc = above.mean(axis=1)
    influence = np.empty_like(models)
    influence[:, positive] = (above - auc[:, None]) * (positive.size / good)
    influence[:, ~positive] = (below - auc[:, None]) * (positive.size / bad)
    covariance = np.atleast_2d(np.cov(above)) / good + np.atleast_2d(np.cov(below)) / bad
    return Areas(auc, covariance, influence)


def _placements(models: Floats, positive: np.ndarray) -> tuple[Floats, Floats]:
    """For each positive row the share of negatives it outscores; for each negative the share of positives above it."""
    good, bad = int(positive.sum()), int((~positive).sum())
    above, below = np.empty((len(models), good)), np.empty((len(models), bad))
    for at, score in enumerate(models):
        ranks = midranks(score)
        above[at] = (ranks[positive] - midranks(score[positive])) / bad
        below[at] = 1 - (ranks[~positive] - midranks(score[~positive])) / good
    return above, below
