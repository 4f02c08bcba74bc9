"""Replaying, quality: every model's Spearman on every later week's test rows, scored once and kept in the lake."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from leadscore_assets.domain.calendar import DAY
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import Missing, NotEnoughData
from leadscore_assets.domain.facts import Slice
from leadscore_assets.domain.labelled import Labelled, days_of, labelled
from leadscore_assets.domain.metrics import spearman
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.domain.slices import TEST
from leadscore_assets.steps.answering import scorer_for
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.replaying_candidates import Model
from leadscore_assets.steps.slicing import plan_cut

_KEPT = 8


@dataclass(frozen=True)
class Measured:
    """A week's test rows that no earlier model has seen, and the Spearman of each such model on them, by digest."""

    rows: int = 0
    spearman: Mapping[str, float] = field(default_factory=dict)


class Yardstick:
    """Measures models on the home's own test slices, the same rows whatever policy is replayed."""

    def __init__(self, platform: Platform, models: Iterable[Model]) -> None:
        self._platform = platform
        self._models = tuple(models)
        self._opened: dict[str, Scorer | None] = {}

    def measure(self, week: date) -> Measured:
        """Measure every model of the weeks before; nothing where fewer rows are new to all than a verdict asks for."""
        known = [model for model in self._models if model.week < week]
        test = self._test_slice(week)
        if not known or test is None or not test.files:
            return Measured()
        after = max(model.seen_until for model in known)
        part = labelled(self._platform.lake.read_files(test.files), self._platform.contract)
        part = part.where(days_of(part, self._platform.contract) >= np.datetime64(after + DAY))
        if len(part.labels) < self._platform.policy.promotion.minimum_rows:
            return Measured(len(part.labels))
        return Measured(len(part.labels), self._remembered(week, test, after, part, known))

    def _test_slice(self, week: date) -> Slice | None:
        try:
            return self._platform.lake.slice(week, TEST)
        except Missing:
            pass
        try:
            return plan_cut(self._platform, week).slices[TEST]
        except NotEnoughData:
            return None

    def _remembered(
        self, week: date, test: Slice, after: date, part: Labelled, models: Iterable[Model]
    ) -> dict[str, float]:
        path = f"replays/week={week}/spearman.json"
        key = digest_of([test.digest, after.isoformat(), self._platform.contract.digest])[:16]
        stored = self._platform.lake.read_json(path) or {}
        known: dict[str, float | None] = dict(stored.get(key, {}))
        absent = [model.digest for model in models if model.digest not in known]
        if absent:
            known |= {digest: self._spearman(digest, part) for digest in absent}
            others = {name: value for name, value in stored.items() if name != key} if len(stored) < _KEPT else {}
            self._platform.lake.write_json(path, {**others, key: known})
        wanted = {model.digest for model in models}
        return {digest: value for digest, value in known.items() if value is not None and digest in wanted}

    def _spearman(self, digest: str, part: Labelled) -> float | None:
        """Score the rows with a model; None where it is gone or cannot answer them."""
        if digest not in self._opened:
            try:
                self._opened[digest] = scorer_for(self._platform, digest, part.table)
            except Missing:
                self._opened[digest] = None
        scorer = self._opened[digest]
        return None if scorer is None else spearman(scorer.score_table(part.table).score, part.labels)
