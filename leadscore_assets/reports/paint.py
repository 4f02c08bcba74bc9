"""The pictures of an evaluation, one painter each: it takes plain lists and draws them on one pair of axes."""

from itertools import pairwise
from typing import Any

from leadscore_assets.domain.posterior import Posterior
from leadscore_assets.reports.figures import PALETTE

Curve = dict[str, Any]
_LINES: dict[str, dict[str, Any]] = {
    "champion": {"color": PALETTE["champion"], "linestyle": (0, (4, 2)), "marker": "s", "markersize": 4},
    "candidate": {"color": PALETTE["candidate"], "marker": "o", "markersize": 4.5},
}
_LONGEST_NAME = 26


def score_by_label(axes: Any, quantiles: Curve, histogram: Curve, *, label_name: str) -> None:
    """Draw each label's scores: their spread as a shape, the middle half as a bar, the median as a dot."""
    edges = histogram["edges"]
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    for at, (counts, middle) in enumerate(zip(histogram["counts"], quantiles["p50"], strict=True)):
        if middle is None:
            continue
        shape = _smooth(_smooth(counts))
        half = [0.42 * value / (max(shape) or 1) for value in shape]
        left, right = [at - width for width in half], [at + width for width in half]
        axes.fill_betweenx(middles, left, right, color=PALETTE["candidate"], alpha=0.22, linewidth=0)
    for at, (low, first, middle, third, high) in enumerate(zip(*_quantiles(quantiles), strict=True)):
        if middle is None:
            continue
        axes.plot([at, at], [low, high], color=PALETTE["candidate"], linewidth=1.2)
        axes.plot([at, at], [first, third], color=PALETTE["candidate"], linewidth=6, solid_capstyle="butt")
        axes.plot([at], [middle], "o", color=PALETTE["surface"], markersize=4)
    _label_ticks(axes, quantiles["label"])
    axes.grid(visible=False, axis="x")
    axes.set(xlabel=label_name, ylabel="score")


def calibration(axes: Any, models: dict[str, Curve], *, outcome: str, label_name: str) -> None:
    """Draw what came true over what was predicted; the dashed diagonal is perfect."""
    chances = models["candidate"]["of"] == "probability"
    values = [value for curve in models.values() for value in (*curve["predicted"], *curve["observed"])]
    low, high = (0.0, max(values) * 1.08) if chances else (min(values), max(values))
    axes.plot([low, high], [low, high], color=PALETTE["muted"], linewidth=1, linestyle=(0, (1, 2)), label="perfect")
    for name, style in _LINES.items():
        if name in models:
            axes.plot(models[name]["predicted"], models[name]["observed"], label=name, **style)
    if chances:
        axes.set(xlabel="predicted chance", ylabel=f"share {_observed(outcome)}", xlim=(0, high), ylim=(0, high))
        axes.xaxis.set_major_formatter(_percent)
        axes.yaxis.set_major_formatter(_percent)
    else:
        axes.set(xlabel="mean score", ylabel=f"mean {label_name}")
    axes.legend(loc="upper left")


def gain(axes: Any, models: dict[str, Curve]) -> None:
    """Draw which share of all positives is reached with the best share of leads; the diagonal is chance."""
    axes.plot([0, 1], [0, 1], color=PALETTE["muted"], linewidth=1, linestyle=(0, (1, 2)), label="by chance")
    for name, style in _LINES.items():
        if name in models and models[name]["share"]:
            axes.plot(models[name]["share"], models[name]["reached"], label=name, **(style | {"marker": ""}))
    axes.set(xlabel="best leads, by score", ylabel="share of positives", xlim=(0, 1), ylim=(0, 1.02))
    axes.xaxis.set_major_formatter(_percent)
    axes.yaxis.set_major_formatter(_percent)
    axes.legend(loc="lower right")


def confusion(axes: Any, table: Curve, *, label_name: str) -> None:
    """Draw each label's leads by rounded score: darker is a larger share of that label, the number counts leads."""
    from matplotlib.patches import Rectangle

    size = len(table["label"])
    for line, counts in enumerate(table["counts"]):
        for column, count in enumerate(counts):
            shade = 0.04 + 0.5 * count / max(sum(counts), 1)
            box = Rectangle(
                (column - 0.48, line - 0.46), 0.96, 0.92, color=PALETTE["candidate"], alpha=shade, linewidth=0
            )
            axes.add_patch(box)
            axes.text(column, line, f"{count:,}", ha="center", va="center", fontsize=9.5 if size <= 6 else 7)
    axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), xlabel="rounded score", ylabel=label_name)
    _label_ticks(axes, table["label"])
    axes.set_yticks(range(size), table["label"])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def importance(axes: Any, table: Curve) -> None:
    """Draw the share of the model's whole gain that each of its strongest features brings."""
    names = [name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…" for name in table["name"]]
    places = range(len(names))
    axes.barh(places, table["gain"], height=0.66, color=PALETTE["candidate"])
    axes.set_yticks(places, names)
    axes.set(ylim=(len(names) - 0.4, -0.6), xlabel="share of the whole gain")
    axes.xaxis.set_major_formatter(_percent)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def weekdays(axes: Any, models: dict[str, Curve]) -> None:
    """Draw each weekday's Spearman with its interval, candidate above champion."""
    names = models["candidate"]["weekday"]
    for model, shift in (("candidate", -0.14 if "champion" in models else 0.0), ("champion", 0.14)):
        if model in models and models[model]["weekday"]:
            _intervals(axes, models[model], names, model=model, shift=shift)
    axes.set_yticks(range(len(names)), names)
    axes.set(ylim=(len(names) - 0.5, -0.5), xlabel="Spearman")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.1)
    if "champion" in models:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def gains(axes: Any, measured: tuple[float, float, float], *, shrunken: Posterior, unit: str) -> None:
    """Draw the measured gain's interval (low, gain, high) above the shrunken one, beside the line of no gain."""
    rows = {"measured": measured, "shrunken": (shrunken.low, shrunken.mean, shrunken.high)}
    low, high = (pick(0.0, *(value for row in rows.values() for value in row)) for pick in (min, max))
    span = high - low or 0.01
    axes.axvline(0, color=PALETTE["muted"], linewidth=1.4)
    for place, (first, middle, last) in zip((1, 0), rows.values(), strict=True):
        shade = 0.45 if place == 0 else 0.2
        axes.plot([first, last], [place, place], color=PALETTE["candidate"], linewidth=6, alpha=shade)
        axes.plot([middle], [place], "o", color=PALETTE["candidate"], markersize=9 if place == 0 else 6)
    axes.set(xlim=(low - 0.1 * span, high + 0.1 * span), ylim=(-0.6, 1.6), xlabel=unit)
    axes.set_yticks([1, 0], list(rows))
    axes.locator_params(axis="x", nbins=5)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def standing(axes: Any, interval: tuple[float, float, float], *, floor: float) -> None:
    """Draw one model's Spearman (low, estimate, high) beside the floor it has to reach."""
    _strip(axes, interval, bound=floor, bound_name=f"floor {floor:g}", unit="Spearman")


def _strip(axes: Any, interval: tuple[float, float, float], *, bound: float, bound_name: str, unit: str) -> None:
    low, middle, high = interval
    span = max(high, bound) - min(low, bound) or 0.01
    axes.set(xlim=(min(low, bound) - 0.14 * span, max(high, bound) + 0.14 * span), ylim=(-0.6, 1), xlabel=unit)
    axes.axvline(bound, ymax=0.62, color=PALETTE["muted"], linewidth=1.4)
    axes.text(bound, 0.5, bound_name, ha="center", va="bottom", color=PALETTE["muted"])
    axes.plot([low, high], [0, 0], color=PALETTE["candidate"], linewidth=5, solid_capstyle="round", alpha=0.45)
    axes.plot([middle], [0], "o", color=PALETTE["candidate"], markersize=9)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=6)
    axes.spines["left"].set_visible(False)


def _intervals(axes: Any, curve: Curve, names: list[str], *, model: str, shift: float) -> None:
    places = [names.index(name) + shift for name in curve["weekday"] if name in names]
    kept = [index for index, name in enumerate(curve["weekday"]) if name in names]
    low, middle, high = ([curve[key][index] for index in kept] for key in ("low", "spearman", "high"))
    axes.hlines(places, low, high, color=PALETTE[model], linewidth=2, alpha=0.6)
    style = _LINES[model]
    axes.plot(middle, places, style["marker"], color=style["color"], markersize=6.5, label=model)


def _label_ticks(axes: Any, names: list[str]) -> None:
    wide = len(names) > 6 and max(map(len, names)) > 2
    axes.set_xticks(range(len(names)), names, rotation=35 if wide else 0)


def _smooth(counts: list[float]) -> list[float]:
    padded = [0.0, *counts, 0.0]
    return [(a + 2 * b + c) / 4 for a, b, c in zip(padded, padded[1:], padded[2:], strict=False)]


def _quantiles(table: Curve) -> list[list[float | None]]:
    return [table[name] for name in ("p5", "p25", "p50", "p75", "p95")]


def _observed(outcome: str) -> str:
    return outcome if outcome.isidentifier() else f"with {outcome}"


def _percent(value: float, _position: int | None = None) -> str:
    return f"{value * 100:g} %"
