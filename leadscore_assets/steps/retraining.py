"""Retraining: the one question put to what is stored, and its answer recorded, also when it is no."""

from datetime import date, datetime

from leadscore_assets.domain.calendar import DAY, WEEK, at_midnight
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import Missing, NotEnoughData
from leadscore_assets.domain.facts import LedgerRecord
from leadscore_assets.domain.slices import TEST, TRAIN, VALIDATION
from leadscore_assets.domain.triggers import Answer, Asker, DriftAnswer, RetrainingState
from leadscore_assets.domain.triggers import should_retrain as answered
from leadscore_assets.steps.drifting import find_drift
from leadscore_assets.steps.outcome_reports import latest_realised
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.slicing import plan_cut

_REMEMBERED = 120


def should_retrain(
    platform: Platform,
    *,
    asker: Asker,
    week: date | None = None,
    running: str = "",
    key: str | None = None,
    because: str = "",
) -> Answer:
    """Answer for a finished week, the newest stored one where none is named, and record the answer.

    `running` names a retraining that is under way, `because` is a person's own reason. A question that is asked again
    under its key gets the answer that it got before, whatever became of it since.
    """
    found = answered(retraining_state(platform, week, running=running), platform.policy, platform.now(), asker=asker)
    return Answer.from_json(_record(platform, found, asker, key=key, because=because).evidence)


def forced_by_hand(platform: Platform, week: date, *, run: str, because: str) -> None:
    """Record once a run that a person launched to train a week, though nobody asked: who, when and why."""
    key = f"asked:run:{run}"
    if all(item.key != key for item in platform.ledger.records(action="asked", subject=f"retraining of week {week}")):
        should_retrain(platform, asker="forced", week=week, key=key, because=because)


def retraining_state(platform: Platform, week: date | None = None, *, running: str = "") -> RetrainingState:
    """Read everything that the question rests on; nothing of the past is read beyond what it compares with."""
    chosen, rules = week or _newest_stored(platform), platform.policy.retraining
    champion = platform.registry.production()
    trained = platform.ledger.records(action="trained", limit=_REMEMBERED)
    newest = max(trained, key=lambda item: (str(item.evidence["week"]), item.seq), default=None)
    (data, problem), done = _data(platform, chosen), _done(platform, trained)
    drift = _drift(platform, chosen) if champion and "drift" in rules.conditions else None
    return RetrainingState(
        week=chosen,
        champion=champion is not None,
        data=data,
        problem=problem,
        first_model=first_model_day(platform) if rules.when == "phases" else None,
        last_trained=newest.at if newest and newest.at <= platform.now() else None,
        trained_data=done,
        new_rows=_new_rows(platform, chosen, newest),
        champion_trained=champion.week + WEEK if champion else None,
        drift=drift,
        last_drift=_last_started_by_drift(platform, chosen, done) if drift and drift.decision == "alarm" else None,
        running=running,
        on_its_way=_on_its_way(platform, chosen),
        realised=latest_realised(platform) if champion and "performance" in rules.conditions else None,
    )


def last_answers(platform: Platform, *, limit: int) -> list[LedgerRecord]:
    """Return the newest answers, oldest first."""
    return platform.ledger.records(action="asked", limit=limit)


def _newest_stored(platform: Platform) -> date:
    held = platform.lake.manifests(platform.last_finished_week() - WEEK * 8, platform.last_finished_week())
    return held[-1].week if held else platform.last_finished_week()


def _data(platform: Platform, week: date) -> tuple[str, str]:
    """Return the digest of what a training of the week would learn from, or why there is nothing."""
    try:
        slices = plan_cut(platform, week).slices
    except (NotEnoughData, Missing) as error:
        return "", f"{error}"
    return digest_of([slices[TRAIN].digest, slices[VALIDATION].digest]), ""


def _done(platform: Platform, trained: list[LedgerRecord]) -> tuple[str, ...]:
    """Return the data of trainings that were judged too; one that was cut short in between is done again."""
    judged = {item.evidence["candidate"] for item in platform.ledger.records(action="judged", limit=_REMEMBERED)}
    return tuple(str(item.evidence["data_digest"]) for item in trained if item.subject.split()[-1] in judged)


def _new_rows(platform: Platform, week: date, newest: LedgerRecord | None) -> int | None:
    """Count matured labelled rows after the days that the newest training was given."""
    if newest is None:
        return None
    try:
        last = platform.lake.slice(date.fromisoformat(str(newest.evidence["week"])), TEST).days[-1]
    except Missing:
        return None
    matured = platform.today() - DAY * platform.contract.horizon_days
    files = [file for item in platform.lake.manifests(last - WEEK, week) for file in item.files]
    return sum(file.labelled for file in files if last < file.day < matured)


def _on_its_way(platform: Platform, week: date) -> str:
    """Name the version of a week that is on its way to production, or waits; empty where there is none."""
    state = present_release(platform)
    models = (state.candidate, state.waiting.model if state.waiting else None)
    found = [item for item in models if item and platform.registry.get(item.version).week == week]
    return f"version {found[0].version}" if found else ""


def first_model_day(platform: Platform) -> date | None:
    """Return the day on which the first model went live."""
    first = platform.ledger.records(action="promoted", limit=1, oldest=True)
    return first[0].at.date() if first else None


def _last_started_by_drift(platform: Platform, week: date, done: tuple[str, ...]) -> date | None:
    """Return the day after the week whose drift last started a retraining that came to its end.

    A week is asked about once it is over, so what a rest before this one's end can hold was recorded since.
    """
    since = at_midnight(week + WEEK - DAY * platform.policy.drift.cooldown_days)
    for item in reversed(platform.ledger.records(action="asked", since=since, limit=_REMEMBERED * 10)):
        said = item.evidence
        if said["cause"] == "drift" and said["wanted"] and said["data"] in done:
            return date.fromisoformat(str(said["week"])) + WEEK
    return None


def _drift(platform: Platform, week: date) -> DriftAnswer | None:
    report = find_drift(platform, week)
    return DriftAnswer(report.verdict.decision, report.verdict.sentence, report.digest) if report else None


def _record(platform: Platform, found: Answer, asker: Asker, *, key: str | None, because: str) -> LedgerRecord:
    return platform.ledger.append(
        "asked",
        f"retraining of week {found.week}",
        reason=f"{found.decision}: {found.sentence}{f' ({because})' if because else ''}",
        evidence={
            **found.to_json(),
            "asker": asker,
            "wanted": found.wanted,
            "because": because,
            "policy_digest": platform.policy.digest,
        },
        key=key,
    )


def retraining_key(found: Answer, now: datetime) -> str:
    """Return the key under which Dagster runs an answer once: by content; a day later a failed one is tried again."""
    return f"retrain:{found.week}:{found.data[:16]}:{now:%Y-%m-%d}"
