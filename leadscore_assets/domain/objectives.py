"""Objectives: what a model is asked to learn from a lead's label, by the name that the policy gives it.

Whatever is learnt, a score stands on the label's scale: answers on another scale go through a link (see link.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadscore_assets.domain.column import Floats
from leadscore_assets.domain.errors import InvalidInput, NotEnoughData

Ints = np.ndarray[Any, np.dtype[np.int64]]
LARGEST_GROUP = 2_000


@dataclass(frozen=True)
class Objective:
    """One preset: the boosting libraries' own words for it, the loss that ends boosting, and what its answers mean.

    `loss` names XGBoost's and LightGBM's metric, None where the loss has no scale (then Spearman ends boosting).
    `linked` answers are margins without a unit; `grouped` leads are compared within their own day alone.
    """

    xgboost: Mapping[str, Any]
    lightgbm: Mapping[str, Any]
    loss: tuple[str, str] | None
    linked: bool = False
    grouped: bool = False


OBJECTIVES: dict[str, Objective] = {
    "regression": Objective({"objective": "reg:squarederror"}, {"objective": "regression"}, ("rmse", "rmse")),
    "pseudo_huber": Objective(
        {"objective": "reg:pseudohubererror", "huber_slope": 1.0},
        {"objective": "huber", "alpha": 1.0},
        ("mphe", "huber"),
    ),
    "rank": Objective(
        {"objective": "rank:pairwise", "lambdarank_pair_method": "mean", "lambdarank_num_pair_per_sample": 8},
        {"objective": "lambdarank", "lambdarank_truncation_level": LARGEST_GROUP, "lambdarank_norm": False},
        None,
        linked=True,
        grouped=True,
    ),
    "binary": Objective(
        {"objective": "binary:logistic"}, {"objective": "binary"}, ("logloss", "binary_logloss"), linked=True
    ),
}


def binary_target(label: Floats, outcome: Floats, *, positive: str, threshold: float) -> Floats:
    """Return what binary learns (n,): 1 for a positive lead, 0 for another, NaN where it is not known.

    Raises InvalidInput or NotEnoughData when no outcome is known or all known ones are the same.
    """
    target = outcome if positive == "outcome" else (label >= threshold).astype(np.float64)
    known = target[~np.isnan(target)]
    if not known.size:
        raise InvalidInput(
            'no row has an outcome, and the policy asks for one; set [training] positive = "label", or choose '
            "another objective"
        )
    if known.min() == known.max():
        what = "outcome is the same" if positive == "outcome" else f"label is on the same side of {threshold:g}"
        raise NotEnoughData(
            f"the binary objective needs both kinds of leads, and every {what} in {known.size:,} rows; widen the "
            "window, correct [promotion] score_threshold, or choose another objective"
        )
    return target


def ranking_groups(days: Any) -> Ints:
    """Return a group number for each of n leads, 0 upwards: leads of one day, a large day dealt out into equal parts.

    `days` are numpy dates (n,). Parts keep pairs a matter of thousands (LightGBM takes at most 10,000 rows a group).
    """
    _, of_day, counts = np.unique(days, return_inverse=True, return_counts=True)
    parts = -(-counts // LARGEST_GROUP)
    order = np.argsort(of_day, kind="stable")
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.empty(len(of_day), dtype=np.int64)
    place[order] = np.arange(len(of_day)) - first[of_day[order]]
    before = np.concatenate([[0], np.cumsum(parts)[:-1]])
    return np.asarray(before[of_day] + place % parts[of_day], dtype=np.int64)
