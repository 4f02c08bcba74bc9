"""How scores that people saw came out: rates of conversion by list, band and model, and the scores' own metrics.

Rates have confidence sequences: a week is looked at again whenever late labels come, and they hold at every look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadscore_assets.domain import curves
from leadscore_assets.domain.comparison import z_score
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.eprocess import half_width, rate_interval
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.influence import TOP_SHARE, Judged, influence
from leadscore_assets.domain.metrics import Floats, evaluate

_TENTHS = 10
_WITH_INTERVAL = ("spearman", "auc")


@dataclass(frozen=True)
class Shown:
    """Leads whose outcome is known (n rows): what was shown of each, and what came of it.

    `score`, `label`, `outcome` (0 or 1) and `chance` (NaN where none was shown) are (n,); `revenue` and `feedback` are
    (n,) with NaN where unknown, None where the contract names no such column.
    """

    score: Floats
    chance: Floats
    band: NDArray[np.object_]
    version: NDArray[np.int64]
    label: Floats
    outcome: Floats
    revenue: Floats | None = None
    feedback: Floats | None = None


@dataclass(frozen=True)
class Terms:
    """What a positive lead is (score or label from `threshold` on), the label's range, and the intervals' level."""

    threshold: float
    label_minimum: int
    label_maximum: int
    confidence: float
    has_outcome: bool = True


@dataclass(frozen=True)
class Interval(Record):
    """A value between the two ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Group(Record):
    """Some leads: how many, how many converted, the rate; revenue a lead and the share sales liked, where known."""

    name: str
    rows: int
    conversions: int
    rate: Interval | None = None
    revenue: Interval | None = None
    feedback: Interval | None = None


@dataclass(frozen=True)
class Answerer(Record):
    """One model on the leads that it scored: metrics by name, intervals of Spearman and AUC, what judging expected."""

    version: int
    rows: int
    metrics: dict[str, float] = field(default_factory=dict)
    spearman: Interval | None = None
    auc: Interval | None = None
    expected: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TopList(Record):
    """The best tenth of a week's list against the rest; `lift` is over the whole list's rate."""

    top: Group
    rest: Group
    lift: Interval | None = None


@dataclass(frozen=True)
class OutcomeReport(Record):
    """One week's list and what came of it.

    `listed` leads were shown, `known` of them have their outcome, and `learnt` of those were older than what their
    model had learnt from, which says nothing of it and is left out of `rows`. `about` names what was read. `pictures`
    holds plain lists.
    """

    week: date
    about: str
    listed: int
    known: int
    learnt: int
    rows: int
    outcome: str
    models: tuple[Answerer, ...] = ()
    whole: Group | None = None
    top: TopList | None = None
    bands: tuple[Group, ...] = ()
    arms: tuple[Group, ...] = ()
    pictures: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the report."""
        return digest_of(self.to_json())

    @property
    def matured(self) -> float:
        """The share of the listed leads whose outcome is known, 0 to 1."""
        return self.known / self.listed if self.listed else 0.0

    @property
    def sentence(self) -> str:
        """What came of the week's list, in one sentence."""
        if not self.rows:
            return f"Of {self.listed:,} listed leads no outcome is known that says anything of their model."
        if self.top is None or self.top.top.rate is None or self.top.rest.rate is None:
            return f"{self.rows:,} of {self.listed:,} listed leads have an outcome."
        top, rest = self.top.top.rate.value, self.top.rest.rate.value
        return f"{top:.0%} of the best tenth converted and {rest:.0%} of the rest, of {self.rows:,} leads."


def metrics_of(rows: Shown, terms: Terms) -> tuple[dict[str, float], dict[str, Interval]]:
    """Return one model's metrics on its rows by name, and the intervals of those that have one."""
    chance = rows.chance if np.isfinite(rows.chance).all() else None
    if not rows.score.size:
        return {}, {}
    found = evaluate(
        rows.score,
        rows.label,
        outcome=rows.outcome,
        probability=chance,
        threshold=terms.threshold,
        label_minimum=terms.label_minimum,
        label_maximum=terms.label_maximum,
    )
    judged = Judged(
        rows.score, rows.label, rows.outcome, chance, terms.threshold, terms.label_minimum, terms.label_maximum
    )
    ends = {name: _interval(name, judged, terms.confidence) for name in _WITH_INTERVAL if name in found}
    return found, {name: item for name, item in ends.items() if item is not None}


def answerers(rows: Shown, terms: Terms, expected: Mapping[int, Mapping[str, float]]) -> tuple[Answerer, ...]:
    """Return each version's own standing on the leads that it scored, the one with the most leads first."""
    found = []
    for version in np.unique(rows.version).tolist():
        mine = chosen(rows, rows.version == version)
        metrics, ends = metrics_of(mine, terms)
        known = {name: float(value) for name, value in expected.get(version, {}).items() if name in metrics}
        found.append(Answerer(version, mine.score.size, metrics, ends.get("spearman"), ends.get("auc"), known))
    return tuple(sorted(found, key=lambda item: (-item.rows, item.version)))


def group(name: str, rows: Shown, mask: NDArray[np.bool_], *, confidence: float) -> Group:
    """Count the conversions of some of the rows (mask (n,)) with intervals."""
    part, alpha = chosen(rows, mask), 1 - confidence
    n, hits = part.score.size, int(part.outcome.sum())
    return Group(
        name=name,
        rows=n,
        conversions=hits,
        rate=_rate(hits, n, alpha) if n else None,
        revenue=_mean(part.revenue, alpha),
        feedback=_share(part.feedback, alpha),
    )


def top_list(rows: Shown, *, confidence: float) -> TopList | None:
    """Return the best tenth of the list against the rest; None below ten leads.

    The lift's interval is that of the share of conversions which the best tenth holds, in units of its share of leads.
    """
    n = rows.score.size
    if n < _TENTHS:
        return None
    size = int(np.ceil(n * TOP_SHARE))
    best = np.zeros(n, dtype=bool)
    best[np.argsort(-rows.score, kind="stable")[:size]] = True
    top, rest = (group(*item, confidence=confidence) for item in _halves(rows, best))
    total = top.conversions + rest.conversions
    if not total:
        return TopList(top, rest)
    held = _rate(top.conversions, total, 1 - confidence)
    share = size / n
    return TopList(top, rest, Interval(held.value / share, held.low / share, held.high / share))


def bands(rows: Shown, *, confidence: float) -> tuple[Group, ...]:
    """Return the conversions of each band, best band first by the mean score of its leads."""
    names = sorted({f"{name}" for name in rows.band}, key=lambda name: -float(rows.score[rows.band == name].mean()))
    return tuple(group(name, rows, rows.band == name, confidence=confidence) for name in names)


def pictures(rows: Shown, terms: Terms) -> dict[str, Any]:
    """Return the plain lists behind the pictures: conversions by tenth of the list, calibration and gain."""
    if rows.score.size < _TENTHS:
        return {}
    order = np.argsort(-rows.score, kind="stable")
    parts = [rows.outcome[part] for part in np.array_split(order, _TENTHS)]
    ends = [_rate(int(part.sum()), part.size, 1 - terms.confidence) for part in parts]
    has_chance = bool(np.isfinite(rows.chance).all())
    sides = (rows.chance, rows.outcome) if has_chance else (rows.score, rows.label)
    return {
        "tenths": {key: [getattr(item, key) for item in ends] for key in ("value", "low", "high")},
        "calibration": {"of": "probability" if has_chance else "score", **curves.calibration(*sides)},
        "gain": curves.gain(rows.score, rows.outcome),
    }


def chosen(rows: Shown, mask: NDArray[np.bool_]) -> Shown:
    """Return the rows of a mask (n,)."""
    columns: dict[str, Any] = {name: getattr(rows, name) for name in Shown.__dataclass_fields__}
    found: dict[str, Any] = {name: None if values is None else values[mask] for name, values in columns.items()}
    return Shown(**found)


def calibration_gap(report: OutcomeReport) -> float | None:
    """Return how far predictions lay from what came true, on average over the bins; None without bins."""
    table = report.pictures.get("calibration", {})
    n: Sequence[int] = table.get("n", [])
    if not sum(n):
        return None
    gaps = zip(n, table["predicted"], table["observed"], strict=True)
    return float(sum(size * abs(said - came) for size, said, came in gaps) / sum(n))


def _halves(rows: Shown, best: NDArray[np.bool_]) -> tuple[tuple[str, Shown, NDArray[np.bool_]], ...]:
    return ("best tenth", rows, best), ("the rest", rows, ~best)


def _interval(metric: str, judged: Judged, confidence: float) -> Interval | None:
    try:
        value, moved = influence(metric, judged)
    except InvalidInput:
        return None
    reach = z_score(confidence) * float(np.std(moved, ddof=1)) / float(np.sqrt(moved.size))
    lowest = -1.0 if metric == "spearman" else 0.0
    return Interval(value, max(value - reach, lowest), min(value + reach, 1.0))


def _rate(hits: int, n: int, alpha: float) -> Interval:
    low, high = rate_interval(hits, n, alpha=alpha)
    return Interval(hits / n, low, high)


def _mean(values: Floats | None, alpha: float) -> Interval | None:
    known = values[np.isfinite(values)] if values is not None else np.empty(0)
    if known.size < 2:
        return None
    middle = float(known.mean())
    reach = half_width(float(known.std(ddof=1)), known.size, alpha=alpha / 2, tuned_for=known.size)
    return Interval(middle, middle - reach, middle + reach)


def _share(values: Floats | None, alpha: float) -> Interval | None:
    known = values[np.isfinite(values)] if values is not None else np.empty(0)
    return _rate(int(known.sum()), known.size, alpha) if known.size else None
