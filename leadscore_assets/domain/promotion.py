"""Whether a candidate takes the champion's place, with every reason in a sentence.

"Not better" is an answer, and so are "not yet" and "ask a person"; none is a failure. What is asked first holds for
every policy; after that the policy's own rungs decide. Nothing is drawn: the same evidence gives the same verdict.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from leadscore_assets.domain import reasons
from leadscore_assets.domain.comparison import Comparison
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.guardrails import Guardrail, all_hold
from leadscore_assets.domain.ladder import LOWER_IS_BETTER, METRICS, UNKNOWN, Decision, climb, fact_name
from leadscore_assets.domain.posterior import Posterior
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.domain.segments import Segment

NOT_BETTER = "not_better"


@dataclass(frozen=True)
class Verdict(Record):
    """What to do with a candidate, the rule that decided, and why, most important sentence first.

    promote and keep are final; manual waits for a person, not_yet for more rows.
    """

    decision: Decision
    rule: str
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """All reasons in one paragraph."""
        return " ".join(self.reasons)


@dataclass(frozen=True)
class Evidence:
    """What is known of a candidate: metrics of both models on `rows` test rows, and their comparison on these rows.

    `interval` is the candidate's own Spearman interval, empty where it cannot be measured. `comparable` is False when
    the champion's training saw the test days or later ones; `champion_days` is how old that training is.
    """

    rows: int
    metrics: Mapping[str, float]
    interval: tuple[float, ...] = ()
    champion_exists: bool = True
    comparable: bool = True
    champion_metrics: Mapping[str, float] = field(default_factory=dict)
    champion_days: int | None = None
    comparison: Comparison | None = None
    posterior: Posterior | None = None
    guardrails: tuple[Guardrail, ...] = ()
    segments: tuple[Segment, ...] = ()


def decide(evidence: Evidence, policy: PromotionPolicy) -> Verdict:
    """Judge a candidate.

    Asked in this order: too_few_rows and not_measurable give not_yet; below_floor keeps; first_model promotes when the
    whole interval of its Spearman reaches the floor, else floor_not_shown gives not_yet; not_comparable keeps;
    not_compared gives not_yet. Then the policy's rungs: the first that holds decides under its own name; where none
    does, not_better keeps, and interval_too_wide gives not_yet when the rows could not have shown a gain either;
    not_decidable gives not_yet where a rung hangs on what is not known.
    """
    alone = _judge_alone(evidence, policy)
    if alone is not None:
        return alone
    if not evidence.comparable:
        return Verdict("keep", "not_comparable", reasons.not_comparable(evidence.rows))
    comparison, posterior = evidence.comparison, evidence.posterior
    if comparison is None or posterior is None:
        return Verdict("not_yet", "not_compared", reasons.not_compared(evidence.rows))
    policy = policy.model_copy(update={"guard": float(policy.guard_at(posterior.prior_sd))})
    verdict = _judge_by_rungs(evidence, comparison, posterior, policy)
    undecided = verdict.rule == NOT_BETTER and _guarded(evidence) != 0.0
    if undecided and comparison.standard_error > 0 and _too_wide(posterior, policy):
        worse = reasons.guarded(evidence.guardrails, evidence.segments)
        return Verdict("not_yet", "interval_too_wide", (*reasons.too_wide(comparison, posterior, policy), *worse))
    return verdict


def known_facts(evidence: Evidence) -> dict[str, float]:
    """Return what rungs may ask about, by name; what could not be measured is absent or NaN."""
    found = {"guardrails": _guarded(evidence)}
    for metric in METRICS:
        found |= _metric_facts(metric, evidence.metrics.get(metric), evidence.champion_metrics.get(metric))
    if evidence.champion_days is not None:
        found["champion_days"] = float(evidence.champion_days)
    if evidence.comparison and evidence.posterior:
        found |= {
            "measured_lower_bound": evidence.comparison.gain[1],
            "lower_bound": evidence.posterior.low_measured,
            "shrunken_gain": evidence.posterior.mean,
            "shrunken_lower_bound": evidence.posterior.low,
        }
    return found


def reaches_floor(metrics: Mapping[str, float], policy: PromotionPolicy) -> bool:
    """Say whether a model's Spearman is measured and at least the policy's floor."""
    return metrics.get("spearman", -2.0) >= policy.spearman_floor


def _judge_alone(evidence: Evidence, policy: PromotionPolicy) -> Verdict | None:
    rows, value = evidence.rows, evidence.metrics.get("spearman")
    if rows < policy.minimum_rows:
        return Verdict("not_yet", "too_few_rows", reasons.too_few(rows, policy))
    if value is None or not evidence.interval:
        return Verdict("not_yet", "not_measurable", reasons.not_measurable(rows))
    low, high = evidence.interval
    measured = reasons.own_spearman(value, low, high, rows, policy)
    if value < policy.spearman_floor:
        said = reasons.below_floor(measured, policy, champion_exists=evidence.champion_exists)
        return Verdict("keep", "below_floor", said)
    if evidence.champion_exists:
        return None
    if low < policy.spearman_floor:
        return Verdict("not_yet", "floor_not_shown", reasons.floor_not_shown(measured, value, low, rows, policy))
    return Verdict("promote", "first_model", reasons.first(measured, policy))


def _judge_by_rungs(
    evidence: Evidence, comparison: Comparison, posterior: Posterior, policy: PromotionPolicy
) -> Verdict:
    facts = known_facts(evidence)
    at = int(climb(policy.rungs, facts, primary=policy.metric, bounds=policy.bounds))
    measured = reasons.measured(comparison, posterior)
    guarded = any(condition.of == "guardrails" for rung in policy.rungs for condition in rung.when)
    worse = reasons.guarded(evidence.guardrails, evidence.segments) if guarded else ()
    if at == UNKNOWN:
        return Verdict("not_yet", "not_decidable", (measured, *reasons.undecidable(facts, policy), *worse))
    if at < len(policy.rungs):
        rung = policy.rungs[at]
        return Verdict(rung.decision, rung.name, (measured, *reasons.holding(rung, facts, policy), *worse))
    said = (*reasons.failing(facts, policy), *reasons.what_would_help(comparison, posterior, policy))
    return Verdict("keep", NOT_BETTER, (measured, *said, *worse))


def _too_wide(posterior: Posterior, policy: PromotionPolicy) -> bool:
    wide = posterior.high_measured - posterior.low_measured > policy.widest_interval > 0
    return wide and posterior.low_measured <= 0 <= posterior.high_measured


def _guarded(evidence: Evidence) -> float:
    if any(segment.state == "broken" for segment in evidence.segments):
        return 0.0
    return all_hold(evidence.guardrails)


def _metric_facts(metric: str, mine: float | None, theirs: float | None) -> dict[str, float]:
    found = {} if mine is None else {fact_name("value", metric): mine}
    if mine is None or theirs is None:
        return found
    gain = theirs - mine if metric in LOWER_IS_BETTER else mine - theirs
    relative = gain / abs(theirs) if theirs else math.nan
    return found | {fact_name("gain", metric): gain, fact_name("relative_gain", metric): relative}
