"""Walks XGBoost's own trees with numpy, all trees of a few rows at once: far quicker than the library for one row.

Same thresholds in float32, same way for a missing value, leaves summed in float32 in the order of the trees: the same
bits. Who uses it proves that first (`proved`); a model it cannot walk is left to XGBoost, with the reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from leadscore_assets.domain.column import Floats
from leadscore_assets.domain.features import Matrix
from leadscore_assets.domain.forest import Ints, Trees

FEW_ROWS = 8
WALKED_ROWS = 32
_PROBES = 64
# Every index was checked when the trees were read; without another check, `take` is half as quick again.
_IN_RANGE: Literal["clip"] = "clip"
_IDENTITY = ("reg:squarederror", "reg:pseudohubererror", "rank:pairwise", "rank:ndcg", "reg:absoluteerror")
_LOGISTIC = ("binary:logistic", "reg:logistic")


@dataclass(frozen=True)
class Walker:
    """Trees with the margin that every row begins with."""

    trees: Trees
    base: np.float32

    def _starts(self, rows: int) -> tuple[Ints, Ints]:
        """Return the roots of n rows' walks, and where each walk's row begins."""
        if rows > WALKED_ROWS:
            return self._laid_out(rows)
        node, first = self._ready
        return node[: rows * self.trees.roots.size], first[: rows * self.trees.roots.size]

    @cached_property
    def _ready(self) -> tuple[Ints, Ints]:
        return self._laid_out(WALKED_ROWS)

    def _laid_out(self, rows: int) -> tuple[Ints, Ints]:
        trees = self.trees
        return np.tile(trees.roots, rows), np.repeat(np.arange(rows) * 2 * trees.width, trees.roots.size)

    def margins(self, matrix: Matrix) -> Floats:
        """Return margins (n,) of inputs (n, k), NaN where missing."""
        trees, (rows, width) = self.trees, matrix.shape
        gaps = np.isnan(matrix)
        # A node that sends a missing value left reads the second half, where missing is below every threshold.
        both = np.concatenate((matrix, matrix), axis=1, dtype=np.float32)
        both[:, :width][gaps] = np.inf
        both[:, width:][gaps] = -np.inf
        flat = both.ravel()
        codes = trees.codes(matrix, gaps) if trees.table.size else None
        node, first = self._starts(rows)
        for _ in range(trees.depth):
            place = trees.feature.take(node, mode=_IN_RANGE)
            if rows > 1:
                place += first
            right = flat.take(place, mode=_IN_RANGE) >= trees.threshold.take(node, mode=_IN_RANGE)
            if codes is not None:
                trees.decide_categories(right, node, codes)
            node = trees.left.take(node, mode=_IN_RANGE)
            node += right
        sums = np.empty((rows, trees.roots.size + 1), np.float32)
        sums[:, 0] = self.base
        sums[:, 1:] = trees.value.take(node, mode=_IN_RANGE).reshape(rows, -1)
        return np.add.accumulate(sums, axis=1)[:, -1].astype(np.float64)


def proved(document: Mapping[str, Any], trees: Trees | str, booster: Any) -> tuple[Walker | None, str]:
    """Return a walker that gives XGBoost's bits on probes at the model's own thresholds, or None and why not.

    `document` is the model as UBJSON holds it and `trees` what `read_trees` made of it.
    """
    if isinstance(trees, str):
        return None, trees
    bases = _bases(document["learner"])
    if not bases:
        return None, f"objective {document['learner']['objective']['name']} is not walked"
    probes = _probes(trees)
    told = np.asarray(booster.inplace_predict(probes, predict_type="margin"), dtype=np.float64)
    for base in bases:
        walker = Walker(trees, base)
        found = [walker.margins(probes[at : at + step]) for at, step in ((0, 1), (1, 7), (8, len(probes) - 8))]
        if np.concatenate(found).tobytes() == told.tobytes():
            return walker, ""
    return None, f"the walker differs from XGBoost by {float(np.abs(np.concatenate(found) - told).max()):.3g}"


def _bases(learner: Mapping[str, Any]) -> list[np.float32]:
    """Return what the first margin can be: the base score, where it is a probability its logit, give or take a bit."""
    shown = str(learner["learner_model_param"]["base_score"]).strip("[]")
    objective = learner["objective"]["name"]
    if "," in shown or objective not in (*_IDENTITY, *_LOGISTIC):
        return []
    score, one = np.float32(shown), np.float32(1)
    if objective in _IDENTITY:
        return [score]
    margin = -np.log(one / score - one)
    return [margin, np.nextafter(margin, np.float32(np.inf)), np.nextafter(margin, np.float32(-np.inf))]


def _probes(trees: Trees) -> Matrix:
    """Draw rows from the thresholds themselves, where a wrong comparison shows, with gaps."""
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(_PROBES, trees.width))
    inner = np.flatnonzero(trees.left != np.arange(trees.left.size))
    owner = trees.feature[inner] % trees.width
    for feature in np.unique(owner):
        nodes = inner[owner == feature]
        rows[:, feature] = trees.threshold[draw.choice(nodes, _PROBES)]
        if (trees.category[nodes] >= 0).any():
            rows[:, feature] = draw.integers(0, trees.table.shape[1], _PROBES)
    rows[draw.random(rows.shape) < 0.1] = np.nan
    return rows.astype(np.float32)
