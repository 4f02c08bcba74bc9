"""Scales: how a linear model sees inputs, as columns of spread 1, learnt from the rows it is fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from leadscore_assets.domain.column import Floats
from leadscore_assets.domain.features import Matrix
from leadscore_assets.domain.objectives import Ints

_TAILS = (0.01, 0.99)
_MOST_ROWS = 100_000


@dataclass(frozen=True)
class Scales:
    """For each of k inputs: its caps, its centre and scale, how many codes it has (0 for a number).

    `gaps` are the positions of inputs that were ever missing. The design has a column for each number, one for each
    level of each category, and one for each gap, in this order.
    """

    low: Floats
    high: Floats
    centre: Floats
    scale: Floats
    levels: tuple[int, ...]
    gaps: Ints

    @cached_property
    def numbers(self) -> Ints:
        """Positions of the numbers."""
        return np.flatnonzero(np.array(self.levels) == 0)

    @cached_property
    def categories(self) -> list[int]:
        """Positions of the categories."""
        return [int(position) for position in np.flatnonzero(self.levels)]

    @cached_property
    def owners(self) -> Ints:
        """The input that each column of the design belongs to (d,)."""
        of_levels = [np.full(self.levels[position], position) for position in self.categories]
        return np.concatenate([self.numbers, *of_levels, self.gaps]).astype(np.int64)

    def standardize(self, matrix: Matrix) -> Floats:
        """Return the inputs capped, less their centre, over their scale (n, k); NaN stays NaN."""
        return (np.clip(matrix.astype(np.float64), self.low, self.high) - self.centre) / self.scale

    def design(self, matrix: Matrix) -> Floats:
        """Return the design of n rows, (n, d): numbers with 0 where missing, levels as 0 and 1, gaps as 0 and 1."""
        columns = [np.nan_to_num(self.standardize(matrix)[:, self.numbers], nan=0.0)]
        for position in self.categories:
            columns.append(matrix[:, [position]] == np.arange(self.levels[position], dtype=np.float32))
        return np.hstack([*columns, np.isnan(matrix[:, self.gaps])])

    def to_json(self) -> dict[str, Any]:
        """Return plain lists."""
        ends = {name: getattr(self, name).tolist() for name in ("low", "high", "centre", "scale", "gaps")}
        return {**ends, "levels": list(self.levels)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Scales":
        """Read the lists back."""
        low, high, centre, scale = (np.array(content[name], float) for name in ("low", "high", "centre", "scale"))
        return cls(low, high, centre, scale, tuple(content["levels"]), np.array(content["gaps"], dtype=np.int64))


def fit_scales(matrix: Matrix, categories: Sequence[int]) -> Scales:
    """Learn the scales of a matrix (n, k); caps come from at most 100,000 rows, evenly taken."""
    few = matrix[:: -(-len(matrix) // _MOST_ROWS)]
    found = [_scale(few[:, at]) for at in range(matrix.shape[1])]
    levels = [0] * matrix.shape[1]
    for position in categories:
        levels[position] = int(np.nanmax(matrix[:, position], initial=0.0)) + 1
    low, high, centre, scale = (np.array(part) for part in zip(*found, strict=True))
    return Scales(low, high, centre, scale, tuple(levels), np.flatnonzero(np.isnan(matrix).any(axis=0)))


def _scale(column: Any) -> tuple[float, float, float, float]:
    known = column[np.isfinite(column)].astype(np.float64)
    if not known.size:
        return 0.0, 0.0, 0.0, 1.0
    low, high = (float(q) for q in np.quantile(known, _TAILS))
    if low == high:
        low, high = float(known.min()), float(known.max())
    capped = np.clip(known, low, high)
    return low, high, float(capped.mean()), float(capped.std()) or 1.0
