"""What judging a candidate found, whole: who was judged on which rows, the numbers, the verdict and the pictures' data.

An evaluation is a record that is written once, read by people and programs, and holds no lead's own row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from leadscore_assets.domain import curves
from leadscore_assets.domain.comparison import Comparison, compare_by, spearman_interval
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.guardrails import Guardrail, guardrails
from leadscore_assets.domain.influence import Judged
from leadscore_assets.domain.metrics import Floats, evaluate
from leadscore_assets.domain.posterior import PastGain, Posterior, posterior
from leadscore_assets.domain.promotion import Evidence, Verdict, decide
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.domain.segments import Segment, segments


@dataclass(frozen=True)
class Answers:
    """One model's answers on the judged rows: scores (n,) and, where it has them, chances of the outcome (n,)."""

    score: ArrayLike
    probability: ArrayLike | None = None


@dataclass(frozen=True)
class JudgedRows:
    """The rows a model is judged on: labels (n,), days (n, dates) and, where there is one, outcomes 0 or 1 (n,).

    `segments` holds the columns whose levels are judged apart: names to levels (n,), None where missing.
    """

    label: ArrayLike
    day: ArrayLike
    outcome: ArrayLike | None = None
    segments: Mapping[str, ArrayLike] = field(default_factory=dict)


@dataclass(frozen=True)
class Background:
    """What is known beside the judged rows: the gains of weeks before this one, and the candidate's time for one lead.

    `repeated` is the last compared week's pair of models on the judged rows.
    """

    history: Sequence[PastGain] = ()
    repeated: PastGain | None = None
    latency_p99_ms: float | None = None


@dataclass(frozen=True)
class Subject(Record):
    """Who is judged against whom, what the candidate learnt from, and on what terms.

    `comparable` is False when the champion's training saw the judged days or later ones. `judged` counts how often a
    candidate was judged on these rows, this time included. Training days are the first and the last, both included.
    `champion_days` is how many days before the last test day the champion's training data end. `outcome_name` is None
    where the rows have no outcome. `learners` maps every learner that was fitted to its Spearman on validation (None
    where it cannot be measured), the winner first; `optimism` is by how much a search's best trial flattered itself.
    """

    week: date
    candidate_digest: str
    champion_digest: str | None = None
    champion_version: int | None = None
    champion_days: int | None = None
    comparable: bool = True
    judged: int = 1
    trained_first: date | None = None
    trained_last: date | None = None
    trained_rows: int = 0
    learners: dict[str, float | None] = field(default_factory=dict)
    optimism: float | None = None
    policy_digest: str = ""
    label_name: str = "lead_score"
    label_minimum: int = 1
    label_maximum: int = 5
    outcome_name: str | None = None


@dataclass(frozen=True)
class Evaluation(Record):
    """A candidate judged on test rows, and compared with the champion where there is one.

    `interval` is the candidate's own Spearman interval, empty where it cannot be measured. `comparison` is of the
    policy's primary metric, and `posterior` its gain after shrinking. `repeated` is the last compared week's pair of
    models on these rows. `outcome` names what counts as a positive row. `terms` are the promotion policy's thresholds
    as they stood. `curves` holds plain lists by picture: score_by_label, score_histogram, calibration, gain, confusion,
    importance and weekdays.
    """

    subject: Subject
    rows: int
    days: tuple[date, ...]
    outcome: str
    candidate_metrics: dict[str, float]
    champion_metrics: dict[str, float]
    interval: tuple[float, ...]
    comparison: Comparison | None
    verdict: Verdict
    terms: dict[str, Any]
    curves: dict[str, Any] = field(default_factory=dict)
    posterior: Posterior | None = None
    guardrails: tuple[Guardrail, ...] = ()
    segments: tuple[Segment, ...] = ()
    repeated: PastGain | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the evaluation's content."""
        return digest_of(self.to_json())

    @property
    def past_gain(self) -> PastGain | None:
        """The comparison as later weeks remember it."""
        found = self.comparison
        if found is None:
            return None
        return PastGain(self.subject.week, found.metric, found.gain[0], found.standard_error)


def history_of(evaluations: Sequence[Evaluation], *, repeated: PastGain | None = None) -> tuple[PastGain, ...]:
    """Return what past evaluations compared, oldest first, each with what became of it on the next week's rows.

    `repeated` is a pair of a past week that has just been compared again.
    """
    gains = {gain.week: gain for item in evaluations if (gain := item.past_gain) is not None}
    again = {item.repeated.week: item.repeated for item in evaluations if item.repeated is not None}
    if repeated is not None:
        again[repeated.week] = repeated
    return tuple(again.get(week, gains[week]) for week in sorted(gains))


def build_evaluation(
    *,
    subject: Subject,
    rows: JudgedRows,
    candidate: Answers,
    champion: Answers | None,
    policy: PromotionPolicy,
    importance: Mapping[str, float] | None = None,
    background: Background | None = None,
) -> Evaluation:
    """Judge a candidate's answers, beside the champion's on the same rows, and gather what a reader needs.

    `importance` maps the candidate's features to their gain in any unit. The champion may be absent although there is
    one (its answers are unknown): then nothing is compared. Raises InvalidInput as `metrics.evaluate` does.
    """
    known = background or Background()
    models = _judged(candidate, champion, rows, subject, policy)
    evidence = _evidence(models, subject, rows, known, policy)
    day = np.asarray(rows.day, dtype="datetime64[D]")
    return Evaluation(
        subject=subject,
        rows=evidence.rows,
        days=tuple(item.item() for item in np.unique(day)),
        outcome=_outcome_name(subject, rows, policy),
        candidate_metrics={**evidence.metrics, **_latency(known)},
        champion_metrics=dict(evidence.champion_metrics),
        interval=evidence.interval,
        comparison=evidence.comparison,
        posterior=evidence.posterior,
        guardrails=evidence.guardrails,
        segments=evidence.segments,
        repeated=known.repeated,
        verdict=decide(evidence, policy),
        terms=_terms(policy, evidence.posterior),
        curves=curves.of_models(models, day, confidence=policy.confidence)
        | {"importance": curves.importance(importance or {})},
    )


def _terms(policy: PromotionPolicy, found: Posterior | None) -> dict[str, Any]:
    """The thresholds as they stood: the guard is the one of this site's spread."""
    terms = policy.model_dump(mode="json")
    return terms if found is None else terms | {"guard": float(policy.guard_at(found.prior_sd))}


def judged_model(answers: Answers, rows: JudgedRows, subject: Subject, policy: PromotionPolicy) -> Judged:
    """Return one model's answers with the rows' labels and outcomes; where none is known, the label stands for it."""
    label = np.asarray(rows.label, dtype=np.float64)
    chance = answers.probability
    return Judged(
        score=np.asarray(answers.score, dtype=np.float64),
        label=label,
        outcome=_outcome(label, rows, policy),
        probability=None if chance is None else np.asarray(chance, dtype=np.float64),
        threshold=policy.score_threshold,
        label_minimum=subject.label_minimum,
        label_maximum=subject.label_maximum,
    )


def _judged(
    candidate: Answers, champion: Answers | None, rows: JudgedRows, subject: Subject, policy: PromotionPolicy
) -> dict[str, Judged]:
    models = {"candidate": candidate} | ({"champion": champion} if champion else {})
    return {name: judged_model(answers, rows, subject, policy) for name, answers in models.items()}


def _evidence(
    models: Mapping[str, Judged], subject: Subject, rows: JudgedRows, known: Background, policy: PromotionPolicy
) -> Evidence:
    comparison = _compared(models, policy) if subject.comparable else None
    guards, parts = _guards(models, rows, known.latency_p99_ms, policy) if comparison else ((), ())
    return Evidence(
        rows=models["candidate"].label.size,
        metrics=_measure(models["candidate"]),
        interval=_interval(models["candidate"], policy),
        champion_exists=subject.champion_digest is not None,
        comparable=subject.comparable,
        champion_metrics=_measure(models["champion"]) if "champion" in models else {},
        champion_days=subject.champion_days,
        comparison=comparison,
        posterior=posterior(comparison, known.history, policy) if comparison else None,
        guardrails=guards,
        segments=parts,
    )


def _measure(rows: Judged) -> dict[str, float]:
    return evaluate(
        rows.score,
        rows.label,
        outcome=rows.outcome,
        probability=rows.probability,
        threshold=rows.threshold,
        label_minimum=rows.label_minimum,
        label_maximum=rows.label_maximum,
    )


def _compared(models: Mapping[str, Judged], policy: PromotionPolicy) -> Comparison | None:
    if "champion" not in models:
        return None
    try:
        return compare_by(policy.metric, models["candidate"], models["champion"], confidence=policy.confidence)
    except InvalidInput:
        return None


def _guards(
    models: Mapping[str, Judged], rows: JudgedRows, latency_p99_ms: float | None, policy: PromotionPolicy
) -> tuple[tuple[Guardrail, ...], tuple[Segment, ...]]:
    mine, theirs = models["candidate"], models["champion"]
    return (
        guardrails(mine, theirs, latency_p99_ms=latency_p99_ms, policy=policy),
        segments(mine, theirs, columns=rows.segments, policy=policy),
    )


def _latency(known: Background) -> dict[str, float]:
    return {} if known.latency_p99_ms is None else {"latency_p99_ms": known.latency_p99_ms}


def _interval(candidate: Judged, policy: PromotionPolicy) -> tuple[float, ...]:
    try:
        return spearman_interval(candidate.score, candidate.label, confidence=policy.confidence)[1:]
    except InvalidInput:
        return ()


def _outcome(label: Floats, rows: JudgedRows, policy: PromotionPolicy) -> Floats:
    if rows.outcome is None:
        return (label >= policy.score_threshold).astype(np.float64)
    return np.asarray(rows.outcome, dtype=np.float64)


def _outcome_name(subject: Subject, rows: JudgedRows, policy: PromotionPolicy) -> str:
    if rows.outcome is None:
        return f"{subject.label_name} >= {policy.score_threshold:g}"
    return subject.outcome_name or "outcome"
