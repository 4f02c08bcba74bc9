"""Drifting: a week's question put to the stored profiles, its answer stored, drawn and recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from leadscore_assets.domain import bundle
from leadscore_assets.domain.bins import Bins
from leadscore_assets.domain.calendar import WEEK, week_of, weeks_between
from leadscore_assets.domain.drift import DriftQuestion, DriftReport, judge_drift
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.facts import Package
from leadscore_assets.domain.notice_words import drifted
from leadscore_assets.domain.profiles import total
from leadscore_assets.domain.score_monitor import ScoreDrift, watch_scores
from leadscore_assets.domain.served_drift import ServedDrift, judge_served
from leadscore_assets.domain.week_profile import WeekProfile, readable
from leadscore_assets.reports.drift_page import drift_page
from leadscore_assets.reports.evidently_page import INSTALL, evidently_page
from leadscore_assets.steps.notifying import announce_news
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.profiling import find_profile, home_bins, stored_profile
from leadscore_assets.steps.separating import read_samples, separate
from leadscore_assets.steps.serving_records import served_scores


@dataclass(frozen=True)
class Reference:
    """What a week is compared with: the weeks' profiles, in words, and the champion that learnt from them."""

    weeks: tuple[WeekProfile, ...]
    about: str
    champion: Package | None


def report_drift(platform: Platform, week: date) -> DriftReport:
    """Answer whether a week drifted, store the answer and its pages, and record the verdict.

    Reads profiles and samples alone. Raises Missing when the week has no profile of its present leads.
    """
    report = drift_against(platform, week, platform.registry.production())
    before = platform.lake.read_json(_path(week))
    if before != report.to_json() or not _has_pages(platform, week):
        platform.lake.write_bytes(page_path(week), drift_page(report).encode())
        _store_evidently(platform, report)
        # A week may be looked at again; what the ledger names stays under its own digest.
        platform.lake.write_json(f"drifts/{report.digest}.json", report.to_json())
        platform.lake.write_json(_path(week), report.to_json())
    _record(platform, report)
    if report.verdict.decision == "alarm":
        verdict, page = report.verdict, page_path(week)
        said = drifted(week, sentence=verdict.sentence, report=report.digest, at=platform.now(), page=page)
        announce_news(platform, week, said)
    return report


def drift_against(platform: Platform, week: date, champion: Package | None) -> DriftReport:
    """Answer whether a week drifted from what any model learnt from, or from the weeks before; nothing is stored.

    The model's scores are watched where the profiles hold them: they count the scores of the model in production.
    """
    return judge_drift(_question(platform, week, champion), platform.policy.drift)


def stored_drift(platform: Platform, week: date) -> DriftReport:
    """Return a week's drift report; raise Missing with the remedy."""
    found = find_drift(platform, week)
    if found is None:
        raise Missing(f"week {week} has no drift report; materialize drift_report for it")
    return found


def find_drift(platform: Platform, week: date) -> DriftReport | None:
    """Return a week's drift report, None where there is none; raise CorruptArtefact."""
    content = platform.lake.read_json(_path(week))
    try:
        return None if content is None else DriftReport.from_json(content)
    except (KeyError, TypeError) as error:
        raise CorruptArtefact(
            f"the drift report of week {week} cannot be read ({error}); materialize it again"
        ) from None


def page_path(week: date) -> str:
    """Return where a week's drift page lies in the lake."""
    return f"reports/week={week}/drift.html"


def evidently_path(week: date) -> str:
    """Return where Evidently's page, or the sentence in its place, lies in the lake."""
    return f"reports/week={week}/evidently.html"


def _question(platform: Platform, week: date, champion: Package | None) -> DriftQuestion:
    bins = home_bins(platform)
    now, reference = stored_profile(platform, week, bins), _reference(platform, week, champion, bins)
    reach = max(len(reference.weeks), 1)
    past = _profiles(platform, bins, week - WEEK * (platform.policy.drift.history_weeks + reach), week - WEEK)
    return DriftQuestion(
        week=week,
        now=now.profile,
        reference=total(item.profile for item in reference.weeks),
        reference_weeks=tuple(item.week for item in reference.weeks),
        past=[item.profile for item in past],
        bins=bins,
        about=reference.about,
        importance=_importance(platform, reference.champion),
        separation=separate(platform, now, reference.weeks, past, names=list(bins.rulers)),
        scores=_scores(platform, reference.champion, [*past, now]),
        served=_served(platform, reference.champion, [*past, now]),
    )


def _reference(platform: Platform, week: date, champion: Package | None, bins: Bins) -> Reference:
    """The weeks that the champion learnt from, where they lie before this one; else the last ones before it."""
    if champion is not None:
        first, last = (week_of(date.fromisoformat(champion.lineage[key])) for key in ("trained_from", "trained_until"))
        found = _profiles(platform, bins, first, last)
        if last < week and found:
            about = f"the {_count(found)} that version {champion.version} learnt from"
            return Reference(tuple(found), f"{about} ({first} to {last})", champion)
    found = _profiles(platform, bins, week - WEEK * platform.policy.drift.reference_weeks, week - WEEK)
    return Reference(tuple(found), f"the {_count(found)} before it", champion)


def _count(weeks: Sequence[WeekProfile]) -> str:
    return "week" if len(weeks) == 1 else f"{len(weeks)} weeks"


def _profiles(platform: Platform, bins: Bins, first: date, last: date) -> list[WeekProfile]:
    found = [find_profile(platform, week, bins) for week in weeks_between(max(first, platform.start_week), last)]
    return [item for item in found if item is not None and item.profile.rows]


def _importance(platform: Platform, champion: Package | None) -> dict[str, float]:
    """The champion's gain by feature of the contract; the inputs of one category are added up."""
    if champion is None:
        return {}
    _, files = bundle.read(platform.bundles.path(champion.digest), digest=champion.digest)
    found: dict[str, float] = {}
    for name, gain in bundle.document(files, bundle.METRICS)["importance"].items():
        feature = name if name in platform.contract.by_name else name.split("=")[0]
        found[feature] = found.get(feature, 0.0) + float(gain)
    return found


def _scores(platform: Platform, champion: Package | None, weeks: Sequence[WeekProfile]) -> ScoreDrift | None:
    if champion is None:
        return None
    learnt = date.fromisoformat(champion.lineage["validated_until"])
    days = [day for item in weeks for day in item.scores if day.bundle == champion.digest and day.day > learnt]
    policy = platform.policy.drift
    return watch_scores(days, tolerance=policy.score_tolerance, bound=policy.score_bound)


def _served(platform: Platform, champion: Package | None, weeks: Sequence[WeekProfile]) -> ServedDrift | None:
    """The endpoint's answers of the last week beside the list's; None without a champion or without answers."""
    if champion is None:
        return None
    policy, digest = platform.policy.drift, champion.digest
    history = [served_scores(platform, item.week, digest=digest) for item in weeks]
    if not history[-1]:
        return None
    days = [day for week in history for day in week]
    return judge_served(
        history[-1],
        [day for day in weeks[-1].scores if day.bundle == digest],
        least=policy.minimum_rows,
        tolerance=policy.tolerance,
        monitor=watch_scores(days, tolerance=policy.score_tolerance, bound=policy.score_bound),
    )


def _store_evidently(platform: Platform, report: DriftReport) -> None:
    bins = home_bins(platform)
    before = [stored_profile(platform, week, bins) for week in report.reference_weeks]
    sides = [read_samples(platform, side) for side in (before, [stored_profile(platform, report.week, bins)])]
    wanted = platform.policy.drift.evidently_page and report.features and all(side.num_rows for side in sides)
    page = evidently_page(*(readable(side, bins) for side in sides)) if wanted else INSTALL
    platform.lake.write_bytes(evidently_path(report.week), page.encode())


def _has_pages(platform: Platform, week: date) -> bool:
    try:
        return all(platform.lake.local_path(path).is_file() for path in (page_path(week), evidently_path(week)))
    except Missing:
        return False


def _record(platform: Platform, report: DriftReport) -> None:
    platform.ledger.append(
        "watched",
        f"week {report.week}",
        reason=f"drift {report.verdict.decision}: {report.verdict.sentence}",
        evidence={
            "decision": report.verdict.decision,
            "rule": report.verdict.rule,
            "rows": report.rows,
            "reference_rows": report.reference_rows,
            "alarms": [item.name for item in report.named("alarm")],
            "report": report.digest,
            "policy_digest": platform.policy.digest,
        },
        key=f"drift:{report.week}:{report.digest}",
    )


def _path(week: date) -> str:
    return f"reports/week={week}/drift.json"
