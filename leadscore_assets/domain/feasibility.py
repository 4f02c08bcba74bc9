"""Whether a policy can decide anything: rungs that never speak, and gates that the site's rows cannot answer."""

from dataclasses import dataclass

from leadscore_assets.domain.claims import phrase
from leadscore_assets.domain.ladder import Condition, Rung
from leadscore_assets.domain.policy import Policy
from leadscore_assets.domain.power import kpi_power, kpi_rows_needed
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.domain.reasons import rounded_up

KPIS = ("precision_top_decile", "lift_top_decile")


@dataclass(frozen=True)
class Volume:
    """A site's usual week: test rows, and the share of the best tenth that converts (0 to 1)."""

    test_rows: int
    top_rate: float | None = None


def impossible(policy: Policy, volume: Volume | None = None) -> list[str]:
    """Return what the policy asks for in vain, one sentence each with the remedy; empty when all is possible."""
    rules = policy.promotion
    by_volume = _too_few(rules, volume) + _blind(rules, volume) if volume else []
    return [*_hidden(rules), *_no_way_to_promote(rules), *_endless_search(policy), *by_volume]


def kpi_conditions(policy: PromotionPolicy) -> list[tuple[Rung, Condition]]:
    """Return the conditions that ask for a gain in a KPI, each with its rung."""
    return [
        (rung, item)
        for rung in policy.rungs
        for item in rung.when
        if (item.metric or policy.metric) in KPIS and item.of in ("gain", "relative_gain")
    ]


def _hidden(policy: PromotionPolicy) -> list[str]:
    """A rung after one that holds whenever it would."""
    pairs = [(first, rung) for at, rung in enumerate(policy.rungs) for first in policy.rungs[:at]]
    return [
        f"rung {rung.name} never speaks: {first.name} before it holds whenever it would; put the stricter first"
        for first, rung in pairs
        if all(any(_implies(strict, loose, policy) for strict in rung.when) for loose in first.when)
    ]


def _no_way_to_promote(policy: PromotionPolicy) -> list[str]:
    if any(rung.decision != "keep" for rung in policy.rungs):
        return []
    return ["no rung promotes or asks a person, so only a first model would go live; add one with decision = 'promote'"]


def _endless_search(policy: Policy) -> list[str]:
    """A search that may use the time of the whole training."""
    minutes, limit = policy.tuning.minutes, policy.training.maximum_minutes
    if not policy.tuning.trials or minutes < limit:
        return []
    return [
        f"[tuning] minutes = {minutes:g} leaves no time for the rest of a training of at most {limit} minutes; lower "
        "it below [training] maximum_minutes"
    ]


def _too_few(policy: PromotionPolicy, volume: Volume) -> list[str]:
    if volume.test_rows >= policy.minimum_rows:
        return []
    return [
        f"a usual week has {volume.test_rows:,} test rows and minimum_rows is {policy.minimum_rows:,}: every verdict "
        "would be 'not yet'; lower it, or raise [window] test_days"
    ]


def _blind(policy: PromotionPolicy, volume: Volume) -> list[str]:
    """KPI gates that would see the gain they ask for too rarely."""
    if volume.top_rate is None:
        return []
    return [
        said
        for rung, item in kpi_conditions(policy)
        if (said := _blind_gate(rung, item, policy, volume.test_rows, volume.top_rate))
    ]


def _blind_gate(rung: Rung, item: Condition, policy: PromotionPolicy, rows: int, rate: float) -> str:
    bound = policy.bounds[item.bound] if isinstance(item.bound, str) else float(item.bound)
    gain = bound if item.of == "relative_gain" else bound / rate if rate else 0.0
    power = kpi_power(rate=rate, relative_gain=gain, rows=rows, confidence=policy.confidence)
    if power >= policy.minimum_power or gain <= 0:
        return ""
    needed = kpi_rows_needed(rate=rate, relative_gain=gain, power=policy.minimum_power, confidence=policy.confidence)
    more = f"about {rounded_up(needed)} would do" if needed else "no number would do"
    return (
        f"rung {rung.name} asks for {phrase(item, policy)}, and {rows:,} test rows a week whose best tenth converts at "
        f"{rate:.1%} would show it in {power:.0%} of weeks, at least {policy.minimum_power:.0%} are asked; {more}. "
        "Ask for a larger gain or in Spearman, raise [window] test_days, or set minimum_power"
    )


def _implies(strict: Condition, loose: Condition, policy: PromotionPolicy) -> bool:
    """Whether one claim can only hold where the other holds too."""
    if strict.fact(policy.metric) != loose.fact(policy.metric) or (strict.below is None) != (loose.below is None):
        return False
    first, second = (
        policy.bounds[item.bound] if isinstance(item.bound, str) else float(item.bound) for item in (strict, loose)
    )
    if first == second:
        return loose.sign in (strict.sign, ">=")
    return first < second if loose.below is not None else first > second
