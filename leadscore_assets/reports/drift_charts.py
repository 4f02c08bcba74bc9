"""The pictures of a drift report: each named feature before and now, and the champion's scores by day."""

from functools import partial
from typing import Any

from leadscore_assets.domain.drift import DriftReport
from leadscore_assets.domain.feature_drift import FeatureDrift
from leadscore_assets.domain.score_monitor import ScoreDrift
from leadscore_assets.reports.charts import Chart
from leadscore_assets.reports.figures import PALETTE

_LONGEST, _DAYS_SHOWN, _FARTHEST = 18, 6, 4.0
_BEFORE = {"color": PALETTE["champion"], "linestyle": (0, (4, 2)), "linewidth": 1.6}


def feature_charts(report: DriftReport) -> list[Chart]:
    """Return a picture for every named feature that has one, the most severe first."""
    return [_feature(item, place) for place, item in enumerate(report.features) if item.picture]


def score_chart(scores: ScoreDrift | None) -> Chart | None:
    """Return the picture of the scores' days; None where there is not yet a day to show."""
    if scores is None or len(scores.evidence) < 2:
        return None
    look = "Top: each day's mean score. Bottom: the evidence that scores are spread differently, as a power of ten."
    alt = f"Mean score and evidence on {len(scores.days)} days. {scores.sentence}"
    return Chart("scores", "The champion's scores by day", look, alt, partial(_scores, scores=scores), height=3.1)


def strip(report: DriftReport) -> Chart | None:
    """Return the picture beside the verdict: every feature's change in units of its bound; None without features."""
    if not report.features:
        return None
    beyond = sum(item.pressure > 1 for item in report.features)
    alt = f"Change in units of its bound for {len(report.features)} features; {beyond} lie beyond it"
    return Chart("strip", "Distances", "", alt, partial(_strip, features=report.features), height=1.25)


def _strip(axes: Any, features: tuple[FeatureDrift, ...]) -> None:
    values = [min(item.pressure, _FARTHEST) for item in features]
    # Dots that would lie on each other are stacked, the same way every time.
    heights = [((place * 7) % 5 - 2) * 0.16 for place in range(len(values))]
    for severity, colour in (("quiet", "muted"), ("watch", "champion"), ("alarm", "candidate")):
        chosen = [at for at, item in enumerate(features) if item.severity == severity]
        places = [values[at] for at in chosen], [heights[at] for at in chosen]
        axes.plot(*places, "o", color=PALETTE[colour], alpha=0.75, markersize=7 if severity != "quiet" else 5)
    axes.axvline(1, ymax=0.68, color=PALETTE["ink"], linewidth=1.4)
    axes.text(1, 0.55, "bound", ha="center", va="bottom", color=PALETTE["ink"])
    axes.set(xlim=(-0.05, max(1.4, *values) + 0.1), ylim=(-0.5, 0.9), xlabel="change in units of its bound")
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=6)
    axes.spines["left"].set_visible(False)


def _feature(item: FeatureDrift, place: int) -> Chart:
    name = "KS distance" if item.kind == "number" else "total variation"
    alt = f"Shares of leads by {item.name}, before and now; {name} {item.distance:.3f}, bound {item.bound:.3f}"
    look = "; ".join(item.findings)
    paint = partial(_bars if item.picture["kind"] == "bars" else _steps, table=item.picture)
    height = 0.9 + 0.32 * len(item.picture["labels"]) if item.picture["kind"] == "bars" else 2.5
    return Chart(f"feature-{place}", item.name, f"{look[0].upper()}{look[1:]}.", alt, paint, height=height)


def _steps(axes: Any, table: dict[str, Any]) -> None:
    edges = table["edges"]
    axes.stairs(table["now"], edges, fill=True, color=PALETTE["candidate"], alpha=0.35, label="this week", linewidth=0)
    axes.stairs(table["before"], edges, label="before", **_BEFORE)
    if table["log"]:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(_plain)
        axes.xaxis.minorticks_off()
    else:
        axes.xaxis.set_major_formatter(_plain)
        axes.locator_params(axis="x", nbins=6)
    axes.set(ylim=(0, 1.08 * max(*table["now"], *table["before"])), xlim=(edges[0], edges[-1]), ylabel="leads")
    axes.yaxis.set_major_formatter(_percent)
    axes.locator_params(axis="y", nbins=5)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _bars(axes: Any, table: dict[str, Any]) -> None:
    names = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in table["labels"]]
    places = range(len(names))
    axes.barh([p - 0.19 for p in places], table["now"], 0.36, color=PALETTE["candidate"], alpha=0.75, label="this week")
    axes.barh([p + 0.19 for p in places], table["before"], 0.36, color=PALETTE["champion"], alpha=0.6, label="before")
    axes.set_yticks(places, names)
    axes.set(ylim=(len(names) - 0.4, -0.6), xlabel="leads")
    axes.xaxis.set_major_formatter(_percent)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _scores(axes: Any, scores: ScoreDrift) -> None:
    places = range(len(scores.days))
    lower = axes.inset_axes((0, 0, 1, 0.38))
    upper = axes.inset_axes((0, 0.54, 1, 0.46), sharex=lower)
    axes.axis("off")
    # Evidence grows without end once scores have moved; beyond four times the alarm it says nothing more.
    top = 4 * scores.bound
    upper.plot(places, scores.means, "o-", color=PALETTE["candidate"], markersize=3)
    upper.set(ylabel="mean score")
    upper.tick_params(labelbottom=False)
    upper.locator_params(axis="y", nbins=4)
    lower.axhline(scores.bound, color=PALETTE["champion"], linewidth=1.4, linestyle=(0, (4, 2)))
    lower.plot(places, [min(value, top) for value in scores.evidence], color=PALETTE["candidate"])
    lower.set(ylabel="evidence", ylim=(0, 1.05 * min(top, max(scores.bound * 1.35, *scores.evidence))))
    lower.text(0, scores.bound, " alarm", color=PALETTE["champion"], va="bottom")
    lower.locator_params(axis="y", nbins=4)
    chosen = sorted({round(k * (len(scores.days) - 1) / (_DAYS_SHOWN - 1)) for k in range(_DAYS_SHOWN)})
    lower.set_xticks(chosen, [f"{scores.days[at]:%d %b}" for at in chosen])


def _plain(value: float, _position: int | None = None) -> str:
    size = abs(value)
    for unit, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= unit:
            return f"{value / unit:g}{sign}"
    return f"{value:g}"


def _percent(value: float, _position: int | None = None) -> str:
    return f"{value * 100:g} %"
