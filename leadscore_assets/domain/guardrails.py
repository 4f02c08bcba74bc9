"""Guardrails: what must not get worse while the primary metric gets better, each with its own margin.

A guardrail holds when its whole interval lies above minus the margin (non-inferiority), is broken when the candidate is
shown to be worse and may be worse than the margin, and is unclear when the rows cannot tell. An unclear one forbids
nothing as long as what was measured keeps the margin: a site with few leads could else never promote anything.
"""

from dataclasses import dataclass
from typing import Literal

from leadscore_assets.domain.comparison import Comparison, compare_by
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.influence import Judged
from leadscore_assets.domain.promotion_policy import PromotionPolicy

State = Literal["holds", "broken", "unclear"]


@dataclass(frozen=True)
class Guardrail(Record):
    """One guardrail's answer: gain and interval count better as positive; `margin` is in the metric's unit.

    A limit (`limit` is True) compares the candidate's own value with the margin and has no interval.
    """

    name: str
    metric: str
    state: State
    candidate: float
    champion: float | None
    margin: float
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    limit: bool = False


def guardrails(
    candidate: Judged, champion: Judged, *, latency_p99_ms: float | None, policy: PromotionPolicy
) -> tuple[Guardrail, ...]:
    """Ask each guardrail of two models on the same rows; one that the rows do not define is left out."""
    margins = {"mae": policy.mae_margin, "brier": policy.brier_margin}
    found = [_relative(metric, candidate, champion, share, policy) for metric, share in margins.items()]
    if latency_p99_ms is not None:
        found.append(_limited(latency_p99_ms, policy.latency_p99_ms))
    return tuple(item for item in found if item is not None)


def state_of(low: float, high: float, margin: float) -> State:
    """Tell from a gain's interval whether a candidate is not worse by more than the margin."""
    if low > -margin:
        return "holds"
    return "broken" if high < 0 else "unclear"


def all_hold(found: tuple[Guardrail, ...]) -> float:
    """Return 1 when every margin is kept, 0 when a guardrail is broken, NaN when one is unclear beyond its margin."""
    if any(item.state == "broken" for item in found):
        return 0.0
    beyond = any(item.state == "unclear" and item.gain is not None and item.gain < -item.margin for item in found)
    return float("nan") if beyond else 1.0


def _relative(
    metric: str, candidate: Judged, champion: Judged, share: float, policy: PromotionPolicy
) -> Guardrail | None:
    try:
        found = compare_by(metric, candidate, champion, confidence=policy.confidence)
    except InvalidInput:
        return None
    return _from_comparison(found, margin=share * abs(found.champion))


def _from_comparison(found: Comparison, *, margin: float) -> Guardrail:
    gain, low, high = found.gain
    return Guardrail(
        name=found.metric,
        metric=found.metric,
        state=state_of(low, high, margin),
        candidate=found.candidate,
        champion=found.champion,
        margin=margin,
        gain=gain,
        low=low,
        high=high,
    )


def _limited(value: float, limit: float) -> Guardrail:
    state: State = "holds" if value <= limit else "broken"
    return Guardrail("latency_p99_ms", "latency_p99_ms", state, value, None, limit, limit=True)
