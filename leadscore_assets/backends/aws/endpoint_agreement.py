"""The shadow beside production, by what capture kept of both: pairs of answers to the same request."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from leadscore_assets.backends.ports import Captures
from leadscore_assets.domain.serving_counts import Agreement
from leadscore_assets.serving.comparison import Comparison

# The two answers to one request are captured a moment apart, perhaps in different files.
_APART = timedelta(minutes=2)
_Row = dict[str, Any]


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
        answers: dict[str, list[_Row]] = defaultdict(list)
        copies: dict[str, list[_Row]] = defaultdict(list)
        for row in self._rows(first - _APART, last + _APART):
            if row["role"] == "shadow":
                copies[row["event"]].append(row)
            elif first <= row["at"] < last:
                answers[row["event"]].append(row)
        comparison = Comparison(*self._labels)
        dropped = 0
        for event, rows in answers.items():
            if event in copies:
                _compare(comparison, rows, copies[event])
            elif final and self._whole:
                dropped += 1
        return replace(comparison.agreement(), mirrored=len(answers), dropped=dropped)

    def _rows(self, first: datetime, last: datetime) -> Iterator[_Row]:
        for table in self._captures.read(first, last):
            yield from table.select(["at", "event", "role", "score", "band"]).to_pylist()


def _compare(comparison: Comparison, rows: list[_Row], copies: list[_Row]) -> None:
    if len(rows) != len(copies):
        comparison.note_failed(len(rows))
        return
    for one, other in zip(rows, copies, strict=True):
        if other["score"] is None:
            comparison.note_failed(1)
        elif one["score"] is not None:
            comparison.note(other["score"], one["score"], same_band=one["band"] == other["band"])
