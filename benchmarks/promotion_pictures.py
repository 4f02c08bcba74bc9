"""Pictures of the promotion benchmark for the documentation: regret by rule, and the scan of the guard."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.promotion_world import WORLDS

if TYPE_CHECKING:
    from benchmarks.promotion_rules import Year

COLOURS = ("#1565c0", "#a85b00", "#14743b")
SIGNS = ("o", "s", "D")
SHOWN = (
    "default",
    "any_gain",
    "lower_bound_above_0",
    "significant_2_percent",
    "significant_002",
    "ladder",
    "auc_2_or_kpi_5",
    "automatic_5",
    "never",
    "always",
)


def draw(folder: Path, found: "Mapping[str, Sequence[Year]]", scan: "Mapping[float, Sequence[Year]]") -> None:
    """Write promotion_regret.png and promotion_guard.png."""
    folder.mkdir(parents=True, exist_ok=True)
    _save(folder / "promotion_regret.png", 1, lambda axes: _regret(axes[0], found), height=4.6)
    _save(folder / "promotion_guard.png", 2, lambda axes: _guard(axes, scan), height=3.4)


def _save(path: Path, panels: int, paint: Any, *, height: float) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, height), dpi=120, layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    paint(axes)
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(visible=True, color="#dde3ea", linewidth=0.8)
        panel.set_axisbelow(True)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=len(WORLDS), frameon=False)
    figure.savefig(path, metadata={"Software": None})


def _regret(axes: Any, found: "Mapping[str, Sequence[Year]]") -> None:
    for at, (name, colour, sign) in enumerate(zip(WORLDS, COLOURS, SIGNS, strict=True)):
        axes.plot([found[rule][at].regret for rule in SHOWN], range(len(SHOWN)), sign, color=colour, label=name)
    axes.set_yticks(range(len(SHOWN)), SHOWN)
    axes.set(xscale="log", xlabel="Spearman lost on average over a year; less is better")
    axes.set_xticks(
        [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1], ["0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1"]
    )
    axes.minorticks_off()
    axes.invert_yaxis()


def _guard(axes: Any, scan: "Mapping[float, Sequence[Year]]") -> None:
    kept = {guard: years for guard, years in scan.items() if guard > -0.1}
    lost, worse = axes
    for at, (name, colour, sign) in enumerate(zip(WORLDS, COLOURS, SIGNS, strict=True)):
        style = {"color": colour, "label": name, "marker": sign, "markersize": 5}
        lost.plot(list(kept), [years[at].regret for years in kept.values()], **style)
        worse.plot(list(kept), [years[at].worse_005 for years in kept.values()], **style)
    lost.set(ylabel="Spearman lost over a year", ylim=(0, None))
    worse.set(ylabel="clearly worse models promoted a year", ylim=(0, 1.2))
    worse.axhline(1, color="#b3261e", linewidth=1)
    for panel in axes:
        panel.axvline(-0.0075, color="#596575", linestyle=":")
        panel.set(xlabel="guard on the shrunken lower bound")
        panel.set_xticks([-0.015, -0.0125, -0.01, -0.0075, -0.005, -0.0025])
        panel.tick_params(axis="x", labelsize=8)
