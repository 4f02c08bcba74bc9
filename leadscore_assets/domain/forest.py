"""XGBoost's trees as arrays over all nodes of all trees, checked: every index in range, no cycle, no infinite leaf.

XGBoost itself does not check what it loads: a broken index ends the process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.intp]]
Singles = np.ndarray[Any, np.dtype[np.float32]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
_LARGEST_CATEGORY = (1 << 14) - 1


@dataclass(frozen=True)
class Trees:
    """N nodes of T trees over `width` inputs; a leaf is its own left child, and the right child follows the left one.

    `feature` (N,) is an input, plus `width` where a missing value goes left. `category` (N,) is a row of `table`, which
    tells for each code whether it goes right (last but one: any other code, last: missing), and -1 elsewhere.
    """

    roots: Ints
    depth: int
    width: int
    left: Ints
    feature: Ints
    threshold: Singles
    value: Singles
    category: Ints
    table: Mask

    def codes(self, matrix: Any, gaps: Mask) -> Ints:
        """Return the column of `table` for each input of n rows, (n x width,)."""
        other = self.table.shape[1] - 2
        known = np.where(gaps | ~(matrix >= 0) | (matrix >= other), other, matrix).astype(np.intp)
        codes: Ints = np.where(gaps, other + 1, known).ravel()
        return codes

    def decide_categories(self, right: Mask, node: Ints, codes: Ints) -> None:
        """Set where the nodes that ask for a category send their rows; nodes are those of row 0, then of row 1, ..."""
        category = self.category[node]
        asking = np.flatnonzero(category >= 0)
        row = asking // self.roots.size
        code = codes[row * self.width + self.feature[node[asking]]]
        right[asking] = self.table[category[asking], code]


def read_trees(document: Mapping[str, Any]) -> Trees | str:
    """Read a model's trees, or say why they cannot be walked; raise ValueError when they are broken."""
    try:
        learner = document["learner"]
        booster, width = learner["gradient_booster"], int(learner["learner_model_param"]["num_feature"])
        if booster["name"] != "gbtree" or int(learner["learner_model_param"]["num_target"]) != 1:
            return f"a booster of kind {booster['name']} is not walked"
        if int(learner["learner_model_param"]["num_class"]) > 1:
            return "a model of several classes is not walked"
        return _joined(booster["model"]["trees"], width)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"no model of trees: {type(error).__name__}: {error}") from None


def _joined(trees: Sequence[Mapping[str, Any]], width: int) -> Trees | str:
    if not trees or width < 1:
        raise ValueError("no model of trees: it has no tree or no input")
    sizes = [len(tree["left_children"]) for tree in trees]
    roots = np.cumsum([0, *sizes[:-1]], dtype=np.intp)
    found = {name: np.concatenate([tree[name] for tree in trees]) for name in _COLUMNS}
    if len({column.size for column in found.values()}) > 1:
        raise ValueError("no model of trees: its columns differ in length")
    first, last = np.repeat(roots, sizes), np.repeat(roots + sizes, sizes)
    number = np.arange(last.size)
    leaf = found["left_children"] == -1
    left = np.where(leaf, number, found["left_children"] + first).astype(np.intp)
    right = np.where(leaf, number + 1, found["right_children"] + first)
    _check(found, width=width, inside=leaf | ((left > number) & (right > number) & (left < last) & (right < last)))
    if not (leaf | (right == left + 1)).all():
        return "trees whose children do not stand side by side are not walked"
    category, table = _categories(trees, roots, found)
    toward = np.where((found["default_left"] != 0) & (category < 0), width, 0)
    return Trees(
        roots=roots,
        depth=_depth(roots, left, leaf),
        width=width,
        left=left,
        feature=np.where(leaf, 0, found["split_indices"] + toward).astype(np.intp),
        threshold=np.where(leaf, np.nan, found["split_conditions"]).astype(np.float32),
        value=found["split_conditions"].astype(np.float32),
        category=category,
        table=table,
    )


_COLUMNS = ("left_children", "right_children", "split_indices", "split_conditions", "default_left", "split_type")


def _check(found: Mapping[str, Any], *, width: int, inside: Mask) -> None:
    if not inside.all():
        raise ValueError("its trees are broken: a node leads outside its tree or back")
    if ((found["split_indices"] < 0) | (found["split_indices"] >= width)).any():
        raise ValueError("its trees are broken: a node asks for an input that there is not")
    if not np.isfinite(found["split_conditions"]).all():
        raise ValueError("its trees are broken: a threshold or a leaf is not finite")


def _depth(roots: Ints, left: Ints, leaf: Mask) -> int:
    depth, level = 0, roots
    while (inner := level[~leaf[level]]).size:
        depth, level = depth + 1, np.concatenate((left[inner], left[inner] + 1))
    return depth


def _categories(trees: Sequence[Mapping[str, Any]], roots: Ints, found: Mapping[str, Any]) -> tuple[Ints, Mask]:
    sets: dict[int, Any] = {}
    for root, tree in zip(roots.tolist(), trees, strict=True):
        parts = (tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"])
        for node, start, size in zip(*(np.asarray(part).tolist() for part in parts), strict=True):
            sets[root + node] = np.asarray(tree["categories"])[start : start + size]
    category = np.full(found["split_type"].size, -1, dtype=np.intp)
    if not sets:
        return category, np.zeros((0, 0), dtype=bool)
    lowest, highest = (extreme(np.concatenate(list(sets.values())), initial=0) for extreme in (np.min, np.max))
    if lowest < 0 or highest > _LARGEST_CATEGORY:
        raise ValueError("its trees are broken: a node asks for a category that there cannot be")
    nodes = np.array(sorted(sets))
    category[nodes] = np.arange(nodes.size)
    table = np.zeros((nodes.size, 3 + int(highest)), dtype=bool)
    for row, node in enumerate(nodes):
        table[row, sets[node]] = True
        table[row, -1] = not found["default_left"][node]
    return category, table
