"""What judging a candidate found, whole: who was judged on which rows, the numbers, the verdict and the pictures' data.

An evaluation is a record that is written once, read by people and programs, and holds no lead's own row.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from leadscore_assets.domain import curves
from leadscore_assets.domain.comparison import Comparison, compare, spearman_interval
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.metrics import Floats, evaluate
from leadscore_assets.domain.policy import PromotionPolicy
from leadscore_assets.domain.promotion import Verdict, decide


@dataclass(frozen=True)
class Answers:
    """One model's answers on the judged rows: scores (n,) and, where it has them, chances of the outcome (n,)."""

    score: ArrayLike
    probability: ArrayLike | None = None


@dataclass(frozen=True)
class JudgedRows:
    """The rows a model is judged on: labels (n,), days (n, dates) and, where there is one, outcomes 0 or 1 (n,)."""

    label: ArrayLike
    day: ArrayLike
    outcome: ArrayLike | None = None


@dataclass(frozen=True)
class Subject(Record):
    """Who is judged against whom, what the candidate learnt from, and on what terms.

    `comparable` is False when the champion's training saw the judged days or later ones. `judged` counts how often a
    candidate was judged on these rows, this time included. Training days are the first and the last, both included.
    `outcome_name` is None where the rows have no outcome.
    """

    week: date
    candidate_digest: str
    champion_digest: str | None = None
    champion_version: int | None = None
    comparable: bool = True
    judged: int = 1
    trained_first: date | None = None
    trained_last: date | None = None
    trained_rows: int = 0
    policy_digest: str = ""
    label_name: str = "lead_score"
    label_minimum: int = 1
    label_maximum: int = 5
    outcome_name: str | None = None


@dataclass(frozen=True)
class Evaluation(Record):
    """A candidate judged on test rows, and compared with the champion where there is one.

    `interval` is the candidate's own Spearman interval, empty where it cannot be measured. `outcome` names what counts
    as a positive row. `terms` are the promotion policy's thresholds as they stood. `curves` holds plain lists by
    picture: score_by_label, score_histogram, calibration, gain, confusion, importance and weekdays.
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

    @property
    def digest(self) -> str:
        """SHA-256 of the evaluation's content."""
        return digest_of(self.to_json())


def build_evaluation(
    *,
    subject: Subject,
    rows: JudgedRows,
    candidate: Answers,
    champion: Answers | None,
    policy: PromotionPolicy,
    importance: Mapping[str, float] | None = None,
) -> Evaluation:
    """Judge a candidate's answers, beside the champion's on the same rows, and gather what a reader needs.

    `importance` maps the candidate's features to their gain in any unit. The champion may be absent although there is
    one (its answers are unknown): then nothing is compared. Raises InvalidInput as `metrics.evaluate` does.
    """
    mine = _measure(candidate, rows, subject, policy)
    theirs = _measure(champion, rows, subject, policy) if champion else {}
    comparison = _compared(candidate, champion, rows, policy) if subject.comparable else None
    label = np.asarray(rows.label, dtype=np.float64)
    return Evaluation(
        subject=subject,
        rows=label.size,
        days=tuple(_days(rows)),
        outcome=_outcome_name(subject, rows, policy),
        candidate_metrics=mine,
        champion_metrics=theirs,
        interval=_interval(candidate, rows, policy),
        comparison=comparison,
        verdict=decide(
            comparison=comparison,
            metrics=mine,
            champion_exists=subject.champion_digest is not None,
            comparable=subject.comparable,
            rows=label.size,
            policy=policy,
        ),
        terms=policy.model_dump(mode="json"),
        curves=_curves(subject, rows, candidate, champion, policy=policy)
        | {"importance": curves.importance(importance or {})},
    )


def _measure(answers: Answers, rows: JudgedRows, subject: Subject, policy: PromotionPolicy) -> dict[str, float]:
    return evaluate(
        answers.score,
        rows.label,
        outcome=rows.outcome,
        probability=answers.probability,
        threshold=policy.score_threshold,
        label_minimum=subject.label_minimum,
        label_maximum=subject.label_maximum,
    )


def _compared(
    candidate: Answers, champion: Answers | None, rows: JudgedRows, policy: PromotionPolicy
) -> Comparison | None:
    if champion is None:
        return None
    try:
        return compare(candidate.score, champion.score, rows.label, confidence=policy.confidence)
    except InvalidInput:
        return None


def _interval(candidate: Answers, rows: JudgedRows, policy: PromotionPolicy) -> tuple[float, ...]:
    try:
        return spearman_interval(candidate.score, rows.label, confidence=policy.confidence)[1:]
    except InvalidInput:
        return ()


def _curves(
    subject: Subject, rows: JudgedRows, candidate: Answers, champion: Answers | None, *, policy: PromotionPolicy
) -> dict[str, Any]:
    score, label = np.asarray(candidate.score, dtype=np.float64), np.asarray(rows.label, dtype=np.float64)
    groups = curves.LabelGroups.of(subject.label_minimum, subject.label_maximum)
    models = {"candidate": candidate} | ({"champion": champion} if champion else {})
    outcome = _outcome(rows, policy)
    day = np.asarray(rows.day, dtype="datetime64[D]")
    return {
        "score_by_label": curves.score_by_label(score, label, groups),
        "score_histogram": curves.score_histogram(score, label, groups),
        "confusion": curves.confusion(
            score, label, groups, minimum=subject.label_minimum, maximum=subject.label_maximum
        ),
        "calibration": dict(_calibrations(models, label, outcome)),
        "gain": {name: curves.gain(_scores(answers), outcome) for name, answers in models.items()},
        "weekdays": {
            name: curves.by_weekday(_scores(answers), label, day, confidence=policy.confidence)
            for name, answers in models.items()
        },
    }


def _calibrations(
    models: Mapping[str, Answers], label: Floats, outcome: Floats
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Chances against outcomes where the candidate has chances, else scores against labels."""
    chances = models["candidate"].probability is not None
    for name, answers in models.items():
        if not chances:
            yield name, {"of": "score", **curves.calibration(_scores(answers), label)}
        elif answers.probability is not None:
            probability = np.asarray(answers.probability, dtype=np.float64)
            yield name, {"of": "probability", **curves.calibration(probability, outcome)}


def _scores(answers: Answers) -> Floats:
    return np.asarray(answers.score, dtype=np.float64)


def _outcome(rows: JudgedRows, policy: PromotionPolicy) -> Floats:
    if rows.outcome is None:
        return (np.asarray(rows.label, dtype=np.float64) >= policy.score_threshold).astype(np.float64)
    return np.asarray(rows.outcome, dtype=np.float64)


def _outcome_name(subject: Subject, rows: JudgedRows, policy: PromotionPolicy) -> str:
    if rows.outcome is None:
        return f"{subject.label_name} >= {policy.score_threshold:g}"
    return subject.outcome_name or "outcome"


def _days(rows: JudgedRows) -> list[date]:
    return [day.item() for day in np.unique(np.asarray(rows.day, dtype="datetime64[D]"))]
