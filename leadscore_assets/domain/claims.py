"""The conditions of a promotion rule in words, with what was found and how far that is from the bound."""

import math
from collections.abc import Mapping

from leadscore_assets.domain.ladder import Condition, Rung
from leadscore_assets.domain.promotion_policy import PromotionPolicy

_TITLES = {
    "precision_top_decile": "conversions among the best tenth",
    "spearman": "Spearman",
    "auc": "AUC",
    "mae": "MAE",
    "rmse": "RMSE",
    "f1": "F1",
    "brier": "Brier",
}
_MEASURES = {
    "value": "{metric}",
    "gain": "measured gain in {metric}",
    "relative_gain": "relative gain in {metric}",
    "measured_lower_bound": "measured lower bound",
    "lower_bound": "lower bound with week noise",
    "shrunken_gain": "shrunken gain",
    "shrunken_lower_bound": "shrunken lower bound",
    "champion_days": "age of the champion in days",
    "guardrails": "every guardrail",
}
_NAMED = {"switching_cost": "switching cost", "guard": "guard"}


def metric_title(metric: str) -> str:
    """Return a metric as people write it."""
    return _TITLES.get(metric, metric.replace("_", " "))


def phrase(condition: Condition, policy: PromotionPolicy) -> str:
    """A condition in words: what is measured, how it is compared, and with which bound."""
    name = measure_title(condition, policy)
    return f"{name} holds" if condition.of == "guardrails" else f"{name} {_compared(condition, policy)}"


def rule_phrase(policy: PromotionPolicy) -> str:
    """A whole rule in words: every rung with what it decides and asks."""
    return "; ".join(
        f"{rung.name}: {rung.decision} when {', '.join(phrase(item, policy) for item in rung.when)}"
        for rung in policy.rungs
    )


def claim(condition: Condition, facts: Mapping[str, float], policy: PromotionPolicy) -> str:
    """A condition that holds, with the value that was found."""
    if condition.of == "guardrails":
        return phrase(condition, policy)
    return f"{measure_title(condition, policy)} {_found(condition, facts, policy)} {_compared(condition, policy)}"


def refuted(rung: Rung, facts: Mapping[str, float], policy: PromotionPolicy) -> list[str]:
    """The claims of a rung that do not hold, each with the value that was found."""
    found = [item for item in rung.when if not _holds(item, facts, policy)]
    return [f"{phrase(item, policy)}{_is(item, facts, policy)}" for item in found]


def measure_title(condition: Condition, policy: PromotionPolicy) -> str:
    """What a condition is about, in words."""
    return _MEASURES[condition.of].format(metric=metric_title(condition.metric or policy.metric))


def room(condition: Condition, facts: Mapping[str, float], policy: PromotionPolicy) -> float | None:
    """How far a gain is from failing its bound; None for claims of another kind."""
    if condition.of in ("guardrails", "champion_days", "value"):
        return None
    return abs(facts[condition.fact(policy.metric)] - _bound(condition, policy))


def amount(condition: Condition, value: float) -> str:
    """A value in the condition's own unit."""
    if condition.of == "relative_gain":
        return f"{value * 100:.3g} %"
    return f"{value:.0f}" if condition.of == "champion_days" else f"{value:.4f}".rstrip("0").rstrip(".")


def _compared(condition: Condition, policy: PromotionPolicy) -> str:
    bound = condition.bound
    named = f" ({_NAMED[bound]})" if isinstance(bound, str) else ""
    return f"{condition.sign} {amount(condition, _bound(condition, policy))}{named}"


def _is(condition: Condition, facts: Mapping[str, float], policy: PromotionPolicy) -> str:
    return "" if condition.of == "guardrails" else f" (it is {_found(condition, facts, policy)})"


def _found(condition: Condition, facts: Mapping[str, float], policy: PromotionPolicy) -> str:
    value = facts.get(condition.fact(policy.metric), math.nan)
    return "not known" if math.isnan(value) else amount(condition, value)


def _holds(condition: Condition, facts: Mapping[str, float], policy: PromotionPolicy) -> bool:
    return bool(condition.truth(facts.get(condition.fact(policy.metric), math.nan), _bound(condition, policy)) == 1)


def _bound(condition: Condition, policy: PromotionPolicy) -> float:
    bound = condition.bound
    return policy.bounds[bound] if isinstance(bound, str) else float(bound)
