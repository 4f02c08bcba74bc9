"""From a score to the probability that a lead converts: isotonic regression, stored as a few points.

Fitted on the validation slice, which the model's trees have not seen.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from leadscore_assets.domain.column import Floats

_MAXIMUM_POINTS = 200


@dataclass(frozen=True)
class Calibrator:
    """A non-decreasing piecewise linear map: `scores` rise, `probabilities` lie in 0 to 1; empty if none is known."""

    scores: tuple[float, ...] = ()
    probabilities: tuple[float, ...] = ()

    def predict(self, score: Floats) -> Floats | None:
        """Return P(converted) for scores (n,); None where no outcome was there to learn from."""
        if not self.scores:
            return None
        return np.asarray(np.interp(score, self.scores, self.probabilities), dtype=np.float64)

    def to_json(self) -> dict[str, Any]:
        """Return the points."""
        return {"scores": list(self.scores), "probabilities": list(self.probabilities)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Calibrator":
        """Read the points back."""
        return cls(tuple(content["scores"]), tuple(content["probabilities"]))


def fit_calibrator(score: Floats, outcome: Floats) -> Calibrator:
    """Fit isotonic regression of outcomes (n,) in {0, 1} on scores (n,), NaN outcomes left out.

    The mean of each block of equal fit is one point, so that probabilities rise between blocks instead of jumping
    (Barlow et al. 1972; Zadrozny and Elkan 2002). Each block counts one more row at the overall share, so that no lead
    is called impossible or certain. An outcome of one class gives no calibrator.
    """
    from scipy.optimize import isotonic_regression

    known = ~np.isnan(outcome)
    score, outcome = score[known], outcome[known]
    if np.unique(outcome).size < 2:
        return Calibrator()
    order = np.argsort(score, kind="stable")
    score, outcome = score[order], outcome[order]
    fitted = isotonic_regression(outcome).x
    block = np.concatenate([[0], np.cumsum(np.diff(fitted) > 0)])
    counts = np.bincount(block)
    centres = np.bincount(block, weights=score) / counts
    heights = np.maximum.accumulate((np.bincount(block, weights=fitted) + outcome.mean()) / (counts + 1))
    if centres.size > _MAXIMUM_POINTS:
        kept = np.unique(np.linspace(0, centres.size - 1, _MAXIMUM_POINTS).round().astype(int))
        centres, heights = centres[kept], heights[kept]
    return Calibrator(tuple(float(x) for x in centres), tuple(float(min(max(y, 0.0), 1.0)) for y in heights))
