"""Judging: candidate and champion on the same test rows, newer than both trainings, once a candidate."""

from datetime import date
from typing import Any

from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.evaluation import (
    Evaluation,
)
from leadscore_assets.domain.facts import Package
from leadscore_assets.domain.slices import TEST
from leadscore_assets.reports.page import evaluation_page
from leadscore_assets.steps.evaluating import JudgingQuestion, evaluate_candidate
from leadscore_assets.steps.fitting import candidate_digest
from leadscore_assets.steps.past_weeks import past_evaluations, remember_first
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.tracking import track_training


def judge_candidate(platform: Platform, week: date) -> Evaluation:
    """Judge a week's candidate against the champion, store the evaluation and its page, and record the verdict.

    A candidate that was judged on the same rows under the same rules, against the same champion or before it became
    the champion itself, is not judged again: the stored evaluation is returned.
    """
    digest = candidate_digest(platform, week)
    champion = platform.registry.production()
    test = platform.lake.slice(week, TEST)
    terms = digest_of([digest, test.digest, platform.policy.digest, platform.contract.digest])
    stored = platform.lake.read_json(_path(week))
    if stored and stored["terms_digest"] == terms and _still_holds(stored, digest, champion):
        evaluation = Evaluation.from_json(stored["evaluation"])
    else:
        evaluation = _judge_now(platform, week, digest, champion, terms)
    remember_first(platform, evaluation)
    _record(platform, week, evaluation, terms)
    track_training(platform, week, evaluation)
    return evaluation


def stored_evaluation(platform: Platform, week: date) -> Evaluation:
    """Return a week's evaluation; raise Missing with the remedy."""
    stored = platform.lake.read_json(_path(week))
    if stored is None:
        raise Missing(f"week {week} has no evaluation; materialize evaluation_report for it")
    try:
        return Evaluation.from_json(stored["evaluation"])
    except (KeyError, TypeError) as error:
        raise CorruptArtefact(f"the evaluation of week {week} cannot be read ({error}); materialize it again") from None


def page_path(week: date) -> str:
    """Return where a week's evaluation page lies in the lake."""
    return f"reports/week={week}/evaluation.html"


def _still_holds(stored: dict[str, Any], digest: str, champion: Package | None) -> bool:
    current = champion.digest if champion else None
    return current in (stored["evaluation"]["subject"]["champion_digest"], digest)


def _judge_now(platform: Platform, week: date, digest: str, champion: Package | None, terms: str) -> Evaluation:
    test = platform.lake.slice(week, TEST)
    judged = _count(platform, test.digest, digest)
    evaluation = evaluate_candidate(
        platform, JudgingQuestion(week, digest, champion, test, judged, past_evaluations(platform, week))
    )
    platform.lake.write_bytes(page_path(week), evaluation_page(evaluation).encode())
    # A week may be judged again; the evidence of an earlier release stays under its own digest.
    platform.lake.write_json(f"evaluations/{evaluation.digest}.json", evaluation.to_json())
    platform.lake.write_json(_path(week), {"terms_digest": terms, "evaluation": evaluation.to_json()})
    return evaluation


def _count(platform: Platform, test_digest: str, digest: str) -> int:
    """Count how many candidates were judged on these rows, this one included."""
    records = platform.ledger.records(action="judged", subject=f"test rows {test_digest}")
    return len({record.evidence["candidate"] for record in records} | {digest})


def _record(platform: Platform, week: date, evaluation: Evaluation, terms: str) -> None:
    subject, gain = evaluation.subject, evaluation.past_gain
    shrunken = evaluation.posterior
    decision = evaluation.verdict.decision.replace("_", " ")
    platform.ledger.append(
        "judged",
        f"test rows {platform.lake.slice(week, TEST).digest}",
        reason=f"week {week}: {decision}. {evaluation.verdict.sentence}",
        evidence={
            "week": week.isoformat(),
            "candidate": subject.candidate_digest,
            "champion": subject.champion_digest,
            "decision": evaluation.verdict.decision,
            "rule": evaluation.verdict.rule,
            "spearman": evaluation.candidate_metrics.get("spearman"),
            "gain": gain.gain if gain else None,
            "standard_error": gain.standard_error if gain else None,
            "shrunken": [shrunken.mean, shrunken.low, shrunken.high] if shrunken else None,
            "rows": evaluation.rows,
            "judged": subject.judged,
            "evaluation": evaluation.digest,
            "policy_digest": platform.policy.digest,
        },
        key=f"judged:{terms}:{subject.champion_digest}",
    )


def _path(week: date) -> str:
    return f"reports/week={week}/evaluation.json"
