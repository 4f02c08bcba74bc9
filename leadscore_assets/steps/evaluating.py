"""Evaluating: one candidate against one champion on one test slice, whoever asks and whatever became of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain import bundle, reasons
from leadscore_assets.domain.calendar import DAY, at_midnight
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.evaluation import (
    Background,
    Evaluation,
    JudgedRows,
    Subject,
    build_evaluation,
    history_of,
)
from leadscore_assets.domain.facts import Package, Slice
from leadscore_assets.domain.labelled import Labelled, labelled
from leadscore_assets.domain.promotion import Evidence, Verdict, decide
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.domain.segments import segment_columns
from leadscore_assets.steps.answering import answers, scorer_for
from leadscore_assets.steps.past_weeks import repeated_gain
from leadscore_assets.steps.platform import Platform

_LATENCY_CALLS = 200


@dataclass(frozen=True)
class JudgingQuestion:
    """Which bundle is judged on which rows against whom, and what is known of the weeks before.

    `judged` counts the candidates that were judged on these rows, this one included. The latency of one lead is
    measured where it is not given, unless `measures_latency` forbids it: then no guardrail speaks of it.
    """

    week: date
    candidate: str
    champion: Package | None
    test: Slice
    judged: int = 1
    past: Sequence[Evaluation] = ()
    latency_p99_ms: float | None = None
    measures_latency: bool = True


def evaluate_candidate(platform: Platform, question: JudgingQuestion) -> Evaluation:
    """Judge a bundle on a test slice, beside the champion on those rows that its training cannot have seen."""
    contract, rules, champion = platform.contract, platform.policy.promotion, question.champion
    scorer = Scorer.open(platform.bundles.path(question.candidate), digest=question.candidate)
    _, files = bundle.read(platform.bundles.path(question.candidate), digest=question.candidate)
    summary = bundle.document(files, bundle.METRICS)
    test = labelled(platform.lake.read_files(question.test.files), contract)
    part, comparable = _newer_than_champion(test, champion, contract.created_at, rules.minimum_rows)
    rows = judged_rows(
        part,
        contract.created_at,
        has_outcome=contract.outcome is not None,
        segments=segment_columns(contract, rules),
    )
    rival, lost = _rival(platform, champion, part.table)
    evaluation = build_evaluation(
        subject=replace(
            _subject(platform, question, summary, bundle.document(files, bundle.LINEAGE)),
            champion_days=_age(champion, rows),
            comparable=comparable,
        ),
        rows=rows,
        candidate=answers(scorer, part.table),
        champion=answers(rival, part.table) if rival else None,
        policy=rules,
        importance=summary["importance"],
        background=_background(platform, question, part, scorer),
    )
    if lost:
        evaluation = replace(evaluation, verdict=_without_champion(evaluation, lost, rules))
    return evaluation


def judged_rows(part: Labelled, created_at: str, *, has_outcome: bool, segments: tuple[str, ...] = ()) -> JudgedRows:
    """Return labels, days, outcomes and segments of labelled rows; an outcome that is not known is not converted."""
    days = part.table[created_at].cast(pa.timestamp("us")).to_numpy().astype("datetime64[D]")
    outcome = np.nan_to_num(part.outcomes, nan=0.0) if has_outcome else None
    levels = {name: part.table[name].to_numpy(zero_copy_only=False) for name in segments}
    return JudgedRows(part.labels, days, outcome, levels)


def _subject(
    platform: Platform, question: JudgingQuestion, summary: dict[str, Any], lineage: dict[str, Any]
) -> Subject:
    contract, champion = platform.contract, question.champion
    return Subject(
        week=question.week,
        candidate_digest=question.candidate,
        champion_digest=champion.digest if champion else None,
        champion_version=champion.version if champion else None,
        judged=question.judged,
        trained_first=date.fromisoformat(lineage["trained_from"]),
        trained_last=date.fromisoformat(lineage["trained_until"]),
        trained_rows=summary["train_rows"],
        learners={
            line["learner"]: line["spearman"] for line in sorted(summary["learners"], key=lambda item: not item["won"])
        },
        optimism=summary.get("tuning", {}).get("optimism"),
        policy_digest=platform.policy.digest,
        label_name=contract.label,
        label_minimum=contract.label_minimum,
        label_maximum=contract.label_maximum,
        outcome_name=contract.outcome,
    )


def _rival(platform: Platform, champion: Package | None, table: pa.Table) -> tuple[Scorer | None, str]:
    """Open the champion; where it can no longer answer these rows, return why."""
    if champion is None:
        return None, ""
    try:
        return scorer_for(platform, champion.digest, table), ""
    except (CorruptArtefact, Missing) as error:
        return None, f"The champion cannot answer these leads: {error}."


def _without_champion(evaluation: Evaluation, lost: str, policy: PromotionPolicy) -> Verdict:
    """Judge a candidate alone, because the champion cannot answer any lead of today: it must reach the floor."""
    evidence = Evidence(
        rows=evaluation.rows,
        metrics=evaluation.candidate_metrics,
        interval=evaluation.interval,
        champion_exists=False,
    )
    alone = decide(evidence, policy)
    if alone.decision != "promote":
        return Verdict(alone.decision, alone.rule, (lost, *alone.reasons))
    value = evaluation.candidate_metrics["spearman"]
    measured = reasons.own_spearman(value, *evaluation.interval, evaluation.rows, policy)
    return Verdict("promote", "champion_cannot_answer", (lost, *reasons.alone(measured, policy)))


def _background(platform: Platform, question: JudgingQuestion, part: Labelled, scorer: Scorer) -> Background:
    repeated = repeated_gain(platform, question.past, part)
    latency = question.latency_p99_ms
    latency = _latency(scorer, part.table) if latency is None and question.measures_latency else latency
    return Background(history_of(question.past, repeated=repeated), repeated, latency)


def _age(champion: Package | None, rows: JudgedRows) -> int | None:
    """Count the days from the champion's last day of training data to the last judged day."""
    days = np.asarray(rows.day)
    if champion is None or not days.size:
        return None
    return (days.max().item() - date.fromisoformat(champion.lineage["validated_until"])).days


def _newer_than_champion(
    test: Labelled, champion: Package | None, created_at: str, least: int
) -> tuple[Labelled, bool]:
    """Keep the test rows that the champion's training cannot have seen; say whether enough are left to compare."""
    if champion is None:
        return test, True
    after = date.fromisoformat(champion.lineage["validated_until"]) + DAY
    newer = pc.greater_equal(test.table[created_at], pa.scalar(at_midnight(after))).to_numpy()
    if newer.all() or newer.sum() < least:
        return test, bool(newer.all())
    return Labelled(test.table.filter(pa.array(newer)), test.labels[newer], test.outcomes[newer]), True


def _latency(scorer: Scorer, table: pa.Table) -> float | None:
    """Measure the 99th percentile of scoring one lead, in milliseconds."""
    if not table.num_rows:
        return None
    times = []
    for position in range(_LATENCY_CALLS):
        row = table.slice(position % table.num_rows, 1)
        started = time.perf_counter()
        scorer.score_table(row)
        times.append(time.perf_counter() - started)
    return float(np.quantile(times, 0.99) * 1000)
