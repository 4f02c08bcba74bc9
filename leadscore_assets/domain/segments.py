"""Segments: the same comparison within each level of a few columns, so that a gain is not paid for by a few.

A segment is broken only when it is shown to be worse after allowing for the number of segments looked at; one with few
rows is shown and blocks nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadscore_assets.domain.comparison import Comparison, compare
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.guardrails import State, state_of
from leadscore_assets.domain.influence import Judged
from leadscore_assets.domain.promotion_policy import PromotionPolicy

_MOST_LEVELS = 8


@dataclass(frozen=True)
class Segment(Record):
    """One level of a column: n rows, Spearman of both models, the gain with its interval, the margin and the state."""

    column: str
    level: str
    n: int
    candidate: float
    champion: float
    gain: float
    low: float
    high: float
    margin: float
    state: State

    @property
    def name(self) -> str:
        """Column and level in one."""
        return f"{self.column} = {self.level}"


def segment_columns(contract: Contract, policy: PromotionPolicy) -> tuple[str, ...]:
    """Return the columns whose levels are judged apart.

    Those that the policy names; else the contract's first categorical features of at most eight listed levels. Raises
    InvalidInput for a name that is no categorical feature: a guardrail must not vanish with a spelling mistake.
    """
    categories = [item for item in contract.features if item.kind == "categorical"]
    if policy.segments:
        names = [item.name for item in categories]
        wrong = [name for name in policy.segments if name not in names]
        if wrong:
            raise InvalidInput(
                f"[promotion] segments names {', '.join(wrong)}, and the contract's categorical features are "
                f"{', '.join(names) or 'none'}; correct the name in policy.toml"
            )
        return tuple(policy.segments)
    few = [item.name for item in categories if 2 <= len(item.levels) <= _MOST_LEVELS and not item.open_levels]
    return tuple(few[: policy.segment_features])


def segments(
    candidate: Judged,
    champion: Judged,
    *,
    columns: Mapping[str, ArrayLike],
    policy: PromotionPolicy,
) -> tuple[Segment, ...]:
    """Compare two models within each level of the columns (n values each) that has enough rows to be ranked.

    The intervals together hold with the policy's confidence (Bonferroni over the segments that were compared).
    """
    parts = [
        (column, f"{level}", rows)
        for column, values in columns.items()
        for level, rows in _levels(np.asarray(values, dtype=object))
        if rows.sum() >= policy.segment_rows
    ]
    confidence = 1 - (1 - policy.confidence) / max(len(parts), 1)
    found = [(part, _compared(candidate, champion, part[2], confidence)) for part in parts]
    return tuple(
        _segment(column, level, comparison, policy.segments.get(column, policy.segment_margin))
        for (column, level, _), comparison in found
        if comparison is not None
    )


def _levels(values: NDArray[np.object_]) -> list[tuple[str, NDArray[np.bool_]]]:
    known = sorted({value for value in values if value is not None})
    return [(level, values == level) for level in known]


def _compared(candidate: Judged, champion: Judged, rows: NDArray[np.bool_], confidence: float) -> Comparison | None:
    try:
        return compare(candidate.score[rows], champion.score[rows], candidate.label[rows], confidence=confidence)
    except InvalidInput:
        return None


def _segment(column: str, level: str, found: Comparison, margin: float) -> Segment:
    gain, low, high = found.gain
    state = state_of(low, high, margin)
    return Segment(column, level, found.n, found.candidate, found.champion, gain, low, high, margin, state)
