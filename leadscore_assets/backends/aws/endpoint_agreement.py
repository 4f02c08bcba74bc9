"""The shadow beside production, by what capture kept of both: pairs of answers to the same request."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from leadscore_assets.backends.ports import Captures
from leadscore_assets.domain.release_state import SHADOW
from leadscore_assets.domain.serving_counts import Agreement
from leadscore_assets.serving.comparison import Comparison

# The two answers to one request are captured a moment apart, perhaps in different files.
_APART = timedelta(minutes=2)
_Row = dict[str, Any]
_Requests = dict[tuple[str, datetime, str], list[_Row]]


class _Answer(NamedTuple):
    at: datetime
    rows: list[_Row]


class Pairing:
    """Pairs captured answers; `labels` is the range of the label, `whole` whether every request is captured."""

    def __init__(self, captures: Captures, labels: tuple[float, float], *, whole: bool) -> None:
        self._captures = captures
        self._labels = labels
        self._whole = whole

    def between(self, first: datetime, last: datetime, *, final: bool) -> Agreement:
        """Compare the answers to requests that production answered from `first` to before `last`.

        A request without the shadow's answer counts as dropped once the time is `final`, unless capture is a sample.
        """
        answers: _Requests = defaultdict(list)
        copies: dict[str, list[_Answer]] = defaultdict(list)
        for (event, at, role), rows in self._requests(first - _APART, last + _APART).items():
            if role == SHADOW:
                copies[event].append(_Answer(at, rows))
            elif first <= at < last and any(row["score"] is not None for row in rows):
                answers[event, at, role] = rows
        comparison, dropped = Comparison(*self._labels), 0
        for (event, at, _), rows in answers.items():
            copy = _nearest(copies[event], at)
            if copy:
                _compare(comparison, rows, copy.rows)
            elif final and self._whole:
                dropped += 1
        return replace(comparison.agreement(), mirrored=len(answers), dropped=dropped)

    def _requests(self, first: datetime, last: datetime) -> _Requests:
        """Read answers by request: its event, its moment and who answered; a client may give an id twice."""
        found: _Requests = defaultdict(list)
        for table in self._captures.read(first, last):
            for row in table.select(["at", "event", "role", "score", "band"]).to_pylist():
                found[row["event"], row["at"], row["role"]].append(row)
        return found


def _nearest(copies: list[_Answer], at: datetime) -> _Answer | None:
    """Take the copy of a request that was answered closest to it, if one is near enough."""
    near = [item for item in copies if abs(item.at - at) <= _APART]
    if not near:
        return None
    found = min(near, key=lambda item: abs(item.at - at))
    copies.remove(found)
    return found


def _compare(comparison: Comparison, rows: list[_Row], copies: list[_Row]) -> None:
    if len(rows) != len(copies):
        comparison.note_failed(len(rows))
        return
    for one, other in zip(rows, copies, strict=True):
        if other["score"] is None:
            comparison.note_failed(1)
        elif one["score"] is not None:
            comparison.note(other["score"], one["score"], same_band=one["band"] == other["band"])
