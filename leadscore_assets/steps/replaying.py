"""Replaying: the past decided again under other policies, by the same functions that decide the present."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from leadscore_assets.domain.calendar import weeks_between
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.other_policy import decides_alike
from leadscore_assets.domain.replay import Replay, ReplayReport, ReplayWeek, repeated
from leadscore_assets.domain.replay_standings import standings
from leadscore_assets.reports.replay_page import replay_page
from leadscore_assets.steps.past_weeks import past_evaluations
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.profiling import find_profile, home_bins, profile_week
from leadscore_assets.steps.replaying_candidates import Candidates
from leadscore_assets.steps.replaying_ledger import PastDecisions
from leadscore_assets.steps.replaying_quality import Measured, Yardstick
from leadscore_assets.steps.replaying_question import ReplayQuestion, first_week_needed, weeks_absent
from leadscore_assets.steps.replaying_weeks import Beginning, PastWeeks

REPORT, PAGE = "reports/replay.json", "reports/replay.html"
MEASURING = "measuring"
_NAMED = 6


@dataclass(frozen=True)
class Listener:
    """What a replay tells while it is at work: what it does for each week, and the lines of trainings."""

    on_week: Callable[[str, date], None] = lambda _, __: None
    on_line: Callable[[str], None] = lambda _: None


def report_replay(platform: Platform, question: ReplayQuestion, listener: Listener) -> ReplayReport:
    """Replay, store the report and its page, and record that somebody asked; raises as `replay` does."""
    report = replay(platform, question, listener)
    platform.lake.write_bytes(PAGE, replay_page(report).encode())
    platform.lake.write_json(REPORT, report.to_json())
    _record(platform, report)
    return report


def stored_replay(platform: Platform) -> ReplayReport:
    """Return the newest replay; raise Missing with the remedy."""
    content = platform.lake.read_json(REPORT)
    if content is None:
        raise Missing("there is no replay yet; materialize replay_report or run 'leadscore replay'")
    try:
        return ReplayReport.from_json(content)
    except (KeyError, TypeError) as error:
        raise CorruptArtefact(f"the stored replay cannot be read ({error}); materialize replay_report again") from None


def replay(platform: Platform, question: ReplayQuestion, listener: Listener) -> ReplayReport:
    """Decide the weeks again under each policy, and measure what each would have served.

    Missing models are trained; nothing is ingested, registered or released. Raises Missing naming the weeks that are
    not in the lake.
    """
    _check_ingested(platform, question)
    if any(policy.retraining.when == "on_drift" for _, policy in question.policies):
        _make_profiles(platform, question, listener)
    ledger, candidates = PastDecisions(platform), Candidates(platform, on_line=listener.on_line)
    beginning = Beginning(ledger.first_champion(question.first), past_evaluations(platform, question.first))
    weeks, replays = weeks_between(question.first, question.last), []
    for name, policy in question.policies:
        as_home = decides_alike(policy, platform.policy)
        simulated = PastWeeks(
            replace(platform, policy=policy),
            candidates=candidates,
            ledger=ledger,
            beginning=beginning,
            policy_digest=platform.policy.digest if as_home else None,
        )
        decided = tuple(_decided(simulated, name, week, listener) for week in weeks)
        replays.append(Replay(name, policy.digest, as_home, decided))
    models = [*candidates.models(question.last).values()]
    measured = _measured(Yardstick(platform, models), weeks, listener)
    return ReplayReport(
        first=question.first,
        last=question.last,
        home_policy_digest=platform.policy.digest,
        champion=beginning.champion.digest if beginning.champion else None,
        models=sum(model.week < question.last for model in models),
        replays=tuple(_with_quality(item, measured) for item in replays),
    )


def replay_problems(report: ReplayReport) -> list[str]:
    """Return each week that a replay of the home's own policy decides otherwise than the ledger, as a sentence."""
    return [
        f"week {week.week}: {week.decision} here and {week.ledger.decision} in the ledger"
        for item in report.replays
        if item.as_home
        for week in item.differing
        if week.ledger
    ]


def _check_ingested(platform: Platform, question: ReplayQuestion) -> None:
    absent = weeks_absent(platform, question)
    if not absent:
        return
    shown = ", ".join(f"{week}" for week in absent[:_NAMED]) + (" …" if len(absent) > _NAMED else "")
    raise Missing(f"{len(absent)} weeks that a replay reads are not ingested: {shown}; run 'leadscore ingest'")


def _make_profiles(platform: Platform, question: ReplayQuestion, listener: Listener) -> None:
    for manifest in platform.lake.manifests(first_week_needed(platform, question), question.last):
        if find_profile(platform, manifest.week, home_bins(platform)) is None:
            listener.on_line(f"week {manifest.week}: making its profile")
            profile_week(platform, manifest.week)


def _decided(simulated: PastWeeks, name: str, week: date, listener: Listener) -> ReplayWeek:
    listener.on_week(name, week)
    return simulated.decide(week)


def _measured(yardstick: Yardstick, weeks: list[date], listener: Listener) -> dict[date, Measured]:
    found = {}
    for week in weeks:
        listener.on_week(MEASURING, week)
        found[week] = yardstick.measure(week)
    return found


def _with_quality(item: Replay, measured: Mapping[date, Measured]) -> Replay:
    return replace(item, weeks=tuple(_measured_week(week, measured[week.week]) for week in item.weeks))


def _measured_week(week: ReplayWeek, found: Measured) -> ReplayWeek:
    served = found.spearman.get(week.champion) if week.champion else None
    return replace(week, rows=found.rows, served=served, oracle=max(found.spearman.values(), default=None))


def _record(platform: Platform, report: ReplayReport) -> None:
    found = [f"{item.policy}: {item.promotions} promotions" for item in report.replays]
    platform.ledger.append(
        "replayed",
        f"weeks {report.first} to {report.last}",
        reason="; ".join(found) + ". Nothing was registered or released.",
        evidence={
            "policies": {item.policy: item.policy_digest for item in report.replays},
            "standings": [item.to_json() for item in standings(report)],
            "repeats": [repeated(item) for item in report.replays if item.as_home],
            "report": report.digest,
        },
        key=f"replayed:{report.digest}",
    )
