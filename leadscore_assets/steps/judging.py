"""Judging: candidate and champion on the same test rows, newer than both trainings, once a candidate."""

import time
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain import bundle
from leadscore_assets.domain.calendar import DAY, at_midnight
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.evaluation import Answers, Evaluation, JudgedRows, Subject, build_evaluation
from leadscore_assets.domain.facts import Package
from leadscore_assets.domain.policy import PromotionPolicy
from leadscore_assets.domain.promotion import MINIMUM_TEST_ROWS, Verdict, decide
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.domain.slices import TEST
from leadscore_assets.domain.training import Labelled, labelled
from leadscore_assets.reports.page import evaluation_page
from leadscore_assets.steps.fitting import candidate_digest
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.tracking import track_training

_LATENCY_CALLS = 200


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


def judged_rows(part: Labelled, created_at: str, *, has_outcome: bool) -> JudgedRows:
    """Return labels, days and outcomes of labelled rows; an outcome that is not known counts as not converted."""
    days = part.table[created_at].cast(pa.timestamp("us")).to_numpy().astype("datetime64[D]")
    outcome = np.nan_to_num(part.outcomes, nan=0.0) if has_outcome else None
    return JudgedRows(part.labels, days, outcome)


def answers(scorer: Scorer, table: pa.Table) -> Answers:
    """Score rows as the endpoint would."""
    scored = scorer.score_table(table)
    return Answers(scored.score, scored.probability)


def _still_holds(stored: dict[str, Any], digest: str, champion: Package | None) -> bool:
    current = champion.digest if champion else None
    return current in (stored["evaluation"]["subject"]["champion_digest"], digest)


def _judge_now(platform: Platform, week: date, digest: str, champion: Package | None, terms: str) -> Evaluation:
    test = platform.lake.slice(week, TEST)
    judged = _count(platform, test.digest, digest)
    evaluation = _evaluate(platform, week, digest, champion, judged)
    platform.lake.write_bytes(page_path(week), evaluation_page(evaluation).encode())
    # A week may be judged again; the evidence of an earlier release stays under its own digest.
    platform.lake.write_json(f"evaluations/{evaluation.digest}.json", evaluation.to_json())
    platform.lake.write_json(_path(week), {"terms_digest": terms, "evaluation": evaluation.to_json()})
    return evaluation


def _evaluate(platform: Platform, week: date, digest: str, champion: Package | None, judged: int) -> Evaluation:
    contract = platform.contract
    scorer = Scorer.open(platform.bundles.path(digest), digest=digest)
    _, files = bundle.read(platform.bundles.path(digest), digest=digest)
    summary, lineage = bundle.document(files, bundle.METRICS), bundle.document(files, bundle.LINEAGE)
    test = labelled(platform.lake.read_files(platform.lake.slice(week, TEST).files), contract)
    part, comparable = _newer_than_champion(test, champion, contract.created_at)
    rival, lost = _rival(platform, champion, part.table)
    evaluation = build_evaluation(
        subject=Subject(
            week=week,
            candidate_digest=digest,
            champion_digest=champion.digest if champion else None,
            champion_version=champion.version if champion else None,
            comparable=comparable,
            judged=judged,
            trained_first=date.fromisoformat(lineage["trained_from"]),
            trained_last=date.fromisoformat(lineage["trained_until"]),
            trained_rows=summary["train_rows"],
            policy_digest=platform.policy.digest,
            label_name=contract.label,
            label_minimum=contract.label_minimum,
            label_maximum=contract.label_maximum,
            outcome_name=contract.outcome,
        ),
        rows=judged_rows(part, contract.created_at, has_outcome=contract.outcome is not None),
        candidate=answers(scorer, part.table),
        champion=answers(rival, part.table) if rival else None,
        policy=platform.policy.promotion,
        importance=summary["importance"],
    )
    if lost:
        evaluation = replace(evaluation, verdict=_without_champion(evaluation, lost, platform.policy.promotion))
    evaluation.candidate_metrics.update(_latency(scorer, part.table))
    return evaluation


def _rival(platform: Platform, champion: Package | None, table: pa.Table) -> tuple[Scorer | None, str]:
    """Open the champion; where it can no longer answer these rows, return why."""
    if champion is None:
        return None, ""
    try:
        scorer = Scorer.open(platform.bundles.path(champion.digest), digest=champion.digest)
    except (CorruptArtefact, Missing) as error:
        return None, f"The champion's bundle is lost: {error}."
    absent = [f.name for f in scorer.contract.features if pa.field(f.name, f.arrow_type) not in list(table.schema)]
    if absent:
        return None, f"The champion needs columns that the contract no longer has: {', '.join(absent)}."
    return scorer, ""


def _without_champion(evaluation: Evaluation, lost: str, policy: PromotionPolicy) -> Verdict:
    """Judge a candidate alone, because the champion cannot answer any lead of today: it must reach the floor."""
    alone = decide(
        comparison=None,
        metrics=evaluation.candidate_metrics,
        champion_exists=False,
        comparable=True,
        rows=evaluation.rows,
        policy=policy,
    )
    rule = "champion_cannot_answer" if alone.decision == "promote" else alone.rule
    return Verdict(alone.decision, rule, (lost, alone.reasons[0]))


def _newer_than_champion(test: Labelled, champion: Package | None, created_at: str) -> tuple[Labelled, bool]:
    """Keep the test rows that the champion's training cannot have seen; say whether enough are left to compare."""
    if champion is None:
        return test, True
    after = date.fromisoformat(champion.lineage["validated_until"]) + DAY
    newer = pc.greater_equal(test.table[created_at], pa.scalar(at_midnight(after))).to_numpy()
    if newer.all() or newer.sum() < MINIMUM_TEST_ROWS:
        return test, bool(newer.all())
    return Labelled(test.table.filter(pa.array(newer)), test.labels[newer], test.outcomes[newer]), True


def _latency(scorer: Scorer, table: pa.Table) -> dict[str, float]:
    """Measure the 99th percentile of scoring one lead, in milliseconds."""
    if not table.num_rows:
        return {}
    times = []
    for position in range(_LATENCY_CALLS):
        row = table.slice(position % table.num_rows, 1)
        started = time.perf_counter()
        scorer.score_table(row)
        times.append(time.perf_counter() - started)
    return {"latency_p99_ms": float(np.quantile(times, 0.99) * 1000)}


def _count(platform: Platform, test_digest: str, digest: str) -> int:
    """Count how many candidates were judged on these rows, this one included."""
    records = platform.ledger.records(action="judged", subject=f"test rows {test_digest}")
    return len({record.evidence["candidate"] for record in records} | {digest})


def _record(platform: Platform, week: date, evaluation: Evaluation, terms: str) -> None:
    subject = evaluation.subject
    platform.ledger.append(
        "judged",
        f"test rows {platform.lake.slice(week, TEST).digest}",
        reason=f"week {week}: {evaluation.verdict.decision}. {evaluation.verdict.sentence}",
        evidence={
            "week": week.isoformat(),
            "candidate": subject.candidate_digest,
            "champion": subject.champion_digest,
            "decision": evaluation.verdict.decision,
            "rule": evaluation.verdict.rule,
            "spearman": evaluation.candidate_metrics.get("spearman"),
            "rows": evaluation.rows,
            "judged": subject.judged,
            "policy_digest": platform.policy.digest,
        },
        key=f"judged:{terms}:{subject.champion_digest}",
    )


def _path(week: date) -> str:
    return f"reports/week={week}/evaluation.json"
