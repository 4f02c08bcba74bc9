"""Whether a release can be decided at a site's volume: steps that no sample ends, and conversions without power.

A step is possible when the evidence of the expected counts reaches its bound within the step's longest time, which is
a chance of about one half.
"""

import math

from leadscore_assets.domain.eprocess import attribution_margin, blended_evidence, grid_down, grid_up, more_needed
from leadscore_assets.domain.reasons import rounded_up
from leadscore_assets.domain.release_guard import proof_bound
from leadscore_assets.domain.release_policy import ReleasePolicy, ReleaseStep

_TAIL = 0.1


def impossible_release(policy: ReleasePolicy, *, leads_a_day: float, conversion: float | None) -> list[str]:
    """Return each step that cannot end at so many distinct leads a day, as a sentence with the remedy.

    `conversion` is the share of leads that convert; without it, steps that wait for conversions are not checked.
    """
    found = [_shadow(policy, leads_a_day)] if policy.shadow else []
    for step in policy.steps:
        found.append(_proof(step, policy, leads_a_day))
        found += [_kpi(step, policy, leads_a_day, conversion)] if conversion and waits_for_conversions(step) else []
    return [item for item in found if item]


def waits_for_conversions(step: ReleaseStep) -> bool:
    """Tell whether a step ends by conversions."""
    return step.ends == "winner" or "conversion" in step.guards


def proof_leads(policy: ReleasePolicy, *, weight: float) -> int:
    """Return how many of the candidate's leads prove a faultless one, at a share of leads."""
    bound, margin = proof_bound(policy), attribution_margin(weight, 1.0)
    usual = _TAIL * (1 - weight) / weight
    errors = more_needed(lambda n: blended_evidence([(0, n, policy.errors)], grid=grid_down), bound=bound)
    latency = more_needed(lambda n: blended_evidence([(0, n * usual, margin)], grid=grid_down), bound=bound)
    return max(errors or 0, latency or 0, policy.minimum_requests)


def kpi_days(step: ReleaseStep, policy: ReleasePolicy, *, leads_a_day: float, conversion: float) -> float | None:
    """Return the days after which conversions decide a step in about every second release.

    A winner is sought at a difference of `conversion_worse`; a guard is proved by a candidate that converts alike.
    """
    gain, asked = (policy.conversion_worse, 1.0) if step.ends == "winner" else (0.0, 1 - policy.conversion_worse)
    alpha = policy.winner_alpha if step.ends == "winner" else policy.proof_alpha
    mine, theirs = step.weight * conversion * (1 + gain), (1 - step.weight) * conversion
    margin = attribution_margin(step.weight, asked)
    leads = more_needed(
        lambda n: blended_evidence([(n * mine, n * (mine + theirs), margin)], grid=grid_up),
        bound=-math.log(alpha),
    )
    return None if leads is None else leads / leads_a_day


def _shadow(policy: ReleasePolicy, leads_a_day: float) -> str:
    leads, needed = leads_a_day * policy.shadow_maximum_days, proof_leads(policy, weight=0.5)
    if leads >= needed:
        return ""
    return (
        f"shadow sees about {leads:,.0f} leads in {policy.shadow_maximum_days} days, and a faultless candidate is "
        f"proved by about {rounded_up(needed)}: every release would end undecided; raise shadow_maximum_days, or set "
        "shadow = false"
    )


def _proof(step: ReleaseStep, policy: ReleasePolicy, leads_a_day: float) -> str:
    leads, needed = leads_a_day * step.weight * step.maximum_hours / 24, proof_leads(policy, weight=step.weight)
    if leads >= needed:
        return ""
    return (
        f"step {step.name} gives the candidate about {leads:,.0f} leads in {step.maximum_hours / 24:g} days, and a "
        f"faultless one is proved by about {rounded_up(needed)}: no sample decides it; raise weight or maximum_hours"
    )


def _kpi(step: ReleaseStep, policy: ReleasePolicy, leads_a_day: float, conversion: float) -> str:
    days = kpi_days(step, policy, leads_a_day=leads_a_day, conversion=conversion)
    if days is not None and days <= step.maximum_hours / 24:
        return ""
    more = f"about {days / 7:,.0f} weeks would do" if days else "no time would do"
    return (
        f"step {step.name} waits for conversions, and {leads_a_day:,.0f} leads a day of which {conversion:.1%} convert "
        f"show a difference of {policy.conversion_worse:.0%} in fewer than half of the releases within "
        f"{step.maximum_hours / 24:g} days; {more}. Raise maximum_hours or weight, or end the step by proof"
    )
