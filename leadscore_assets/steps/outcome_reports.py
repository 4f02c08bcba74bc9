"""How a week's list came out, told when its outcomes are known, and told again when late ones change it."""

from datetime import date, timedelta

from leadscore_assets.domain import realised
from leadscore_assets.domain.calendar import DAY, WEEK, week_of
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import CorruptArtefact, Missing, NotEnoughData
from leadscore_assets.domain.facts import WeekManifest
from leadscore_assets.domain.ladder import LOWER_IS_BETTER
from leadscore_assets.domain.realised import Answerer, OutcomeReport, Terms
from leadscore_assets.domain.triggers import Realised
from leadscore_assets.reports.outcome_page import outcome_page
from leadscore_assets.steps.outcome_rows import OutcomeRows, answered_groups, outcome_rows
from leadscore_assets.steps.past_retention import is_past_retention
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.shown_scores import shown_file

LOOKED_BACK = 26
"""Weeks after which late outcomes change no report any more; nothing looks further back, however old the home is."""


def report_outcomes(platform: Platform, week: date) -> OutcomeReport:
    """Report how a week's list came out, store the report and its page, and record it.

    Raises NotEnoughData naming the day from which its outcomes are known, Missing without a list or leads.
    """
    known_from = outcomes_known_from(platform, week)
    if platform.today() < known_from:
        raise NotEnoughData(f"the outcomes of week {week} are known on {known_from}; materialize outcome_report then")
    rows = outcome_rows(platform, week)
    report = _judged(platform, week, rows, _about(platform, rows.manifest))
    if platform.lake.read_json(_path(week)) != report.to_json() or not platform.lake.holds(page_path(week)):
        platform.lake.write_bytes(page_path(week), outcome_page(report).encode())
        platform.lake.write_json(_path(week), report.to_json())
    _record(platform, report)
    return report


def find_outcomes(platform: Platform, week: date) -> OutcomeReport | None:
    """Return a week's report, None where there is none; raise CorruptArtefact."""
    content = platform.lake.read_json(_path(week))
    try:
        return None if content is None else OutcomeReport.from_json(content)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtefact(f"the outcomes of week {week} cannot be read ({error}); materialize them again") from None


def stored_outcomes(platform: Platform, week: date) -> OutcomeReport:
    """Return a week's report; raise Missing with the remedy."""
    found = find_outcomes(platform, week)
    if found is None:
        raise Missing(f"week {week} has no report of its outcomes; materialize outcome_report for it")
    return found


def outcomes_known_from(platform: Platform, week: date) -> date:
    """Return the day from which every lead of a week is older than the outcome horizon."""
    return week + WEEK + timedelta(days=platform.contract.horizon_days)


def newest_matured(platform: Platform) -> date:
    """Return the newest week whose outcomes are known by now."""
    return week_of(platform.today() - DAY * platform.contract.horizon_days) - WEEK


def weeks_to_report(platform: Platform) -> dict[date, str]:
    """Return the listed weeks whose outcomes are known and not yet reported as they are now, with what they hold.

    A report that retention keeps no longer is not asked for again.
    """
    last, newest = newest_matured(platform), platform.last_finished_week()
    kept = platform.policy.retention.reports_days
    found = {}
    for manifest in platform.lake.manifests(max(last - WEEK * LOOKED_BACK, platform.start_week), last):
        if not manifest.rows or shown_file(platform, manifest.week) is None:
            continue
        about, report = _about(platform, manifest), platform.lake.read_json(_path(manifest.week))
        if report is None and is_past_retention(platform, manifest.week, newest, days=kept):
            continue
        if report is None or report.get("about") != about:
            found[manifest.week] = about
    return found


def reports_until(platform: Platform, week: date, *, weeks: int) -> list[OutcomeReport]:
    """Return the reports of so many weeks up to and with a week, oldest first; weeks without one are left out."""
    wanted = [week - WEEK * back for back in reversed(range(weeks))]
    found = [find_outcomes(platform, item) for item in wanted if item >= platform.start_week]
    return [item for item in found if item is not None]


def latest_realised(platform: Platform) -> Realised | None:
    """Return how the champion did on the newest week of leads that it scored, beside what its judging expected.

    None while no such week has as many known outcomes as the policy asks of a test slice. Where the primary metric is
    an error, Spearman stands for it: what triggers a retraining is a value that fell.
    """
    champion = platform.registry.production()
    if champion is None:
        return None
    metric = platform.policy.promotion.metric
    name = "spearman" if metric in LOWER_IS_BETTER or metric not in champion.metrics else metric
    last = newest_matured(platform)
    for back in range(LOOKED_BACK):
        week = last - WEEK * back
        if week <= min(champion.week, platform.start_week - WEEK):
            break
        report = find_outcomes(platform, week)
        mine = [item for item in report.models if item.version == champion.version] if report else []
        if mine and mine[0].rows >= platform.policy.window.minimum_test_rows and name in mine[0].metrics:
            return _as_realised(week, name, mine[0], champion.metrics.get(name))
    return None


def outcome_problems(platform: Platform, week: date) -> list[str]:
    """Say in what the models did worse than judging expected, a sentence each; raise Missing without a report."""
    rules, report = platform.policy.retraining, stored_outcomes(platform, week)
    problems = []
    for item in report.models:
        expected = item.expected.get("spearman")
        if item.spearman and expected is not None and item.spearman.high < expected - rules.realised_margin:
            problems.append(
                f"Version {item.version} reached a Spearman of {item.spearman.value:.4f} on {item.rows:,} leads of "
                f"week {week}, at most {item.spearman.high:.4f}, and {expected:.4f} when it was judged; see "
                "the outcomes of that week"
            )
    return problems


def page_path(week: date) -> str:
    """Return where a week's page of outcomes lies in the lake."""
    return f"reports/week={week}/outcomes.html"


def _as_realised(week: date, metric: str, item: Answerer, expected: float | None) -> Realised | None:
    if expected is None:
        return None
    return Realised(week, metric, item.metrics[metric], expected, item.rows, item.metrics.get("auc"))


def _about(platform: Platform, manifest: WeekManifest) -> str:
    shown, rules = shown_file(platform, manifest.week), platform.policy.promotion
    terms = [platform.contract.digest, rules.score_threshold, rules.confidence]
    return digest_of([manifest.digest, manifest.contract, shown.sha256 if shown else None, terms])


def _judged(platform: Platform, week: date, rows: OutcomeRows, about: str) -> OutcomeReport:
    contract, rules = platform.contract, platform.policy.promotion
    terms = Terms(
        threshold=rules.score_threshold,
        label_minimum=contract.label_minimum,
        label_maximum=contract.label_maximum,
        confidence=rules.confidence,
        has_outcome=contract.outcome is not None,
    )
    mine, sure = rows.shown, rules.confidence
    expected = {item.version: item.metrics for item in platform.registry.packages()}
    return OutcomeReport(
        week=week,
        about=about,
        listed=rows.listed,
        known=rows.known,
        learnt=rows.learnt,
        rows=mine.score.size,
        outcome=contract.outcome or f"a {contract.label} of {terms.threshold:g} or more",
        models=realised.answerers(mine, terms, expected),
        whole=realised.group("the whole list", mine, mine.version >= 0, confidence=sure),
        top=realised.top_list(mine, confidence=sure),
        bands=realised.bands(mine, confidence=sure),
        arms=_arms(platform, week, rows, sure),
        pictures=realised.pictures(mine, terms),
    )


def _arms(platform: Platform, week: date, rows: OutcomeRows, confidence: float) -> tuple[realised.Group, ...]:
    """Count conversions by variant; captures are deleted with time, and what was told from more of them stays."""
    arms, before = answered_groups(platform, week, rows, confidence=confidence), find_outcomes(platform, week)
    if before and sum(item.rows for item in before.arms) > sum(item.rows for item in arms):
        return before.arms
    return arms


def _record(platform: Platform, report: OutcomeReport) -> None:
    models = {
        f"{item.version}": {key: item.metrics[key] for key in ("spearman", "auc") if key in item.metrics}
        for item in report.models
    }
    platform.ledger.append(
        "realised",
        f"week {report.week}",
        reason=report.sentence,
        evidence={
            "rows": report.rows,
            "matured": report.matured,
            "models": models,
            "about": report.about,
            "report": report.digest,
            "policy_digest": platform.policy.digest,
        },
        key=f"realised:{report.week}:{report.digest}",
    )


def _path(week: date) -> str:
    return f"reports/week={week}/outcomes.json"
