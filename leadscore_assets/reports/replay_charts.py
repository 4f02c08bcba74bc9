"""The pictures of a replay: what each policy served week by week beside the oracle, and the regret that adds up."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from itertools import cycle
from math import nan
from typing import Any

from leadscore_assets.domain.replay import Replay, ReplayReport
from leadscore_assets.domain.replay_standings import common_weeks, cumulative_regret
from leadscore_assets.reports.charts import Chart
from leadscore_assets.reports.figures import PALETTE

# Beside the palette's two: readable on light and on dark ground, and apart without colour by their dashes.
_COLOURS = (PALETTE["candidate"], PALETTE["champion"], "#2f8f5b", "#a259c4", "#cc4b62", "#4a8fa3")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (6, 2, 1, 2)), (0, (3, 1)))
_TICKS, _LONGEST = 4, 22


def regret_chart(report: ReplayReport) -> Chart | None:
    """Return the picture of the regret that adds up over the common weeks; None where none is common."""
    weeks = common_weeks(report)
    shown = [item for item in report.replays if any(week.regret is not None for week in item.weeks)]
    if not weeks or not shown:
        return None
    lines = [(item.policy, cumulative_regret(item, weeks)) for item in shown]
    ends = ", ".join(f"{name} {values[-1]:.2f}" for name, values in lines)
    return Chart(
        "regret",
        "Regret that adds up",
        "Spearman lost against the oracle, summed over the weeks. Flat is good; a steep line serves an old model.",
        f"Cumulative regret after {len(weeks)} weeks: {ends}",
        partial(paint_regret, weeks=weeks, lines=lines),
        height=2.7,
    )


def policy_charts(report: ReplayReport) -> list[Chart]:
    """Return a picture for each policy that served a measured model, all to one scale."""
    values = [
        value
        for item in report.replays
        for week in item.weeks
        for value in (week.served, week.oracle)
        if value is not None and week.served is not None
    ]
    if not values:
        return []
    ends = min(values), max(values)
    return [_policy(item, place, ends) for place, item in enumerate(report.replays) if _served(item)]


def paint_regret(axes: Any, weeks: Sequence[date], lines: Sequence[tuple[str, list[float]]]) -> None:
    """Draw one line a policy."""
    styles = zip(cycle(_COLOURS), cycle(_DASHES), strict=False)
    for (name, values), (colour, dashes) in zip(lines, styles, strict=False):
        single = "o" if len(weeks) == 1 else ""
        axes.plot(
            range(len(weeks)),
            values,
            color=colour,
            linestyle=dashes,
            marker=single,
            label=f"{name[:_LONGEST]} {values[-1]:.1f}",
        )
    axes.set(ylabel="sum of Spearman lost")
    # Room below zero keeps its label apart from the first week's.
    axes.set_ylim(bottom=-0.05 * (max(values[-1] for _, values in lines) or 1.0))
    _week_ticks(axes, weeks)
    _legend(axes, columns=2)


def paint_policy(axes: Any, replay: Replay, ends: tuple[float, float]) -> None:
    """Draw the oracle, what was served, and a tick at the foot for each promotion."""
    weeks = replay.weeks
    places = range(len(weeks))
    room = 0.08 * ((ends[1] - ends[0]) or 1.0)
    foot = ends[0] - 1.5 * room
    oracle = [_known(week.oracle if week.served is not None else None) for week in weeks]
    served = [_known(week.served) for week in weeks]
    promoted = [place for place in places if weeks[place].promoted]
    axes.plot(places, oracle, color=PALETTE["muted"], linewidth=1.2, linestyle=(0, (1, 1.2)), label="oracle")
    axes.plot(places, served, "o-", color=PALETTE["candidate"], markersize=2.4, linewidth=1.6, label="served")
    axes.plot(
        promoted,
        [foot] * len(promoted),
        "|",
        color=PALETTE["champion"],
        markersize=9,
        markeredgewidth=1.6,
        label="promoted",
    )
    axes.set(ylabel="Spearman", ylim=(foot - room, ends[1] + room))
    _week_ticks(axes, [week.week for week in weeks])
    _legend(axes, columns=3)


def _policy(item: Replay, place: int, ends: tuple[float, float]) -> Chart:
    served = [week.served for week in item.weeks if week.served is not None]
    mean = sum(served) / len(served)
    found = f"{item.promotions} of {item.retrainings} retrainings promoted"
    return Chart(
        f"policy-{place}",
        item.policy,
        f"{found}; mean Spearman {mean:.4f} over {len(served)} weeks.",
        f"Spearman served under {item.policy} week by week beside the oracle: mean {mean:.4f}, {found}",
        partial(paint_policy, replay=item, ends=ends),
        height=2.7,
    )


def _served(item: Replay) -> bool:
    return any(week.served is not None for week in item.weeks)


def _week_ticks(axes: Any, weeks: Sequence[date]) -> None:
    last = len(weeks) - 1
    chosen = sorted({round(part * last / (_TICKS - 1)) for part in range(_TICKS)})
    axes.set_xticks(chosen, [f"{weeks[at]:%d %b %y}" for at in chosen])
    axes.set_xlim(-0.02 * max(last, 1), 1.02 * max(last, 1))


def _legend(axes: Any, *, columns: int) -> None:
    # Below the weeks: above stands the title where pictures lie side by side.
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=columns)


def _known(value: float | None) -> float:
    return nan if value is None else value
