"""The shapes behind an evaluation's pictures: counts, quantiles and shares as plain lists, never a lead's own row.

Whatever the rows do not define is an empty list or None; nothing here is a verdict.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from leadscore_assets.domain.comparison import spearman_interval
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.influence import Judged
from leadscore_assets.domain.metrics import Floats, reached, rounded

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
QUANTILES = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
SMALLEST_GROUP = 5
_MOST_GROUPS = 10
_GAIN_POINTS = 41
_HISTOGRAM_BINS = 24
_MOST_IMPORTANT = 15


@dataclass(frozen=True)
class LabelGroups:
    """A label's range cut for pictures: each label alone, or ten equal stretches where there are more than ten."""

    starts: tuple[int, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, minimum: int, maximum: int) -> Self:
        """Cut the range from `minimum` to `maximum`, both included."""
        labels = maximum - minimum + 1
        groups = min(labels, _MOST_GROUPS)
        starts = tuple(minimum + labels * group // groups for group in range(groups))
        ends = (*(start - 1 for start in starts[1:]), maximum)
        names = tuple(f"{a}" if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))
        return cls(starts=starts, names=names)

    def index(self, label: Floats | NDArray[np.int64]) -> NDArray[np.intp]:
        """Return each label's group, 0 for the lowest."""
        return np.maximum(np.searchsorted(self.starts, label, side="right") - 1, 0)


def score_by_label(score: Floats, label: Floats, groups: LabelGroups) -> dict[str, list[Any]]:
    """Return the 5, 25, 50, 75 and 95 % quantiles of the score for each label, None below five rows."""
    found: dict[str, list[Any]] = {"label": list(groups.names), "n": [], **{name: [] for name in QUANTILES}}
    member = groups.index(label)
    for group in range(len(groups.names)):
        part = score[member == group]
        found["n"].append(int(part.size))
        values = np.quantile(part, list(QUANTILES.values())).tolist() if part.size >= SMALLEST_GROUP else [None] * 5
        for name, value in zip(QUANTILES, values, strict=True):
            found[name].append(value)
    return found


def score_histogram(score: Floats, label: Floats, groups: LabelGroups) -> dict[str, list[Any]]:
    """Return how many rows of each label score in each of 24 equal bins; `edges` has one more value than a row."""
    low, high = float(score.min()), float(score.max())
    edges = np.linspace(low, high if high > low else low + 1.0, _HISTOGRAM_BINS + 1)
    member = groups.index(label)
    counts = [np.histogram(score[member == group], edges)[0].tolist() for group in range(len(groups.names))]
    return {"label": list(groups.names), "edges": edges.tolist(), "counts": counts}


def calibration(predicted: Floats, observed: Floats, *, bins: int = 10) -> dict[str, list[Any]]:
    """Return the mean of the prediction and of what came true in bins of about equal counts, lowest first."""
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, bins + 1)[1:-1]))
    member = np.searchsorted(edges, predicted, side="right")
    n = np.bincount(member)
    held = n >= SMALLEST_GROUP
    means = [np.bincount(member, weights=values)[held] / n[held] for values in (predicted, observed)]
    return {"predicted": means[0].tolist(), "observed": means[1].tolist(), "n": n[held].tolist()}


def gain(score: Floats, outcome: Floats) -> dict[str, list[Any]]:
    """Return which share of all positives stands among the best share of rows, at 41 shares from 0 to 1."""
    positives = float(outcome.sum())
    if not positives:
        return {"share": [], "reached": []}
    share = np.linspace(0, 1, _GAIN_POINTS)
    return {"share": share.tolist(), "reached": (reached(score, outcome, share) / positives).tolist()}


def confusion(score: Floats, label: Floats, groups: LabelGroups, *, minimum: int, maximum: int) -> dict[str, list[Any]]:
    """Return counts of rows: one line a label, one column a rounded score."""
    size = len(groups.names)
    cell = groups.index(label) * size + groups.index(rounded(score, minimum, maximum))
    return {"label": list(groups.names), "counts": np.bincount(cell, minlength=size**2).reshape(size, size).tolist()}


def importance(gains: Mapping[str, float]) -> dict[str, list[Any]]:
    """Return the 15 features with the largest gain, as shares of the whole gain, largest first."""
    total = sum(gains.values())
    best = sorted(gains.items(), key=lambda item: (-item[1], item[0]))[:_MOST_IMPORTANT] if total > 0 else []
    return {"name": [name for name, _ in best], "gain": [value / total for _, value in best]}


def by_weekday(score: Floats, label: Floats, day: NDArray[np.datetime64], *, confidence: float) -> dict[str, list[Any]]:
    """Return Spearman with its interval for each weekday; those that cannot be measured are absent."""
    found: dict[str, list[Any]] = {"weekday": [], "n": [], "spearman": [], "low": [], "high": []}
    weekday = (day.astype("datetime64[D]").astype(np.int64) + 3) % 7
    for number, name in enumerate(WEEKDAYS):
        rows = weekday == number
        try:
            rho, low, high = spearman_interval(score[rows], label[rows], confidence=confidence)
        except InvalidInput:
            continue
        values = (name, int(rows.sum()), rho, low, high)
        for key, value in zip(found, values, strict=True):
            found[key].append(value)
    return found


def of_models(models: Mapping[str, Judged], day: NDArray[np.datetime64], *, confidence: float) -> dict[str, Any]:
    """Return every picture's data for one or two models on the same rows, `candidate` first; importance is apart."""
    mine = models["candidate"]
    low, high = mine.label_minimum, mine.label_maximum
    groups = LabelGroups.of(low, high)
    return {
        "score_by_label": score_by_label(mine.score, mine.label, groups),
        "score_histogram": score_histogram(mine.score, mine.label, groups),
        "confusion": confusion(mine.score, mine.label, groups, minimum=low, maximum=high),
        "calibration": dict(_calibrations(models)),
        "gain": {name: gain(rows.score, rows.outcome) for name, rows in models.items()},
        "weekdays": {
            name: by_weekday(rows.score, rows.label, day, confidence=confidence) for name, rows in models.items()
        },
    }


def _calibrations(models: Mapping[str, Judged]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Chances against outcomes where the candidate has chances, else scores against labels."""
    chances = models["candidate"].probability is not None
    for name, rows in models.items():
        if not chances:
            yield name, {"of": "score", **calibration(rows.score, rows.label)}
        elif rows.probability is not None:
            yield name, {"of": "probability", **calibration(rows.probability, rows.outcome)}
