"""One page a week: gathered from what is stored, drawn, kept in an index of all weeks, and told to people."""

from collections.abc import Sequence
from datetime import date, timedelta

from leadscore_assets.domain import notice_words
from leadscore_assets.domain.calendar import WEEK, at_midnight, weeks_between
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.live_facts import RunFact
from leadscore_assets.domain.weekly import WeeklyReport, line_of
from leadscore_assets.reports.weekly_page import weekly_page
from leadscore_assets.steps.notifying import announce
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.week_index import add_line, page_path
from leadscore_assets.steps.weekly_gathering import gathered_week

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
    add_line(platform, line_of(report))
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


def pages_behind(platform: Platform) -> dict[date, str]:
    """Return the newest weeks whose page does not tell of the leads that are stored now, each with what is stored.

    The newest finished week has no page before its leads are there, or a day has passed in which they should have been.
    """
    newest = platform.last_finished_week()
    first = max(newest - WEEK * (_LOOKED_AT - 1), platform.start_week)
    held = {item.week: item for item in platform.lake.manifests(first, newest)}
    behind = {}
    for week in weeks_between(first, newest):
        manifest, told = held.get(week), _told_of(platform, week)
        stored = (manifest.rows, manifest.quarantined, manifest.late) if manifest else None
        if told is None:
            due = week == newest and (stored or platform.now() >= at_midnight(week + WEEK) + _PATIENCE)
        else:
            due = stored not in (None, told)
        if due:
            behind[week] = digest_of([manifest.digest if manifest else "", stored])
    return behind


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


def _told_of(platform: Platform, week: date) -> tuple[int, int, int] | None:
    """Return the leads that a week's page tells of: rows, set aside, late; None where there is no page."""
    try:
        leads = stored_week(platform, week).leads
    except (Missing, CorruptArtefact):
        return None
    return leads.rows, leads.quarantined, leads.late


def _path(week: date) -> str:
    return f"reports/week={week}/weekly.json"
