"""The replay page: which policy would have served best, how its regret added up, and every week's decision."""

from leadscore_assets.domain.replay import ReplayReport, repeated
from leadscore_assets.domain.replay_standings import common_weeks, standings
from leadscore_assets.reports.figures import draw_png
from leadscore_assets.reports.replay_charts import policy_charts, regret_chart
from leadscore_assets.reports.replay_numbers import lines, sentence, week_lines
from leadscore_assets.reports.templating import templates


def replay_page(report: ReplayReport) -> str:
    """Return the page as HTML text; the same report gives the same bytes."""
    return (
        templates()
        .get_template("replay.html")
        .render(
            report=report,
            title=_title(report),
            sentence=sentence(report),
            glance=_glance(report),
            repeats=[(item.policy, repeated(item), bool(item.differing)) for item in report.replays if item.as_home],
            lines=lines(report),
            charts=[chart for chart in (regret_chart(report), *policy_charts(report)) if chart is not None],
            weeks=[(item.policy, week_lines(item)) for item in report.replays],
            facts=_facts(report),
        )
    )


def replay_png(report: ReplayReport, *, width: float = 11.0, height: float = 3.4, dpi: int = 100) -> bytes | None:
    """Return the most telling pictures side by side: the regret, the best policy and the worst; None without any."""
    regret, found = regret_chart(report), policy_charts(report)
    if regret is None or not found:
        return None
    known = {item.policy: item.served for item in standings(report) if item.served is not None}
    ranked = sorted((chart for chart in found if chart.title in known), key=lambda chart: known[chart.title])
    chosen = {chart.title: chart for chart in (ranked[-1], ranked[0])}
    paints = {regret.title: regret.paint} | {title: chart.paint for title, chart in chosen.items()}
    return draw_png(paints, width=width, height=height, dpi=dpi)


def _title(report: ReplayReport) -> str:
    found = [item for item in standings(report) if item.served is not None]
    if not found:
        return "Nothing was served"
    best = max(found, key=lambda item: item.served or 0.0)
    return f"{best.policy} serves best" if len(found) > 1 else f"{best.policy}, decided again"


def _glance(report: ReplayReport) -> tuple[str, str] | None:
    """The one number to see first, and what it is."""
    found = [item for item in standings(report) if item.served is not None]
    if not found:
        return None
    best = max(found, key=lambda item: item.served or 0.0)
    return f"{best.served:.4f}", f"mean Spearman that {best.policy} serves; {best.regret:.4f} below the oracle"


def _facts(report: ReplayReport) -> list[tuple[str, str]]:
    """What was replayed on what terms, as names and values."""
    compared = common_weeks(report)
    return [
        ("Weeks", f"{report.first} to {report.last}"),
        ("Compared over", f"{len(compared)} weeks in which every policy served a model that could be measured"),
        ("Began with", report.champion[:12] if report.champion else "no champion"),
        ("Oracle", f"the best of up to {report.models} models of earlier weeks, chosen afterwards on the same rows"),
        ("Served", "the champion before the week's decision, on that week's test rows that no earlier model had seen"),
        *((f"Policy {item.policy}", item.policy_digest) for item in report.replays),
        ("Report", report.digest),
    ]
