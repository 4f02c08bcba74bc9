"""A link: from a model's margin, which has no unit, to a score on the label's scale, in the same order.

score = low + (high - low) / (1 + exp(-(intercept + slope margin))): strictly rising, so that no ranking is lost, and
right on average, as its two numbers are a logistic regression of the labels' share of their range
(Papke and Wooldridge 1996).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from leadscore_assets.domain.column import Floats

_LEAST_SLOPE = 0.01
_RIDGE = 1e-3
_STEPS = 50


@dataclass(frozen=True)
class Link:
    """The two numbers of a link and the label's range."""

    slope: float
    intercept: float
    low: float
    high: float

    def apply(self, margin: Floats) -> Floats:
        """Return scores (n,), between `low` and `high`, of margins (n,)."""
        share: Floats = 1.0 / (1.0 + np.exp(-np.clip(self.intercept + self.slope * margin, -500, 500)))
        return self.low + (self.high - self.low) * share

    def in_points(self, contributions: Floats) -> Floats:
        """Turn a margin's contributions (n, k + 1), the base last, into score points, which sum to the score.

        Each lead's contributions keep their proportions: they share the way from the base's score to the lead's.
        """
        base, total = contributions[:, -1], contributions.sum(axis=1)
        way = total - base
        here, start = self.apply(total), self.apply(base)
        steep = self.slope * (start - self.low) * (self.high - start) / (self.high - self.low)
        near = np.abs(way) < 1e-9
        factor = np.where(near, steep, (here - start) / np.where(near, 1.0, way))
        return np.column_stack([contributions[:, :-1] * factor[:, None], start])

    def to_json(self) -> dict[str, Any]:
        """Return the link's numbers."""
        return {"slope": self.slope, "intercept": self.intercept, "low": self.low, "high": self.high}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Link":
        """Read the numbers back."""
        return cls(*(float(content[name]) for name in ("slope", "intercept", "low", "high")))


def fit_link(margin: Floats, label: Floats, *, low: float, high: float) -> Link:
    """Fit a link of margins (n,) to labels (n,) from `low` to `high`, by Newton steps on the logistic likelihood.

    The slope is above 0 even where the margins rank these labels the wrong way round: a link never turns a model.
    """
    centre, scale = float(margin.mean()), float(margin.std()) or 1.0
    z, share = (margin - centre) / scale, (label - low) / (high - low)
    design = np.column_stack([z, np.ones_like(z)])
    penalty = np.diag([_RIDGE, _RIDGE])
    found = np.zeros(2)
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ found, -30, 30)))
        gradient = design.T @ (share - chance) / z.size - penalty @ found
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design / z.size + penalty
        step = np.linalg.solve(curvature, gradient)
        found = found + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-10:
            break
    slope = max(float(found[0]), _LEAST_SLOPE) / scale
    return Link(slope, float(found[1]) - slope * centre, float(low), float(high))
