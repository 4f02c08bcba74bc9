"""The page of a week's outcomes: what the top of the list was worth first, then bands, models and what it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass

from leadscore_assets.domain.realised import Answerer, Group, Interval, OutcomeReport
from leadscore_assets.reports.numbers import METRICS
from leadscore_assets.reports.outcome_charts import outcome_charts
from leadscore_assets.reports.templating import templates

_DASH = "-"


@dataclass(frozen=True)
class Line:
    """One group of leads as text; the last two are dashes where the contract names no such column."""

    name: str
    rows: str
    conversions: str
    rate: str
    interval: str
    revenue: tuple[str, str]
    feedback: str


def outcome_page(report: OutcomeReport) -> str:
    """Return the page as HTML text; the same report gives the same bytes."""
    halves = [report.top.top, report.top.rest] if report.top else []
    groups = [*halves, *report.bands, *([report.whole] if report.whole and report.rows else [])]
    return (
        templates()
        .get_template("outcomes.html")
        .render(
            report=report,
            title=title(report),
            tone=tone(report),
            glance=_glance(report),
            groups=[group_line(item) for item in groups],
            arms=[group_line(item) for item in report.arms],
            extras=extras([*groups, *report.arms]),
            models=[(item, _metrics(item)) for item in report.models],
            charts=outcome_charts(report),
            facts=_facts(report),
        )
    )


def title(report: OutcomeReport) -> str:
    """Return the headline of a week's outcomes."""
    if not report.rows or report.top is None or report.top.lift is None:
        return "No outcomes to tell yet"
    return f"The best tenth converted {report.top.lift.value:.1f} times as often as the list"


def tone(report: OutcomeReport) -> str:
    """Return the colour of a headline: promote (good), not_yet, or alarm where the top is no better than the rest."""
    lift = report.top.lift if report.top else None
    if lift is None:
        return "not_yet"
    return "promote" if lift.low > 1 else "not_yet" if lift.high > 1 else "alarm"


def group_line(item: Group) -> Line:
    """Return a group of leads as text."""
    rate = item.rate
    return Line(
        item.name,
        f"{item.rows:,}",
        f"{item.conversions:,}",
        _DASH if rate is None else f"{rate.value:.1%}",
        "" if rate is None else f"{rate.low:.1%} to {rate.high:.1%}",
        _amount(item.revenue),
        _DASH if item.feedback is None else f"{item.feedback.value:.0%}",
    )


def extras(groups: Sequence[Group]) -> tuple[bool, bool]:
    """Tell whether revenue, and whether what sales liked, is known of any of the groups."""
    return any(item.revenue for item in groups), any(item.feedback for item in groups)


def _glance(report: OutcomeReport) -> tuple[str, str] | None:
    rate = report.top.top.rate if report.top else None
    if rate is None:
        return None
    return f"{rate.value:.0%}", f"of the best tenth converted ({rate.low:.0%} to {rate.high:.0%})"


def _amount(found: Interval | None) -> tuple[str, str]:
    return (_DASH, "") if found is None else (f"{found.value:,.2f}", f"{found.low:,.2f} to {found.high:,.2f}")


def _metrics(item: Answerer) -> list[tuple[str, str, str, str]]:
    """Name, value, interval and what judging expected of each metric, all as text."""
    ends = {"spearman": item.spearman, "auc": item.auc}
    return [
        (
            metric.title,
            f"{item.metrics[metric.key]:.4f}",
            f"{found.low:.4f} to {found.high:.4f}" if (found := ends.get(metric.key)) else "",
            f"{item.expected[metric.key]:.4f}" if metric.key in item.expected else _DASH,
        )
        for metric in METRICS
        if metric.key in item.metrics
    ]


def _facts(report: OutcomeReport) -> list[tuple[str, str]]:
    return [
        ("Listed leads", f"{report.listed:,}"),
        ("Outcome known", f"{report.known:,} ({report.matured:.1%})"),
        ("Left out", f"{report.learnt:,} of days that the model had learnt from when it scored them"),
        ("Judged", f"{report.rows:,}"),
        ("Positive means", report.outcome),
        ("Scores", "as each lead was first shown in a list; a later list changes nothing here"),
        ("Report", report.digest),
    ]
