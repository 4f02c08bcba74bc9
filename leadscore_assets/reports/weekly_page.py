"""The page of a week and the index of all weeks: static files without a script or anything from elsewhere."""

from collections.abc import Sequence
from datetime import datetime

from leadscore_assets.domain.live_facts import RunsOfAWeek
from leadscore_assets.domain.weekly import Asked, Coming, WeekLine, WeeklyReport
from leadscore_assets.reports.charts import Chart
from leadscore_assets.reports.outcome_charts import arm_chart, band_chart, trend_chart
from leadscore_assets.reports.outcome_page import extras, group_line
from leadscore_assets.reports.templating import templates

_DRIFT = {"alarm": "drift", "watch": "watch", "quiet": "no drift", "not_yet": "no verdict yet", "": "not looked"}
_PAGES = {"drift": "drift", "evaluation": "the evaluation", "outcomes": "outcomes"}


def weekly_page(report: WeeklyReport) -> str:
    """Return a week's page as HTML text; the same report gives the same bytes."""
    bands = report.outcomes.bands if report.outcomes else ()
    return (
        templates()
        .get_template("weekly.html")
        .render(
            report=report,
            glances=_glances(report),
            asked=[(_moments(item), item.decision, _said(item)) for item in report.asked],
            verdicts=[(_when(item.at), item.action, item.reason) for item in report.verdicts],
            releases=[(_when(item.at), item.action, f"{item.subject}: {item.reason}") for item in report.releases],
            charts=_charts(report),
            bands=[group_line(item) for item in bands],
            extras=extras(bands),
            jobs=_jobs(report.runs),
            taken=_taken(report.runs),
            coming=[(_moment(item), item.what) for item in report.coming],
            pages=[(path, _named(path)) for path in report.pages],
        )
    )


def index_page(lines: Sequence[WeekLine]) -> str:
    """Return the index of all weeks, newest first, as HTML text."""
    shown = [
        (
            item,
            _DRIFT[item.drift],
            "-" if item.lift is None else f"{item.lift:.1f}",
            "-" if item.champion is None else f"{item.champion}",
            "-" if item.cost is None else f"{item.cost:,.2f}",
        )
        for item in lines
    ]
    return templates().get_template("weeks.html").render(weeks=shown)


def _glances(report: WeeklyReport) -> list[tuple[str, str]]:
    outcomes = report.outcomes
    top = f"{outcomes.top.value:.0%}" if outcomes and outcomes.top else "-"
    of = f"of the best tenth of week {outcomes.week} converted" if outcomes and outcomes.top else "no outcomes yet"
    return [
        (f"{report.leads.rows:,}", "leads came in"),
        (top, of),
        (_DRIFT[report.drift], "in the week's leads"),
        ("none" if report.champion is None else f"version {report.champion}", "answers"),
    ]


def _charts(report: WeeklyReport) -> list[Chart]:
    if report.outcomes is None:
        return []
    outcomes = report.outcomes
    found = [
        band_chart(outcomes.bands),
        trend_chart([(item.week, item.spearman, item.expected) for item in outcomes.trend]),
        arm_chart(outcomes.arms),
    ]
    return [chart for chart in found if chart is not None]


def _jobs(runs: RunsOfAWeek) -> list[tuple[str, str, str, str]]:
    """Each job's runs, failures, and seconds in all, busiest first."""
    seconds: dict[str, float] = {}
    for run in runs.runs:
        seconds[run.job] = seconds.get(run.job, 0.0) + run.seconds
    ordered = sorted(seconds, key=lambda name: (-seconds[name], name))
    return [
        (
            name,
            f"{sum(run.job == name for run in runs.runs)}",
            f"{sum(run.job == name for run in runs.failed)}",
            lasting(seconds[name]),
        )
        for name in ordered
    ]


def _taken(runs: RunsOfAWeek) -> list[tuple[str, str]]:
    """What trainings and the endpoint took, as names and values."""
    seconds = sum(item.seconds for item in runs.trainings)
    peaks = [item.peak_megabytes for item in runs.trainings if item.peak_megabytes is not None]
    worked = [item.cpu_seconds for item in runs.trainings if item.cpu_seconds is not None]
    found = [
        ("Trainings", f"{len(runs.trainings)}, {lasting(seconds)} in all"),
        ("Their cost", "not known" if runs.cost is None else f"{runs.cost:,.2f} US dollars"),
    ]
    if peaks and worked:
        found.append(("Their processes", f"{lasting(sum(worked))} of processor, {max(peaks):,.0f} MB at most"))
    if runs.endpoint:
        usage = runs.endpoint
        of = f"{usage.processes} processes"
        found.append(("Endpoint", f"{usage.megabytes:,.0f} MB in {of}, {lasting(usage.cpu_seconds)} of processor"))
    return found


def lasting(seconds: float) -> str:
    """Return a duration as a person says it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def _named(path: str) -> str:
    """Name a page by its file, and by its week where that is another one."""
    folder, _, file = path.rpartition("/")
    return _PAGES[file.removesuffix(".html")] + (f" of week {folder.partition('=')[2]}" if folder else "")


def _said(item: Asked) -> str:
    many = f" Asked {item.times} times, with the same answer." if item.times > 1 else ""
    return f"{item.sentence}{many}"


def _moments(item: Asked) -> str:
    if item.first.date() == item.last.date():
        return _when(item.first)
    return f"{item.first:%a %d %b} to {item.last:%a %d %b}"


def _moment(item: Coming) -> str:
    return _when(item.at) if item.at else "when it is ready"


def _when(moment: datetime) -> str:
    return f"{moment:%a %d %b %H:%M}"
