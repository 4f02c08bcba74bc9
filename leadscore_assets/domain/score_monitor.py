"""The score monitor: whether the champion's scores still spread over their deciles as they did, looked at every day.

Each decile has two e-CUSUMs, for more and for fewer leads than its tolerated share. Looking daily costs nothing: the
alarm is bounded by what is true, not by how often it is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from leadscore_assets.domain.column import Floats
from leadscore_assets.domain.eprocess import cusum, grid_down, grid_up
from leadscore_assets.domain.facts import Record

SCORE_BINS = 200
DECILES = 10
REFERENCE_DAYS, REFERENCE_SCORES = 7, 1000


@dataclass(frozen=True)
class DayScores(Record):
    """A day's scores by one bundle: `counts` in 200 even bins over the label's range, `total` their sum."""

    day: date
    bundle: str
    counts: tuple[int, ...]
    total: float

    @property
    def n(self) -> int:
        """How many scores."""
        return sum(self.counts)


@dataclass(frozen=True)
class ScoreDrift(Record):
    """What the monitor says at the end of the last day; lists are by day, oldest first.

    `evidence` is the logarithm (base 10) of the combined e-CUSUM; it alarms at `bound`. `reference` counts the scores
    that later ones are compared with. Nothing is judged while `decision` is not_yet.
    """

    decision: Literal["alarm", "quiet", "not_yet"]
    sentence: str
    reference: int
    bound: float
    days: tuple[date, ...] = ()
    n: tuple[int, ...] = ()
    means: tuple[float, ...] = ()
    evidence: tuple[float, ...] = ()
    alarmed: date | None = None


def count_scores(scores: ArrayLike, days: ArrayLike, *, bundle: str, low: float, high: float) -> list[DayScores]:
    """Count scores (n,) with their days (n,) into a histogram a day; scores outside the range land in the end bins."""
    values, dates = np.asarray(scores, dtype=np.float64), np.asarray(days, dtype="datetime64[D]")
    places = np.clip((values - low) / (high - low) * SCORE_BINS, 0, SCORE_BINS - 1).astype(np.int64)
    found = []
    for day in np.unique(dates):
        chosen = dates == day
        counts = np.bincount(places[chosen], minlength=SCORE_BINS)
        found.append(DayScores(day.item(), bundle, tuple(counts.tolist()), float(values[chosen].sum())))
    return found


def watch_scores(history: Sequence[DayScores], *, tolerance: float, bound: float) -> ScoreDrift:
    """Judge the days of one bundle, oldest first: the first seven (and 1,000 scores) are the reference.

    Each decile's share may be `tolerance` more or less than in the reference. `bound` (such as 1000) is the combined
    evidence that alarms; without a drift it is reached at most once in as many days on average.
    """
    cut = _reference_days([item.n for item in history])
    if cut is None:
        seen = sum(item.n for item in history)
        wanted = f"the champion's first {REFERENCE_DAYS} days and {REFERENCE_SCORES:,} scores"
        sentence = (
            f"The score is not judged yet: {wanted} are its reference, and {len(history)} days with {seen:,} are there."
        )
        return ScoreDrift("not_yet", sentence, seen, float(np.log10(bound)))
    reference = np.sum([item.counts for item in history[:cut]], axis=0)
    later = history[cut:]
    logs = _evidence(reference, np.array([item.counts for item in later], dtype=np.float64), tolerance)
    return _told(history, cut, logs / np.log(10), np.log10(bound))


def _told(history: Sequence[DayScores], cut: int, evidence: Floats, bound: float) -> ScoreDrift:
    padded = [0.0] * cut + [max(float(value), 0.0) for value in evidence]
    over = [item.day for item, value in zip(history, padded, strict=True) if value >= bound]
    # A past alarm that has since died down is history: the last day speaks.
    alarmed = next((day for day in over if day >= _last_run(history, padded, bound)), None)
    decision: Literal["alarm", "quiet"] = "alarm" if padded[-1] >= bound else "quiet"
    reference = sum(item.n for item in history[:cut])
    strength = f"evidence 10^{padded[-1]:.1f}, an alarm at 10^{bound:.1f}"
    since = f" since {alarmed}" if decision == "alarm" else ""
    what = "no longer spread as in" if decision == "alarm" else "still spread as in"
    sentence = f"Scores {what} the champion's first {cut} days ({reference:,} scores){since}: {strength}."
    return ScoreDrift(
        decision,
        sentence,
        reference,
        float(bound),
        tuple(item.day for item in history),
        tuple(item.n for item in history),
        tuple(item.total / max(item.n, 1) for item in history),
        tuple(padded),
        alarmed if decision == "alarm" else None,
    )


def _last_run(history: Sequence[DayScores], evidence: Sequence[float], bound: float) -> date:
    start = len(evidence)
    while start and evidence[start - 1] >= bound:
        start -= 1
    return history[min(start, len(history) - 1)].day


def _reference_days(sizes: Sequence[int]) -> int | None:
    reached = accumulate(sizes)
    return next(
        (place for place, n in enumerate(reached, 1) if place >= REFERENCE_DAYS and n >= REFERENCE_SCORES), None
    )


def _evidence(reference: NDArray[np.int64], days: Floats, tolerance: float) -> Floats:
    """Return the log of the mean of all deciles' e-CUSUMs after each day."""
    if not len(days):
        return np.zeros(0)
    middle = np.cumsum(reference) - reference / 2
    decile = np.minimum((middle / reference.sum() * DECILES).astype(np.int64), DECILES - 1)
    shares = np.bincount(decile, weights=reference, minlength=DECILES) / reference.sum()
    counts = np.stack([np.bincount(decile, weights=day, minlength=DECILES) for day in days])
    streams = [
        cusum(counts[:, place], counts.sum(axis=1), margin=margin, grid=grid)
        for place, share in enumerate(shares)
        for margin, grid in _margins(float(share), tolerance)
    ]
    found: Floats = logsumexp(np.stack(streams), axis=0) - np.log(len(streams))
    return found


def _margins(share: float, tolerance: float) -> list[tuple[float, Floats]]:
    up, down = share + tolerance, share - tolerance
    both: Mapping[float, Floats] = {up: grid_up(up)} | ({down: grid_down(down)} if down > 0 else {})
    return list(both.items())
