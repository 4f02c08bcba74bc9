"""The year's picture: how well the model that answered ordered the leads, and what was decided when."""

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.year.facts import Year, number_at
from benchmarks.year.story import STORY
from leadscore_assets.domain.facts import LedgerRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LIVE, _FIRST, _BEST, _GOOD, _BAD, _PLANTED = "#1f5fa8", "#9aa3ad", "#7bb37b", "#2e7d32", "#b3261e", "#f0e3c2"


def draw(path: Path, year: Year) -> None:
    """Write one picture of two panels over the weeks: quality above, what was seen and done below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.6), dpi=110, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    _quality(above, year)
    _doings(below, year)
    for item in STORY:
        for axes in (above, below):
            axes.axvspan(item.week - 0.5, item.week + 0.5, color=_PLANTED, linewidth=0, zorder=0)
        above.annotate(
            item.name, (item.week, 1.01), xycoords=("data", "axes fraction"), rotation=28, fontsize=8.5, ha="left"
        )
    figure.savefig(path, metadata={"Software": None})


def _quality(axes: "Axes", year: Year) -> None:
    weeks = [week for week in year.weeks if week.quality is not None]
    numbers = [week.number for week in weeks]
    axes.plot(numbers, [week.best for week in weeks], color=_BEST, linewidth=1.2, label="best model trained by then")
    axes.plot(numbers, [week.first for week in weeks], color=_FIRST, linewidth=1.6, label="first model, left alone")
    axes.step(numbers, [week.quality for week in weeks], color=_LIVE, linewidth=2, where="mid", label="who answers")
    for before, week in pairwise(weeks):
        if before.version != week.version:
            axes.annotate(
                f"v{week.version}",
                (week.number, week.quality or 0),
                fontsize=8,
                color=_LIVE,
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
            )
    axes.set_ylabel("agreement with the best\nattainable order (Spearman)")
    axes.legend(loc="lower left", fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def _doings(axes: "Axes", year: Year) -> None:
    rows: list[tuple[str, list[float], str, str]] = [
        ("leads set aside", _weeks(year, "gate failed"), "X", _BAD),
        ("drift alarm", [week.number for week in year.weeks if week.drift == "alarm"], "v", _BAD),
        ("trained, kept out", [_at(item.at) for item in year.judged if item.decision != "promote"], "o", _FIRST),
        ("trained, better", [_at(item.at) for item in year.judged if item.decision == "promote"], "o", _GOOD),
        ("canary began", _weeks(year, "shifted"), ">", _LIVE),
        ("answers all leads", [_at(item.at) for item in year.of("promoted") if _took_over(item)], "s", _GOOD),
        ("silence told", [_at(item.at) for item in year.of("notified") if "sensor_silent" in _kinds(item)], "P", _BAD),
    ]
    for height, (_, where, marker, colour) in enumerate(reversed(rows)):
        axes.plot(where, [height] * len(where), marker, color=colour, markersize=6, clip_on=False)
    axes.set_yticks(range(len(rows)), [name for name, *_ in reversed(rows)], fontsize=9)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlim(-1, len(year.weeks) + 3)
    axes.set_xlabel("week of the year")
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _weeks(year: Year, action: str) -> list[float]:
    return [_at(item.at) for item in year.of(action)]


def _took_over(item: LedgerRecord) -> bool:
    return item.evidence["before"] != item.evidence["after"]


def _kinds(item: LedgerRecord) -> set[str]:
    return set(item.evidence["kinds"])


def _at(moment: datetime) -> float:
    """Return a moment on the axis of weeks."""
    return number_at(moment) + (moment.weekday() + moment.hour / 24) / 7 - 0.5
