"""One lead's way to its scores without tables: the features, the model and the bands of a bundle, made ready once.

The bits are those of the batch. `ready` proves it on the bundle's golden rows before anything relies on it.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leadscore_assets.domain.columns import epoch_seconds
from leadscore_assets.domain.derived import made_ready
from leadscore_assets.domain.features import FeatureTransform, Matrix
from leadscore_assets.domain.texts import spelled

if TYPE_CHECKING:
    from leadscore_assets.domain.scoring import Scorer

_DAY = 86_400.0
_GROUPED = 7
_NAN = math.nan


class One(NamedTuple):
    """One lead's scores: within the label's range, rounded, its band, and P(converted) where it is known."""

    score: float
    rounded: int
    band: str
    probability: float | None


class SingleRow:
    """A transform made ready for one lead.

    A lead's values stand in the order of `names`: created_at, then the contract's features, as JSON gives them, None
    where missing. They were checked against the contract.
    """

    def __init__(self, transform: FeatureTransform) -> None:
        contract = transform.contract
        self.names = (contract.created_at, *contract.names)
        self._finish = transform.finish
        self._needs_moment = contract.needs_created_at
        features = list(enumerate(contract.features))
        self._moments = [at for at, feature in features if feature.kind == "timestamp"]
        self._levels = [(at, transform.level_codes(f.name)) for at, f in features if f.kind == "categorical"]
        states = transform.state["derived"]
        self._derived = [made_ready(extra.kind, extra, states[extra.name]) for extra in contract.derived]
        used = {name for extra in contract.derived for name in (*extra.of, extra.by)}
        cells = [(feature.name, at, feature.kind == "categorical") for at, feature in features if feature.name in used]
        self._numbers = [(name, at) for name, at, level in cells if not level]
        self._segments = [(name, at) for name, at, level in cells if level]

    def inputs(self, leads: Sequence[Sequence[Any]]) -> Matrix:
        """Return the model's inputs (n, k) of n leads."""
        return self._finish(np.array([self._raw(values) for values in leads], dtype=np.float64))

    def _raw(self, values: Sequence[Any]) -> list[Any]:
        """Return one lead's raw columns as numbers."""
        raw = list(values[1:])
        created = epoch_seconds(values[0]) if self._needs_moment and values[0] is not None else _NAN
        for at in self._moments:
            raw[at] = _NAN if raw[at] is None else epoch_seconds(raw[at])
        if self._derived:
            cells: dict[str, Any] = {name: _NAN if raw[at] is None else float(raw[at]) for name, at in self._numbers}
            cells[self.names[0]] = created
            for name, at in self._segments:
                cells[name] = None if raw[at] is None else spelled(raw[at])
            raw += [derive(cells) for derive in self._derived]
        for at in self._moments:
            raw[at] = (created - raw[at]) / _DAY
        for at, codes in self._levels:
            level = raw[at]
            code = _NAN if level is None else codes.get(level)
            raw[at] = codes.get(spelled(level), _NAN) if code is None else code
        return raw


class SingleLead:
    """A whole scorer made ready for one lead."""

    def __init__(self, scorer: "Scorer") -> None:
        self._row = SingleRow(scorer.transform)
        self.names = self._row.names
        self._predict = scorer.model.predict
        self._link = scorer.link.apply if scorer.link else None
        self._low, self._high = scorer.contract.label_minimum, scorer.contract.label_maximum
        self._clip = scorer.clip
        points = scorer.calibrator
        self._points = (np.array(points.scores), np.array(points.probabilities)) if points.scores else None
        # A band holds the scores from its bound up to the next better band's.
        self._bounds = sorted(bound for _, bound in scorer.bands[:-1])
        self._names = [name for name, _ in scorer.bands][::-1]

    def score(self, values: Sequence[Any]) -> One:
        """Score one lead's checked values, in the order of `names`."""
        return self.score_all((values,))[0]

    def score_all(self, leads: Sequence[Sequence[Any]]) -> list[One]:
        """Score several such leads at once: each gets the bits that it gets alone."""
        margins = self._predict(self._row.inputs(leads))
        raw = self._link(margins) if self._link else margins
        scores = np.clip(raw, self._low, self._high) if self._clip else raw
        chances = np.interp(scores, *self._points).tolist() if self._points else [None] * len(leads)
        return [self._one(score, chance) for score, chance in zip(scores.tolist(), chances, strict=True)]

    def _one(self, score: float, chance: float | None) -> One:
        if not math.isfinite(score):
            return One(score, self._low, self._names[0], None)
        rounded = min(max(round(score), self._low), self._high)
        return One(score, rounded, self._names[bisect_right(self._bounds, score)], chance)

    def score_record(self, record: Mapping[str, Any]) -> One:
        """Score one checked JSON record."""
        return self.score([record.get(name) for name in self.names])


def ready(scorer: "Scorer", records: Sequence[Mapping[str, Any]]) -> tuple[SingleLead | None, str]:
    """Return a scorer of single leads that gives the batch's bits for these checked records, or None and why not."""
    single = SingleLead(scorer)
    batch = scorer.score_records(records).each()
    group = [[record.get(name) for name in single.names] for record in records[:_GROUPED]]
    few = single.score_all(group) if group else []
    for at, (record, expected) in enumerate(zip(records, batch, strict=True)):
        found = single.score_record(record)
        if found != expected or (at < len(few) and few[at] != expected):
            return None, f"golden row {at} scores {found.score!r} alone and {expected.score!r} in a batch"
    return single, ""
