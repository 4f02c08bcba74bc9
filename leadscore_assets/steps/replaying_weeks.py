"""Replaying, the weeks: one policy decides one after the other, each on what it knew and had promoted by then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from leadscore_assets.domain.calendar import WEEK, at_midnight, run_day
from leadscore_assets.domain.drift import DriftReport
from leadscore_assets.domain.errors import InvalidInput, Missing, NotEnoughData
from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.domain.facts import Package
from leadscore_assets.domain.replay import NO_CANDIDATE, NOT_RETRAINED, ReplayWeek
from leadscore_assets.domain.retraining_calendar import HOUR
from leadscore_assets.domain.triggers import Answer, DriftAnswer, RetrainingState, should_retrain
from leadscore_assets.steps.drifting import drift_against
from leadscore_assets.steps.evaluating import JudgingQuestion, evaluate_candidate
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.replaying_candidates import Candidate, Candidates
from leadscore_assets.steps.replaying_ledger import PastDecisions


@dataclass(frozen=True)
class Beginning:
    """Where every policy begins: the champion of then, and what had been judged before."""

    champion: Package | None
    evaluations: Sequence[Evaluation] = ()


class PastWeeks:
    """A simulated site under one policy; its weeks are decided in order, and nothing of the real site changes."""

    def __init__(
        self,
        platform: Platform,
        *,
        candidates: Candidates,
        ledger: PastDecisions,
        beginning: Beginning,
        policy_digest: str | None,
    ) -> None:
        self._platform = platform
        self._candidates = candidates
        self._ledger = ledger
        self._champion = beginning.champion
        self._evaluations = list(beginning.evaluations)
        self._drift_retrained: date | None = None
        self._first_model = beginning.champion.week + WEEK if beginning.champion else None
        self._policy_digest = policy_digest

    def decide(self, week: date) -> ReplayWeek:
        """Decide the next week: whether to retrain, with what candidate, and what becomes of it."""
        trigger = self._trigger(week)
        champion = self._champion.digest if self._champion else None
        found = ReplayWeek(week, trigger.cause, NOT_RETRAINED, "", trigger.sentence, champion)
        if not trigger.wanted:
            return found
        try:
            candidate = self._candidates.of(self._platform.policy, week, self._champion)
        except NotEnoughData as error:
            return replace(found, decision=NO_CANDIDATE, reason=f"{error}")
        model = candidate.model
        found = replace(found, candidate=model.digest, seconds=model.seconds, cost=model.cost)
        try:
            evaluation = self._judge(week, candidate)
        except InvalidInput as error:
            return replace(found, decision="not_yet", rule="not_measurable", reason=f"{error}")
        return self._decided(found, candidate, evaluation)

    def _trigger(self, week: date) -> Answer:
        """Ask as the schedule does on the day that the week's retraining would be due."""
        policy, champion = self._platform.policy, self._champion
        report = self._drift(week) if champion and policy.retraining.when == "on_drift" else None
        verdict = report.verdict if report else None
        state = RetrainingState(
            week,
            champion is not None,
            data=f"{week}",
            first_model=self._first_model,
            drift=DriftAnswer(verdict.decision, verdict.sentence, report.digest) if verdict and report else None,
            last_drift=self._drift_retrained,
            champion_trained=champion.week + WEEK if champion else None,
        )
        found = should_retrain(state, policy, at_midnight(run_day(week)) + timedelta(hours=HOUR), asker="calendar")
        if found.wanted and found.cause == "drift":
            self._drift_retrained = week + WEEK
        return found

    def _drift(self, week: date) -> DriftReport | None:
        try:
            return drift_against(self._platform, week, self._champion)
        except Missing:
            return None

    def _judge(self, week: date, candidate: Candidate) -> Evaluation:
        oldest = week - WEEK * self._platform.policy.promotion.history_weeks
        past = [item for item in self._evaluations if item.subject.week >= oldest]
        question = JudgingQuestion(
            week,
            candidate.model.digest,
            self._champion,
            candidate.test,
            past=past,
            latency_p99_ms=candidate.latency_p99_ms,
            measures_latency=False,
        )
        evaluation = evaluate_candidate(self._platform, question)
        self._evaluations.append(evaluation)
        return evaluation

    def _decided(self, found: ReplayWeek, candidate: Candidate, evaluation: Evaluation) -> ReplayWeek:
        verdict, model = evaluation.verdict, candidate.model
        newer = self._champion is None or found.week > self._champion.week
        promoted = verdict.decision == "promote" and not candidate.held_back and newer
        held = f" Not released: {candidate.held_back} failed." if candidate.held_back else ""
        past = self._ledger.find(
            found.week,
            model.digest,
            champion=found.champion,
            rows=candidate.test.digest,
            policy_digest=self._policy_digest,
        )
        if promoted:
            self._champion = self._released(candidate, evaluation)
            self._first_model = self._first_model or found.week + WEEK
        return replace(
            found,
            decision=verdict.decision,
            rule=verdict.rule,
            reason=f"{verdict.sentence}{held}",
            promoted=promoted,
            gain=evaluation.past_gain.gain if evaluation.past_gain else None,
            ledger=past,
        )

    def _released(self, candidate: Candidate, evaluation: Evaluation) -> Package:
        model = candidate.model
        return Package(
            version=self._champion.version + 1 if self._champion else 1,
            digest=model.digest,
            week=model.week,
            semver="",
            stage="production",
            created_at=at_midnight(model.week + WEEK),
            metrics=evaluation.candidate_metrics,
            lineage=model.lineage,
        )
