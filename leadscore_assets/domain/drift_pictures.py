"""What a before/after picture of a feature shows, as plain lists: shares of leads by value, this week and before.

The outermost fiftieth on either end is left out, so that a few odd values do not squeeze all the others.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadscore_assets.domain.bins import Ruler
from leadscore_assets.domain.distances import shares
from leadscore_assets.domain.profiles import STEPS_A_DECADE, FeatureProfile

Floats = NDArray[np.float64]
_CELLS, _LEVELS, _FEW = 24, 9, 10
_WIDE = 100.0
_TAIL = 0.02
_STEPS = STEPS_A_DECADE // 4


def picture(ruler: Ruler, now: FeatureProfile, before: FeatureProfile) -> dict[str, Any]:
    """Return `kind` bars (with `labels`) or steps (with `edges`, on a `log` axis or not), and the shares of both."""
    if not (now.known and before.known):
        return {}
    if ruler.levels is not None:
        return _levels(ruler.levels, now, before)
    if len(ruler.edges) < _FEW:
        return _few_values(ruler, now, before)
    return _sizes(now, before) if _is_wide(now, before) else _values(ruler, now, before)


def missing_picture(now: float, before: float) -> dict[str, Any]:
    """Return the picture of a share of missing values that changed."""
    return {"kind": "bars", "labels": ["missing", "known"], "now": [now, 1 - now], "before": [before, 1 - before]}


def _levels(levels: tuple[str, ...], now: FeatureProfile, before: FeatureProfile) -> dict[str, Any]:
    a, b = shares(now.counts), shares(before.counts)
    order = sorted(range(len(levels)), key=lambda place: -max(a[place], b[place]))[:_LEVELS]
    rest = [float(side.sum() - side[order].sum()) for side in (a, b)]
    labels, mine, theirs = [levels[i] for i in order], [float(a[i]) for i in order], [float(b[i]) for i in order]
    if max(rest) > 0:
        labels, mine, theirs = [*labels, "any other"], [*mine, rest[0]], [*theirs, rest[1]]
    return {"kind": "bars", "labels": labels, "now": mine, "before": theirs}


def _few_values(ruler: Ruler, now: FeatureProfile, before: FeatureProfile) -> dict[str, Any]:
    labels = [f"{edge:g}" for edge in ruler.edges]
    labels.append(f"over {labels[-1]}" if labels else "any")
    a, b = shares(now.counts), shares(before.counts)
    last = len(labels) if a[-1] or b[-1] else len(labels) - 1
    kept = range(max(last, 1))
    return {
        "kind": "bars",
        "labels": [labels[i] for i in kept],
        "now": [float(a[i]) for i in kept],
        "before": [float(b[i]) for i in kept],
    }


def _is_wide(now: FeatureProfile, before: FeatureProfile) -> bool:
    """Whether the sizes span so much that only a logarithmic axis shows both sides."""
    lows = [side.low for side in (now, before)]
    if any(low is None or low <= 0 for low in lows):
        return False
    first, last = _size_span(now, before)
    return bool(10 ** ((last - first) / STEPS_A_DECADE) > _WIDE)


def _size_span(now: FeatureProfile, before: FeatureProfile) -> tuple[int, int]:
    ends = [_inner_steps(dict(side.decades or {})) for side in (now, before)]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _inner_steps(decades: dict[int, int]) -> tuple[int, int]:
    steps = np.array(sorted(decades) or [0])
    ends = np.cumsum([decades.get(int(step), 1) for step in steps], dtype=np.float64)
    low, high = np.searchsorted(ends, (_TAIL * ends[-1], (1 - _TAIL) * ends[-1]))
    return int(steps[low]), int(steps[min(high, len(steps) - 1)])


def _sizes(now: FeatureProfile, before: FeatureProfile) -> dict[str, Any]:
    first, last = _size_span(now, before)
    width = max(_STEPS, -(-(last - first + 1) // _CELLS))
    starts = list(range(first, last + 1, width))
    sides = [_gathered(dict(side.decades or {}), starts, width) for side in (now, before)]
    edges = [float(10 ** (step / STEPS_A_DECADE)) for step in (*starts, starts[-1] + width)]
    return {"kind": "steps", "log": True, "edges": edges, "now": sides[0], "before": sides[1]}


def _gathered(decades: dict[int, int], starts: list[int], width: int) -> list[float]:
    whole = sum(decades.values()) or 1
    return [sum(decades.get(step, 0) for step in range(start, start + width)) / whole for start in starts]


def _values(ruler: Ruler, now: FeatureProfile, before: FeatureProfile) -> dict[str, Any]:
    curves = [_distribution(ruler, side) for side in (now, before)]
    low = min(_quantile(curve, _TAIL) for curve in curves)
    high = max(_quantile(curve, 1 - _TAIL) for curve in curves)
    edges = np.linspace(low, high if high > low else low + 1, _CELLS + 1)
    sides = []
    for points, reached in curves:
        below = np.interp(edges, points, reached)
        sides.append([float(b - a) for a, b in pairwise(below)])
    return {"kind": "steps", "log": False, "edges": edges.tolist(), "now": sides[0], "before": sides[1]}


def _distribution(ruler: Ruler, side: FeatureProfile) -> tuple[Floats, Floats]:
    low, high = float(side.low or 0.0), float(side.high or 0.0)
    inner = np.array(ruler.edges)
    points = np.concatenate([[min(low, inner[0])], inner, [max(high, inner[-1])]])
    reached = np.concatenate([[0.0], np.cumsum(shares(side.counts))])
    # A first value that carries a share of its own starts just below itself.
    points[0] = points[0] if points[0] < points[1] else points[1] - max(abs(points[1]), 1.0) * 1e-6
    return points, reached


def _quantile(curve: tuple[Floats, Floats], share: float) -> float:
    points, reached = curve
    return float(np.interp(share, reached, points))
