"""Drift: whether a week's leads are still those that the champion learnt from, as a verdict with its reasons.

It compares profiles, so it costs the same for a thousand leads and for a million, needs no seed, and says the same
again. A drift may start a retraining; it never promotes anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Literal

from leadscore_assets.domain import drift_words as words
from leadscore_assets.domain.bins import Bins
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.drift_pictures import missing_picture, picture
from leadscore_assets.domain.drift_policy import DriftPolicy
from leadscore_assets.domain.drift_rules import judge_features, rule_alarms
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.feature_drift import FeatureDrift, Pair, measure, stacked
from leadscore_assets.domain.profiles import Profile
from leadscore_assets.domain.score_monitor import ScoreDrift
from leadscore_assets.domain.separation import Separation
from leadscore_assets.domain.served_drift import ServedDrift

Decision = Literal["alarm", "watch", "quiet", "not_yet"]
PICTURES = 8


@dataclass(frozen=True)
class DriftVerdict(Record):
    """What follows: `reasons` are sentences, the first says it all, the last what would change it."""

    decision: Decision
    rule: str
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The first reason."""
        return self.reasons[0] if self.reasons else ""


@dataclass(frozen=True)
class DriftQuestion:
    """A week's profile against a reference's, the past weeks (oldest first), and what only rows could tell.

    `reach` is how many weeks the reference spans. `about` says in words what the reference is. `importance` maps
    features to their share of the champion's gain, in any unit.
    """

    week: date
    now: Profile
    reference: Profile | None
    reference_weeks: tuple[date, ...]
    past: Sequence[Profile]
    bins: Bins
    about: str = "the weeks before"
    importance: Mapping[str, float] = field(default_factory=dict)
    separation: Separation | None = None
    scores: ScoreDrift | None = None
    served: ServedDrift | None = None


@dataclass(frozen=True)
class DriftReport(Record):
    """Everything found about a week: the verdict, the features by severity, classifier, scores and the terms.

    `weight` is the share of the model's gain that lies on features that alarm. `history` counts the past weeks.
    `served` compares the endpoint's answers with the list, where answers were captured; it starts no retraining.
    """

    week: date
    rows: int
    reference_rows: int
    reference_weeks: tuple[date, ...]
    about: str
    history: int
    verdict: DriftVerdict
    features: tuple[FeatureDrift, ...]
    weight: float
    separation: Separation | None
    scores: ScoreDrift | None
    terms: dict[str, Any]
    served: ServedDrift | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the report's content."""
        return digest_of(self.to_json())

    def named(self, severity: str) -> tuple[FeatureDrift, ...]:
        """The features of a severity."""
        return tuple(item for item in self.features if item.severity == severity)


def judge_drift(question: DriftQuestion, policy: DriftPolicy) -> DriftReport:
    """Answer a week's question; with too few rows on either side nothing is judged."""
    rows = question.now.rows
    reference = question.reference
    report = DriftReport(
        week=question.week,
        rows=rows,
        reference_rows=reference.rows if reference else 0,
        reference_weeks=question.reference_weeks,
        about=question.about,
        history=len(question.past),
        verdict=DriftVerdict("not_yet", policy.rule, ()),
        features=(),
        weight=0.0,
        separation=question.separation,
        scores=question.scores,
        terms=policy.model_dump(mode="json"),
        served=question.served,
    )
    if reference is None or min(rows, reference.rows) < policy.minimum_rows:
        return replace(report, verdict=DriftVerdict("not_yet", policy.rule, words.not_yet(report, policy.minimum_rows)))
    features = judge_features(_measured(question, reference, policy), policy)
    report = replace(report, features=_drawn(features, question, reference), weight=_weight(features))
    return replace(report, verdict=_verdict(report, policy))


def may_retrain(report: DriftReport, *, last: date | None, cooldown_days: int) -> tuple[bool, str]:
    """Tell whether a report may start a retraining, and why; `last` is the day of the last one that drift started."""
    if report.verdict.decision != "alarm":
        return False, f"Drift does not ask for a retraining: {report.verdict.sentence}"
    over = report.week + timedelta(days=7)
    if last is not None and over < last + timedelta(days=cooldown_days):
        rest = last + timedelta(days=cooldown_days)
        return False, f"Drift asks for a retraining, but the last one that it started was on {last}: not before {rest}."
    return True, f"Drift asks for a retraining: {report.verdict.sentence}"


def _measured(question: DriftQuestion, reference: Profile, policy: DriftPolicy) -> list[FeatureDrift]:
    names = list(question.bins.rulers)
    past = question.past[-policy.history_weeks - len(question.reference_weeks) :]
    whole = sum(question.importance.get(name, 0.0) for name in names) or 1.0
    pairs = [
        Pair(
            name,
            ruler := question.bins.rulers[name],
            question.now.features[name],
            reference.features[name],
            stacked([week.features[name] for week in past], ruler.size),
            reach=max(len(question.reference_weeks), 1),
            importance=question.importance.get(name, 0.0) / whole,
        )
        for name in names
    ]
    return [measure(pair, features=len(pairs), policy=policy) for pair in pairs]


def _drawn(features: Sequence[FeatureDrift], question: DriftQuestion, reference: Profile) -> tuple[FeatureDrift, ...]:
    named = [item for item in features if item.severity != "quiet"][:PICTURES]
    drawn = [replace(item, picture=_picture(item, question, reference)) for item in named]
    return (*drawn, *features[len(drawn) :])


def _picture(item: FeatureDrift, question: DriftQuestion, reference: Profile) -> dict[str, Any]:
    if item.missing_moved and item.distance <= item.bound:
        return missing_picture(item.missing, item.missing_before)
    sides = (side.features[item.name] for side in (question.now, reference))
    return picture(question.bins.rulers[item.name], *sides)


def _weight(features: Sequence[FeatureDrift]) -> float:
    return float(sum(item.importance for item in features if item.severity == "alarm"))


def _verdict(report: DriftReport, policy: DriftPolicy) -> DriftVerdict:
    usual = policy.rule == "larger_than_usual"
    together = usual and report.separation is not None and report.separation.alarm
    scores = usual and report.scores is not None and report.scores.decision == "alarm"
    if rule_alarms(report.features, policy) or together or scores:
        decision: Decision = "alarm"
    else:
        decision = "watch" if any(item.severity != "quiet" for item in report.features) else "quiet"
    return DriftVerdict(decision, policy.rule, words.reasons(report, decision, policy))
