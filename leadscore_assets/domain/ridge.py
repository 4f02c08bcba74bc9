"""The linear baseline: ridge regression in closed form, which anyone can check by hand. Kept as JSON.

Numbers are capped at their 1st and 99th percentile and standardized, a missing value has a weight of its own, and a
category's code has one weight a level. Rows are read in pieces: memory does not grow with them.
"""

import json
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from leadscore_assets.domain.column import Floats
from leadscore_assets.domain.digests import canonical_json
from leadscore_assets.domain.features import Matrix
from leadscore_assets.domain.learning import Examples, Task
from leadscore_assets.domain.scales import Scales, fit_scales

_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
_PIECE = 8_192


@dataclass(frozen=True)
class Ridge:
    """The intercept and each input's weight: of a standardized number, of a missing value, of each level of a category.

    `spread` is how much an input's contribution varies over the rows that were learnt from, in the target's unit.
    """

    intercept: float
    scales: Scales
    weights: Floats
    missing: Floats
    levels: dict[int, Floats]
    spread: Floats
    engine: ClassVar[str] = "numpy"
    file: ClassVar[str] = "model.json"
    rounds: ClassVar[int] = 0
    curve: ClassVar[tuple[float, ...]] = ()

    @classmethod
    def fit(cls, learn: Examples, watch: Examples, task: Task) -> Self:
        """Solve for five strengths of the penalty and keep the one with the least squared error on the watched rows."""
        scales = fit_scales(learn.matrix, task.categories)
        moments = _Moments.of(scales, learn)
        solved = np.column_stack([moments.solve(strength) for strength in _STRENGTHS])
        intercepts = moments.target - moments.means @ solved
        errors = np.zeros(len(_STRENGTHS))
        for at in range(0, len(watch.target), _PIECE):
            answers = scales.design(watch.matrix[at : at + _PIECE]) @ solved + intercepts
            errors += ((answers - watch.target[at : at + _PIECE, None]) ** 2).sum(axis=0)
        best = int(np.argmin(errors))
        return cls._of(scales, solved[:, best], float(intercepts[best]), moments.spread)

    @classmethod
    def _of(cls, scales: Scales, solved: Floats, intercept: float, spread: Floats) -> Self:
        """Lay the weights of the design's columns out by input."""
        count = len(scales.levels)
        weights, missing = np.zeros(count), np.zeros(count)
        squares = np.zeros(count)
        np.add.at(squares, scales.owners, (solved * spread) ** 2)
        numbers, gaps = scales.numbers, scales.gaps
        weights[numbers] = solved[: numbers.size]
        missing[gaps] = solved[solved.size - gaps.size :]
        levels, at = {}, numbers.size
        for position in scales.categories:
            levels[position] = solved[at : at + scales.levels[position]]
            at += scales.levels[position]
        return cls(intercept, scales, weights, missing, levels, np.sqrt(squares))

    @classmethod
    def from_bytes(cls, content: bytes, *, threads: int) -> Self:  # noqa: ARG003 - nothing here runs in threads
        """Read JSON; raise ValueError when it holds no such model."""
        try:
            found = json.loads(content)
            weights, missing, spread = (np.array(found[name], float) for name in ("weights", "missing", "spread"))
            levels = {int(at): np.array(values, float) for at, values in found["levels"].items()}
            scales = Scales.from_json(found["scales"])
            return cls(float(found["intercept"]), scales, weights, missing, levels, spread)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"no linear model: {error}") from None

    def to_bytes(self) -> bytes:
        """Write JSON."""
        lists = {name: getattr(self, name).tolist() for name in ("weights", "missing", "spread")}
        levels = {str(at): values.tolist() for at, values in self.levels.items()}
        content: dict[str, Any] = {"intercept": self.intercept, "scales": self.scales.to_json(), "levels": levels}
        return canonical_json(content | lists).encode()

    def predict(self, matrix: Matrix) -> Floats:
        """Return margins (n,), each row summed from left to right: a row's bits do not depend on its neighbours."""
        return np.asarray(np.add.accumulate(self.contributions(matrix), axis=1)[:, -1])

    def contributions(self, matrix: Matrix) -> Floats:
        """Return weight x standardized value of each input and, last, the base: (n, k + 1)."""
        unknown = np.isnan(matrix)
        parts = np.empty((len(matrix), matrix.shape[1] + 1))
        parts[:, :-1] = self.scales.standardize(matrix) * self.weights
        for position, weights in self.levels.items():
            codes = np.where(unknown[:, position], 0.0, matrix[:, position]).astype(np.int64)
            parts[:, position] = np.append(weights, 0.0)[np.minimum(codes, len(weights))]
        parts[:, :-1][unknown] = np.broadcast_to(self.missing, matrix.shape)[unknown]
        parts[:, -1] = self.intercept
        return parts

    @property
    def importance(self) -> Floats:
        """Spread of each input's contribution over the rows it was fitted on (k,), in the target's unit."""
        return self.spread


@dataclass(frozen=True)
class _Moments:
    """First and second moments of the design (d columns) and the target."""

    means: Floats
    spread: Floats
    values: Floats
    vectors: Floats
    with_target: Floats
    target: float

    @classmethod
    def of(cls, scales: Scales, rows: Examples) -> "_Moments":
        width, count = len(scales.owners), len(rows.target)
        gram, sums, products = np.zeros((width, width)), np.zeros(width), np.zeros(width)
        for at in range(0, count, _PIECE):
            design = scales.design(rows.matrix[at : at + _PIECE])
            gram += design.T @ design
            sums += design.sum(axis=0)
            products += design.T @ rows.target[at : at + _PIECE]
        means, centre = sums / count, float(rows.target.mean())
        covariance = gram / count - np.outer(means, means)
        values, vectors = np.linalg.eigh(covariance)
        spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        return cls(means, spread, np.maximum(values, 0.0), vectors, products / count - means * centre, centre)

    def solve(self, strength: float) -> Floats:
        """Return the weights (d,) for a penalty of `strength` a row."""
        return np.asarray(self.vectors @ ((self.vectors.T @ self.with_target) / (self.values + strength)))
