"""What a week's page says, gathered from the lake, the ledger and the release; nothing is drawn or sent here."""

import os.path
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial

from leadscore_assets.domain.accompanying import next_look, tenure
from leadscore_assets.domain.calendar import DAY, WEEK, at_midnight, week_of
from leadscore_assets.domain.facts import LedgerRecord
from leadscore_assets.domain.live_facts import RunFact, RunsOfAWeek
from leadscore_assets.domain.realised import OutcomeReport
from leadscore_assets.domain.release_state import ReleaseState
from leadscore_assets.domain.retraining_calendar import next_due
from leadscore_assets.domain.scrubbing import scrub
from leadscore_assets.domain.weekly import Coming, Leads, Outcomes, Realisation, WeeklyReport, in_a_row, told
from leadscore_assets.steps.drifting import find_drift
from leadscore_assets.steps.drifting import page_path as drift_page_path
from leadscore_assets.steps.freshness import freshness
from leadscore_assets.steps.judging import page_path as evaluation_page_path
from leadscore_assets.steps.outcome_reports import outcome_problems, outcomes_known_from, reports_until
from leadscore_assets.steps.outcome_reports import page_path as outcome_page_path
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.retraining import first_model_day
from leadscore_assets.steps.run_facts import record_runs

_MOST = 5000
_IN_A_ROW = 12
_RELEASES = (
    "approved",
    "rejected",
    "shadowed",
    "shifted",
    "promoted",
    "stayed",
    "retired",
    "rolled back",
    "repaired",
    "refused",
)
_CONCERNS = ("alarmed", "gate failed", "rolled back")


def gathered_week(platform: Platform, week: date, runs: Sequence[RunFact]) -> WeeklyReport:
    """Gather a week: its leads and drift, what was done in its seven days, outcomes known by then, what comes next.

    The page goes along with a notice, so what others said is scrubbed as a notice is.
    """
    first, last = at_midnight(week), at_midnight(week + WEEK)
    records = platform.ledger.records(since=first, until=last, limit=_MOST)
    asked = [item for item in records if item.action == "asked"]
    champion, state = platform.registry.production(), present_release(platform)
    drift, sentence, moved = _drift(platform, week)
    kept, outcomes = record_runs(platform, week, runs), _outcomes(platform, week)
    leads = _leads(platform, week)
    # The week's leads come in after its last day: what stopped them then belongs on this page, not on the next.
    stopped = platform.ledger.records(action="gate failed", subject=f"week {week}", since=last)
    alarming, watched = _concerns(platform, [*records, *stopped], kept, leads)
    watched = [*([f"The week's leads drifted: {sentence}"] if moved else []), *_fallen(platform, outcomes), *watched]
    found = WeeklyReport(
        week=week,
        champion=champion.version if champion else None,
        leads=leads,
        asked=in_a_row(asked),
        verdicts=told(item for item in records if item.action in ("judged", "not packaged")),
        releases=told(item for item in records if item.action in _RELEASES),
        drift=drift,
        drift_sentence=sentence,
        outcomes=outcomes,
        release=_standing(state),
        runs=kept,
        coming=_coming(platform, week, state),
        concerns=(*alarming, *watched),
        alarming=len(alarming),
        pages=_pages(platform, week, records, outcomes),
    )
    return found.with_texts(partial(scrub, contract=platform.contract))


def _leads(platform: Platform, week: date) -> Leads:
    manifest, fresh = platform.lake.manifest(week), freshness(platform)
    if manifest is None:
        return Leads(newest_hours=fresh.hours, missing=fresh.missing)
    return Leads(manifest.rows, manifest.quarantined, manifest.late, bool(manifest.rows), fresh.hours, fresh.missing)


def _drift(platform: Platform, week: date) -> tuple[str, str, bool]:
    report = find_drift(platform, week)
    if report is None:
        return "", "Nobody looked for drift in this week's leads.", False
    verdict = report.verdict
    return verdict.decision, verdict.sentence, verdict.decision == "alarm"


def _outcomes(platform: Platform, week: date) -> Outcomes | None:
    """Return the newest outcomes that were known when the week ended."""
    matured = week_of(week + WEEK - DAY * platform.contract.horizon_days) - WEEK
    found = reports_until(platform, matured, weeks=_IN_A_ROW)
    if not found:
        return None
    newest = found[-1]
    return Outcomes(
        week=newest.week,
        sentence=newest.sentence,
        lift=newest.top.lift if newest.top else None,
        top=newest.top.top.rate if newest.top else None,
        bands=newest.bands,
        arms=newest.arms,
        trend=tuple(point for item in found for point in _points(item)),
    )


def _points(report: OutcomeReport) -> list[Realisation]:
    first = report.models[0] if report.models else None
    if first is None or first.spearman is None:
        return []
    return [Realisation(report.week, first.spearman, first.expected.get("spearman"))]


def _fallen(platform: Platform, outcomes: Outcomes | None) -> list[str]:
    return outcome_problems(platform, outcomes.week) if outcomes else []


def _concerns(
    platform: Platform, records: Sequence[LedgerRecord], runs: RunsOfAWeek, leads: Leads
) -> tuple[list[str], list[str]]:
    """Return what cannot wait, and what a person should look at."""
    broken = platform.ledger.verify()
    alarming = [f"The ledger's chain does not hold: {broken[0]}"] if broken else []
    alarming += [f"{item.action.capitalize()}: {item.reason}" for item in records if item.action in _CONCERNS]
    watched = [f"{_counted(runs)} of {job} failed." for job, runs in _failed(runs)]
    if leads.missing:
        weeks = ", ".join(f"{item}" for item in leads.missing[-3:])
        watched.append(f"Weeks without leads: {weeks}; run 'leadscore ingest'.")
    return list(dict.fromkeys(alarming)), watched


def _failed(runs: RunsOfAWeek) -> list[tuple[str, int]]:
    jobs = [item.job for item in runs.failed]
    return [(job, jobs.count(job)) for job in dict.fromkeys(jobs)]


def _counted(number: int) -> str:
    return "One run" if number == 1 else f"{number} runs"


def _standing(state: ReleaseState) -> str:
    if state.champion is None:
        return "Nothing answers yet."
    if state.candidate:
        return (
            f"Version {state.candidate.version} is on its way ({state.phase}, {state.weight:.0%} of leads) beside "
            f"version {state.champion.version}: {state.reason}."
        )
    watched = "under close watch" if not state.settled else "no release is in hand"
    return f"Version {state.champion.version} answers all leads; {watched}."


def _coming(platform: Platform, week: date, state: ReleaseState) -> tuple[Coming, ...]:
    """Return what comes next after this moment, soonest first; what has no moment stands last."""
    now, rules = platform.now(), platform.policy
    due = next_due(rules.retraining, now, first_model=first_model_day(platform))
    office = tenure(state)
    look = next_look(office, rules.release, now) if office else None
    found = [
        Coming(f"The {rules.retraining.when} question whether to retrain", due) if due else None,
        Coming(state.next_step.capitalize(), state.next_at) if state.in_hand and state.next_step else None,
        Coming(f"A {look.stage} look at version {office.version}", look.due) if look and office else None,
        Coming(f"Outcomes of this week's leads, {week}", at_midnight(outcomes_known_from(platform, week))),
        Coming("The next week's leads", at_midnight(week + 2 * WEEK) + timedelta(hours=3)),
    ]
    late = datetime.max.replace(tzinfo=now.tzinfo)
    known = [item for item in found if item is not None and (item.at is None or item.at >= now)]
    return tuple(sorted(known, key=lambda item: item.at or late))


def _pages(
    platform: Platform, week: date, records: Sequence[LedgerRecord], outcomes: Outcomes | None
) -> tuple[str, ...]:
    """Return the pages that tell more, those that are there, as links from the week's own folder."""
    judged = {date.fromisoformat(str(item.evidence["week"])) for item in records if item.action == "judged"}
    wanted = [drift_page_path(week), *(evaluation_page_path(item) for item in sorted(judged))]
    wanted += [outcome_page_path(outcomes.week)] if outcomes else []
    found = [path for path in wanted if platform.lake.holds(path)]
    return tuple(os.path.relpath(path, f"reports/week={week}") for path in found)
