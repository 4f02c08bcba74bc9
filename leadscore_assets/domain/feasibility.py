"""Whether a policy can decide anything: rungs that never speak, gates and steps that the site's rows cannot answer."""

from dataclasses import dataclass

from leadscore_assets.domain.claims import phrase
from leadscore_assets.domain.ladder import Condition, Rung
from leadscore_assets.domain.policy import Policy
from leadscore_assets.domain.power import kpi_power, kpi_rows_needed
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.domain.reasons import rounded_up
from leadscore_assets.domain.release_feasibility import impossible_release, waits_for_conversions

KPIS = ("precision_top_decile", "lift_top_decile")


@dataclass(frozen=True)
class Volume:
    """A site's usual week: test rows, the share of the best tenth that converts (0 to 1), and what the endpoint sees:
    distinct leads a day, and the share of all leads that converts. None is unknown, and what rests on it unchecked.
    """

    test_rows: int | None = None
    top_rate: float | None = None
    leads_a_day: float | None = None
    conversion: float | None = None


def impossible(policy: Policy, volume: Volume | None = None) -> list[str]:
    """Return what the policy asks for in vain, one sentence each with the remedy; empty when all is possible."""
    rules = policy.promotion
    by_rows = _too_few(rules, volume.test_rows) if volume and volume.test_rows else []
    by_rate = _blind(rules, volume.test_rows, volume.top_rate) if volume and volume.test_rows else []
    return [
        *_hidden(rules),
        *_no_way_to_promote(rules),
        *_endless_search(policy),
        *by_rows,
        *by_rate,
        *_undecided(policy, volume),
    ]


def kpi_conditions(policy: PromotionPolicy) -> list[tuple[Rung, Condition]]:
    """Return the conditions that ask for a gain in a KPI, each with its rung."""
    return [
        (rung, item)
        for rung in policy.rungs
        for item in rung.when
        if (item.metric or policy.metric) in KPIS and item.of in ("gain", "relative_gain")
    ]


def unchecked_release(policy: Policy, volume: Volume) -> bool:
    """Tell whether the release has steps that a missing number left unchecked."""
    steps, shadow = policy.release.steps, policy.release.shadow
    blind = volume.conversion is None and any(waits_for_conversions(step) for step in steps)
    return bool(steps or shadow) and (volume.leads_a_day is None or blind)


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


def _undecided(policy: Policy, volume: Volume | None) -> list[str]:
    if volume is None or not volume.leads_a_day:
        return []
    return impossible_release(policy.release, leads_a_day=volume.leads_a_day, conversion=volume.conversion)


def _too_few(policy: PromotionPolicy, rows: int) -> list[str]:
    if rows >= policy.minimum_rows:
        return []
    return [
        f"a usual week has {rows:,} test rows and minimum_rows is {policy.minimum_rows:,}: every verdict "
        "would be 'not yet'; lower it, or raise [window] test_days"
    ]


def _blind(policy: PromotionPolicy, rows: int, rate: float | None) -> list[str]:
    """KPI gates that would see the gain they ask for too rarely."""
    if rate is None:
        return []
    return [said for rung, item in kpi_conditions(policy) if (said := _blind_gate(rung, item, policy, rows, rate))]


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
