"""What is true of the year's models: how well each one orders the leads of any week, measured against the hidden rule.

The platform never sees this: fresh leads of the week, and the best score that any model could give to each of them.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import spearmanr

from benchmarks.year.story import EVENTS, SEED, contract, week_of
from leadscore_assets.domain.calendar import week_days
from leadscore_assets.domain.generator import generate_week, truth
from leadscore_assets.domain.scoring import Scorer

_SEEDS = (SEED + 1, SEED + 2, SEED + 3)


class Truth:
    """The quality of bundles below a folder."""

    def __init__(self, bundles: Path) -> None:
        self._bundles = bundles
        self._scorers: dict[str, Scorer] = {}

    def quality(self, digest: str, number: int) -> float:
        """Return the Spearman correlation of a bundle's scores with the best attainable ones, on 3,750 leads."""
        if digest not in self._scorers:
            self._scorers[digest] = Scorer.open(self._bundles / digest, digest=digest)
        found = [self._scorers[digest].score_table(leads).score for leads in _leads(number)]
        return float(spearmanr(np.concatenate(found), _best(number)).statistic)


@cache
def _leads(number: int) -> list[pa.Table]:
    return [generate_week(week_of(number), contract=contract(), seed=seed, events=EVENTS) for seed in _SEEDS]


@cache
def _best(number: int) -> NDArray[np.float64]:
    days = [(day, seed) for seed in _SEEDS for day in week_days(week_of(number))]
    return np.concatenate([truth(day, contract=contract(), seed=seed, events=EVENTS) for day, seed in days])
