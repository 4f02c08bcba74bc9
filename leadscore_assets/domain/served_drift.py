"""Whether the endpoint's scores of a week are spread as the list's: the same model on the same week's leads.

A gap that chance cannot make means that other leads are asked about, or that a lead is seen otherwise online.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from leadscore_assets.domain.distances import kolmogorov_smirnov, psi, psi_groups
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.score_monitor import DayScores, ScoreDrift

# Kolmogorov's limit at 1 %: two samples of the same spread lie further apart once in a hundred weeks.
_KOLMOGOROV_AT_1_PERCENT = 1.628


@dataclass(frozen=True)
class ServedDrift(Record):
    """The champion's answers of a week beside its list: `distance` is the largest gap of the distribution functions.

    `chance` is what it reaches by chance once in a hundred weeks; with `tolerance` on top it makes `bound`. `monitor`
    follows the answers over all days that were captured.
    """

    decision: Literal["apart", "alike", "not_yet"]
    sentence: str
    answers: int
    listed: int
    distance: float = 0.0
    chance: float = 0.0
    bound: float = 0.0
    psi: float = 0.0
    monitor: ScoreDrift | None = None


def judge_served(
    served: Sequence[DayScores],
    listed: Sequence[DayScores],
    *,
    least: int,
    tolerance: float,
    monitor: ScoreDrift | None = None,
) -> ServedDrift:
    """Compare a week's served scores with the list's, both by one bundle; fewer than `least` on a side are not judged.

    `tolerance` is the share of leads that may lie on the other side of any score before it counts.
    """
    now, before = (np.sum([item.counts for item in side], axis=0) for side in (served, listed))
    n, m = (sum(item.n for item in side) for side in (served, listed))
    on = f"{n:,} answers against {m:,} leads of the list"
    if min(n, m) < max(least, 1):
        sentence = f"The endpoint's scores are not compared with the list's yet: {on}, and {least:,} each are needed."
        return ServedDrift("not_yet", sentence, n, m, monitor=monitor)
    distance = float(kolmogorov_smirnov(now, before))
    chance = _KOLMOGOROV_AT_1_PERCENT * float(np.sqrt((n + m) / (n * m)))
    bound = tolerance + chance
    apart = distance > bound
    word = "are spread otherwise than" if apart else "are spread as"
    sentence = f"The endpoint's scores {word} the list's: {on}, distance {distance:.3f} of {bound:.3f}."
    stability = psi(now, before, psi_groups(before))
    decision: Literal["apart", "alike"] = "apart" if apart else "alike"
    return ServedDrift(decision, sentence, n, m, distance, chance, bound, stability, monitor)
