"""One page a week: gathered from what is stored, drawn, kept in an index of all weeks, and told to people."""

from collections.abc import Sequence
from datetime import date, timedelta

from leadscore_assets.domain import notice_words
from leadscore_assets.domain.calendar import WEEK, at_midnight, weeks_between
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.live_facts import RunFact
from leadscore_assets.domain.weekly import WeekLine, WeeklyReport, line_of, with_line
from leadscore_assets.reports.weekly_page import index_page, weekly_page
from leadscore_assets.steps.notifying import announce
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.weekly_gathering import gathered_week

INDEX = "reports/index.html"
_LINES = "reports/weeks.json"
_LOOKED_AT = 5
# Leads are ingested on Monday at 3; a day later the page says that they are missing.
_PATIENCE = timedelta(hours=30)


def report_week(platform: Platform, week: date, runs: Sequence[RunFact]) -> tuple[WeeklyReport, list[str]]:
    """Gather a week, store its page and its line in the index, record it, and tell people of the newest week.

    `runs` are those of the week's seven days. Returns the report and why somebody could not be told, if so.
    """
    report = gathered_week(platform, platform.check_week(week), runs)
    platform.lake.write_bytes(page_path(week), weekly_page(report).encode())
    platform.lake.write_json(_path(week), report.to_json())
    _add_line(platform, line_of(report))
    platform.ledger.append(
        "reported",
        f"week {week}",
        reason=f"{report.headline}: {report.sentence}",
        evidence={"concerns": len(report.concerns), "alarming": report.alarming, "champion": report.champion},
        key=f"reported:{week}:{digest_of(report.to_json())}",
    )
    return report, _tell(platform, report)


def stored_week(platform: Platform, week: date) -> WeeklyReport:
    """Return a week's report; raise Missing with the remedy."""
    content = platform.lake.read_json(_path(week))
    if content is None:
        raise Missing(f"week {week} has no weekly report; run 'leadscore report --week {week}'")
    try:
        return WeeklyReport.from_json(content)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtefact(f"the report of week {week} cannot be read ({error}); make it again") from None


def reported_weeks(platform: Platform) -> tuple[WeekLine, ...]:
    """Return the index's lines, newest week first."""
    content = platform.lake.read_json(_LINES) or {"weeks": []}
    return tuple(WeekLine.from_json(item) for item in content["weeks"])


def pages_behind(platform: Platform) -> dict[date, str]:
    """Return the newest weeks whose page does not tell of the leads that are stored now, each with what is stored.

    The newest finished week has no page before its leads are there, or a day has passed in which they should have been.
    """
    newest = platform.last_finished_week()
    first = max(newest - WEEK * (_LOOKED_AT - 1), platform.start_week)
    held = {item.week: item for item in platform.lake.manifests(first, newest)}
    told = {line.week for line in reported_weeks(platform)}
    behind = {}
    for week in weeks_between(first, newest):
        manifest = held.get(week)
        stored = (manifest.rows, manifest.quarantined, manifest.late) if manifest else None
        if week not in told:
            due = week == newest and (manifest or platform.now() >= at_midnight(week + WEEK) + _PATIENCE)
        else:
            leads = stored_week(platform, week).leads
            due = stored is not None and stored != (leads.rows, leads.quarantined, leads.late)
        if due:
            behind[week] = digest_of([manifest.digest if manifest else "", stored])
    return behind


def page_path(week: date) -> str:
    """Return where a week's page lies in the lake."""
    return f"reports/week={week}/weekly.html"


def _add_line(platform: Platform, new: WeekLine) -> None:
    with platform.lake.lock("weekly-index"):
        lines = with_line(reported_weeks(platform), new)
        platform.lake.write_json(_LINES, {"weeks": [item.to_json() for item in lines]})
        platform.lake.write_bytes(INDEX, index_page(lines).encode())


def _tell(platform: Platform, report: WeeklyReport) -> list[str]:
    """Tell people of the newest week; pages of the past are made in silence."""
    if report.week != platform.last_finished_week():
        return []
    summary = "\n".join([report.sentence, *report.concerns])
    page = page_path(report.week)
    notice = notice_words.weekly_report(
        report.week, headline=report.headline.lower(), summary=summary, at=platform.now(), page=page
    )
    return announce(platform, notice)


def _path(week: date) -> str:
    return f"reports/week={week}/weekly.json"
