"""The pictures of outcomes: conversions by tenth, by band and by model, calibration, and the weeks in a row."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from leadscore_assets.domain.realised import Group, Interval, OutcomeReport, calibration_gap
from leadscore_assets.reports.charts import Chart
from leadscore_assets.reports.figures import PALETTE

_MARK, _OTHER = PALETTE["candidate"], PALETTE["champion"]
_DASHES = (0, (4, 2))
_DAYS_SHOWN = 5


def outcome_charts(report: OutcomeReport) -> list[Chart]:
    """Return the pictures that a week's report has data for."""
    makers = (_tenths, _bands, _calibration, _arms)
    return [chart for make in makers if (chart := make(report)) is not None]


def band_chart(groups: Sequence[Group]) -> Chart | None:
    """Return the picture of the bands' rates with their intervals; None without any known rate."""
    look = "Points are rates, lines their intervals. Good: they fall from the first band to the last."
    return _rate_chart(groups, name="bands", title="Conversions by band", look=look)


def arm_chart(groups: Sequence[Group]) -> Chart | None:
    """Return the picture of the rates by what answered; None without any known rate."""
    look = "Points are rates, lines their intervals. Where the lines overlap much, nothing is told apart."
    return _rate_chart(groups, name="arms", title="Conversions by what answered", look=look)


def _rate_chart(groups: Sequence[Group], *, name: str, title: str, look: str) -> Chart | None:
    known = [item for item in groups if item.rate is not None]
    if not known:
        return None
    told = ", ".join(f"{item.name} {item.rate.value:.0%} of {item.rows:,}" for item in known if item.rate)
    return Chart(name, title, look, f"{title}: {told}", partial(_rates, groups=known), height=0.85 + 0.38 * len(known))


def trend_chart(weeks: Sequence[tuple[date, Interval, float | None]]) -> Chart | None:
    """Return the picture of Spearman week by week, as it came out and as judging expected it; None below two weeks."""
    if len(weeks) < 2:
        return None
    last, now, said = weeks[-1]
    told = "" if said is None else f", and {said:.3f} was expected"
    look = "Line: as it came out, with its interval. Dashes: as expected when the model was judged."
    alt = f"Realised Spearman of {len(weeks)} weeks; in week {last} it was {now.value:.3f}{told}"
    return Chart("trend", "Spearman, week by week", look, alt, partial(_trend, weeks=list(weeks)), height=2.4)


def _tenths(report: OutcomeReport) -> Chart | None:
    table = report.pictures.get("tenths")
    if not table:
        return None
    first, last = table["value"][0], table["value"][-1]
    look = "Good: steps fall from left to right. The line is the rate of the whole list."
    alt = f"Conversion by tenth of the list, best first: {first:.0%} in the first, {last:.0%} in the last"
    rate = report.whole.rate.value if report.whole and report.whole.rate else None
    return Chart("tenths", "Conversions down the list", look, alt, partial(_steps, table=table, rate=rate))


def _bands(report: OutcomeReport) -> Chart | None:
    return band_chart(report.bands)


def _arms(report: OutcomeReport) -> Chart | None:
    return arm_chart(report.arms)


def _calibration(report: OutcomeReport) -> Chart | None:
    table, gap = report.pictures.get("calibration", {}), calibration_gap(report)
    if gap is None:
        return None
    chances = table["of"] == "probability"
    shown = f"{gap * 100:.1f} percentage points" if chances else f"{gap:.2f} points"
    look = f"Good: points lie on the diagonal. They are off by {shown} on average."
    alt = f"What was predicted against what came true in {len(table['n'])} bins, off by {shown} on average"
    return Chart("calibration", "Calibration", look, alt, partial(_diagonal, table=table, chances=chances))


def _steps(axes: Any, table: dict[str, list[float]], rate: float | None) -> None:
    places = range(1, len(table["value"]) + 1)
    axes.bar(places, table["value"], 0.72, color=_MARK, alpha=0.45)
    axes.vlines(places, table["low"], table["high"], color=_MARK, linewidth=1.4)
    if rate is not None:
        axes.axhline(rate, color=PALETTE["muted"], linewidth=1.2, linestyle=_DASHES)
    axes.set(xlabel="tenth of the list, best first", ylabel="converted", ylim=(0, 1.06 * max(table["high"])))
    axes.set_xticks(list(places))
    axes.yaxis.set_major_formatter(_percent)
    axes.grid(visible=False, axis="x")
    axes.locator_params(axis="y", nbins=5)


def _rates(axes: Any, groups: Sequence[Group]) -> None:
    places = list(range(len(groups)))
    ends = [item.rate for item in groups if item.rate]
    axes.hlines(places, [item.low for item in ends], [item.high for item in ends], color=_MARK, linewidth=2)
    axes.plot([item.value for item in ends], places, "o", color=_MARK, markersize=6)
    axes.set_yticks(places, [item.name for item in groups])
    axes.set(ylim=(len(places) - 0.5, -0.5), xlim=(0, 1.08 * max(item.high for item in ends)), xlabel="converted")
    axes.xaxis.set_major_formatter(_percent)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def _diagonal(axes: Any, table: dict[str, Any], *, chances: bool) -> None:
    values = [*table["predicted"], *table["observed"]]
    low, high = (0.0, max(values) * 1.08) if chances else (min(values), max(values))
    axes.plot([low, high], [low, high], color=PALETTE["muted"], linewidth=1, linestyle=(0, (1, 2)))
    axes.plot(table["predicted"], table["observed"], "o-", color=_MARK, markersize=4.5)
    if chances:
        axes.xaxis.set_major_formatter(_percent)
        axes.yaxis.set_major_formatter(_percent)
    axes.set(xlabel="predicted chance" if chances else "mean score", ylabel="came true" if chances else "mean label")
    axes.locator_params(nbins=5)


def _trend(axes: Any, weeks: list[tuple[date, Interval, float | None]]) -> None:
    places = range(len(weeks))
    found = [item for _, item, _ in weeks]
    axes.fill_between(places, [i.low for i in found], [i.high for i in found], color=_MARK, alpha=0.2, linewidth=0)
    axes.plot(places, [item.value for item in found], "o-", color=_MARK, markersize=4)
    said = [(at, value) for at, (_, _, value) in enumerate(weeks) if value is not None]
    if said:
        axes.plot([at for at, _ in said], [value for _, value in said], color=_OTHER, linewidth=1.6, linestyle=_DASHES)
    chosen = range((len(weeks) - 1) % (step := -(-len(weeks) // _DAYS_SHOWN)), len(weeks), step)
    axes.set_xticks(chosen, [f"{weeks[at][0]:%d %b}" for at in chosen])
    axes.set(ylabel="Spearman")
    axes.locator_params(axis="y", nbins=5)


def _percent(value: float, _position: int | None = None) -> str:
    return f"{value * 100:g} %"
