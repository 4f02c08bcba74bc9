"""Replaying, candidates: the model that a policy would have judged in a past week, stored or trained now.

A policy that learns as the home does shares the home's models, and what is missing becomes the home's. Any other
policy's models are trained aside: the home's slices and candidates stay what they are.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import CorruptArtefact, Missing, NotEnoughData, PermanentError
from leadscore_assets.domain.facts import Package, Slice
from leadscore_assets.domain.leakage import leaks
from leadscore_assets.domain.other_policy import DECIDING, learning_digest
from leadscore_assets.domain.policy import Policy
from leadscore_assets.domain.slices import TEST, TRAIN
from leadscore_assets.steps.fitting import Fitted, candidate_digest, fit_aside, fit_candidate
from leadscore_assets.steps.gates import SLICE_GATES, stored_gate
from leadscore_assets.steps.judging import stored_evaluation
from leadscore_assets.steps.leads_gates import LEADS_GATES, stopping_gates
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.slicing import plan_cut

Say = Callable[[str], None]
_LEAKAGE = "train_slice_has_no_leakage"


@dataclass(frozen=True)
class Model:
    """A bundle of a week: its lineage, and what its training took."""

    week: date
    digest: str
    lineage: dict[str, Any]
    seconds: float = 0.0
    cost: float | None = 0.0

    @property
    def seen_until(self) -> date:
        """The last day that its training has seen."""
        return date.fromisoformat(self.lineage["validated_until"])


@dataclass(frozen=True)
class Candidate:
    """What a week judges; `latency_p99_ms` was measured then, `held_back` says which gate kept it from traffic."""

    model: Model
    test: Slice
    latency_p99_ms: float | None = None
    held_back: str = ""


class Candidates:
    """The candidates of one replay; each is found or trained once."""

    def __init__(self, platform: Platform, *, on_line: Say) -> None:
        self._home = platform
        self._on_line = on_line
        self._learning = learning_digest(platform.policy)
        self._found: dict[tuple[str, date, str | None], Candidate | NotEnoughData] = {}
        self._spent = {
            (item.evidence["week"], item.subject): (float(item.evidence["seconds"]), item.evidence["cost"])
            for item in platform.ledger.records(action="trained")
        }

    def of(self, policy: Policy, week: date, champion: Package | None) -> Candidate:
        """Return a week's candidate under a policy; raise NotEnoughData with the reason where none can be made."""
        learning, start = learning_digest(policy), None
        if learning != self._learning and policy.tuning.trials and policy.tuning.warm_start and champion:
            start = champion.digest
        key = (learning, week, start)
        if key not in self._found:
            self._found[key] = self._asked(policy, week, champion)
        found = self._found[key]
        if isinstance(found, NotEnoughData):
            raise found
        return found

    def models(self, last: date) -> dict[str, Model]:
        """Return every model there is: the home's stored ones up to a week and those of this replay, by digest."""
        held = self._home.lake.manifests(self._home.start_week, last)
        stored = [found for item in held if (found := self._stored_model(item.week)) is not None]
        own = [item.model for item in self._found.values() if isinstance(item, Candidate)]
        return {model.digest: model for model in (*stored, *own)}

    def _asked(self, policy: Policy, week: date, champion: Package | None) -> Candidate | NotEnoughData:
        try:
            if learning_digest(policy) == self._learning:
                if self._learnt_otherwise(week):
                    return self._trained_aside(self._home.policy, week, champion)
                return self._stored(week) or self._trained(week)
            return self._trained_aside(_learner(self._home.policy, policy), week, champion)
        except NotEnoughData as error:
            return error

    def _learnt_otherwise(self, week: date) -> bool:
        """Tell whether the week's stored model was trained under a policy that learns otherwise than the home's now."""
        model = self._stored_model(week)
        known = model.lineage.get("learning_digest") if model else None
        return known is not None and known != self._learning

    def _stored(self, week: date) -> Candidate | None:
        lake, model = self._home.lake, self._stored_model(week)
        if model is None:
            return None
        try:
            test = lake.slice(week, TEST)
        except Missing:
            test = plan_cut(self._home, week).slices[TEST]
        gates = [stored_gate(self._home, name, week) for name in (*LEADS_GATES, *SLICE_GATES)]
        failed = [gate.name for gate in gates if gate is not None and gate.stops]
        return Candidate(model, test, self._latency(week, model.digest), ", ".join(failed))

    def _stored_model(self, week: date) -> Model | None:
        try:
            digest = candidate_digest(self._home, week)
            _, files = bundle.read(self._home.bundles.path(digest), digest=digest)
        except Missing:
            return None
        seconds, cost = self._spent.get((week.isoformat(), f"bundle {digest}"), (0.0, 0.0))
        return Model(week, digest, bundle.document(files, bundle.LINEAGE), seconds, cost)

    def _latency(self, week: date, digest: str) -> float | None:
        try:
            evaluation = stored_evaluation(self._home, week)
        except Missing:
            return None
        same = evaluation.subject.candidate_digest == digest
        return evaluation.candidate_metrics.get("latency_p99_ms") if same else None

    def _trained(self, week: date) -> Candidate:
        slices = plan_cut(self._home, week).slices
        _check_gates(self._home, week, slices[TRAIN])
        for item in slices.values():
            self._home.lake.write_slice(item)
        self._on_line(f"week {week}: training what is missing")
        fitted = _trained_or_told(lambda: fit_candidate(self._home, week, on_line=self._on_line))
        return Candidate(_model(week, fitted), slices[TEST])

    def _trained_aside(self, policy: Policy, week: date, champion: Package | None) -> Candidate:
        other = replace(self._home, policy=policy)
        slices = plan_cut(other, week).slices
        _check_gates(other, week, slices[TRAIN])
        self._on_line(f"week {week}: training under the other policy")
        fitted = _trained_or_told(
            lambda: fit_aside(other, week, slices, champion=champion, on_line=self._on_line),
        )
        return Candidate(_model(week, fitted), slices[TEST])


def _learner(home: Policy, policy: Policy) -> Policy:
    """Return the policy with what does not decide about its models taken from the home, so that jobs are shared."""
    binary = policy.training.objective == "binary"
    kept = {key: getattr(home, key) for key in DECIDING if key != "promotion" or not binary}
    return policy.model_copy(update={**kept, "name": f"replay {learning_digest(policy)[:12]}", "preset": home.preset})


def _model(week: date, fitted: Fitted) -> Model:
    return Model(week, fitted.digest, fitted.lineage, fitted.seconds, fitted.cost)


def _check_gates(platform: Platform, week: date, train: Slice) -> None:
    """Ask what a run asks before it trains; raise NotEnoughData naming the gate that would have stopped it."""
    failed = [gate for ask in stopping_gates(platform) if (gate := ask(platform, week)).stops]
    if failed:
        raise NotEnoughData(f"week {week} fails {failed[0].name}: {failed[0].reasons[0]}")
    if platform.policy.checks.severity(_LEAKAGE) != "error":
        return
    found = leaks(platform.lake.read_files(train.files), platform.contract, platform.policy.leakage)
    if found and platform.policy.checks.train_slice_has_no_leakage == "error":
        raise NotEnoughData(f"week {week} fails {_LEAKAGE}: {found[0]}")


def _trained_or_told(train: Callable[[], Fitted]) -> Fitted:
    """Train; a job that failed by itself is a week without a candidate, as it was for the run of that week."""
    try:
        return train()
    except (Missing, CorruptArtefact):
        raise
    except PermanentError as error:
        raise NotEnoughData(f"{error}") from error
