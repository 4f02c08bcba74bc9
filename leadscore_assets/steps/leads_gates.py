"""Gates about a week of leads, answered from what was measured when the week was read; none reads its rows again.

The policy says which of them stop what follows and which inform.
"""

from collections.abc import Callable
from datetime import date

from leadscore_assets.domain.calendar import WEEK, weeks_between
from leadscore_assets.domain.label_shift import label_shift
from leadscore_assets.steps.gate import Gate, about_leads
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.stored_week import manifest_of

_NAMED = 5


def leads_match_the_contract(platform: Platform, week: date) -> Gate:
    """Pass when no larger share of the week's rows broke the contract than the policy allows."""
    manifest = manifest_of(platform, week)
    total = manifest.rows + manifest.quarantined
    share = manifest.quarantined / total if total else 0.0
    limit = platform.policy.quality.maximum_quarantined
    worst = sorted(manifest.reasons.items(), key=lambda item: -item[1])[:_NAMED]
    listed = "; ".join(f"{reason} ({count:,})" for reason, count in worst)
    where = f" See {manifest.quarantine_file} in the lake." if manifest.quarantine_file else ""
    counted = f"{manifest.quarantined:,} of {total:,} rows broke the contract ({share:.1%}, at most {limit:.0%})."
    passed = share <= limit and (manifest.rows > 0 or not manifest.quarantined)
    return about_leads(
        platform, "weekly_leads_match_the_contract", manifest, [f"{counted} {listed}{where}".strip()], passed=passed
    )


def leads_reach_the_quality_score(platform: Platform, week: date) -> Gate:
    """Pass when the week's quality score reaches the policy's minimum."""
    manifest = manifest_of(platform, week)
    score, least = manifest.quality.get("score", 1.0), platform.policy.quality.minimum_score
    parts = ", ".join(f"{name} {value:.3f}" for name, value in manifest.quality.items() if name != "score")
    reason = f"Quality {score:.3f}, at least {least:.2f}: {parts or 'an empty week'}."
    return about_leads(platform, "weekly_leads_reach_the_quality_score", manifest, [reason], passed=score >= least)


def leads_are_as_complete_as_agreed(platform: Platform, week: date) -> Gate:
    """Pass when no feature lacks more values than the contract and chance allow."""
    manifest = manifest_of(platform, week)
    allowed = {feature.name: feature.missing for feature in platform.contract.features}
    found = [
        f"{name}: {share:.1%} missing, the contract allows {allowed.get(name, 0.0):.1%}; mend the export, or raise "
        f"'missing' of {name} in contract.toml"
        for name, share in _worst(manifest.findings.get("missing", {}))
    ]
    reasons = found or [f"Every one of {len(allowed)} features is within its missing allowance."]
    return about_leads(platform, "weekly_leads_are_as_complete_as_agreed", manifest, reasons, passed=not found)


def leads_have_few_outliers(platform: Platform, week: date) -> Gate:
    """Pass when no larger share of all numbers lies outside its feature's fences than the policy tolerates."""
    manifest, policy = manifest_of(platform, week), platform.policy.quality
    worst = _worst(manifest.findings.get("outliers", {}))
    passed = manifest.quality.get("plausibility", 1.0) >= 1.0
    head = f"At most {policy.tolerated_outliers:.1%} of all numbers are tolerated outside their fences"
    named = ", ".join(f"{name} {share:.1%}" for name, share in worst)
    said = f"; most lie in {named}. Look at their units and their largest values." if named else "; none stands out."
    return about_leads(platform, "weekly_leads_have_few_outliers", manifest, [head + said], passed=passed)


def leads_have_few_duplicates(platform: Platform, week: date) -> Gate:
    """Pass when no larger share of the week's rows was replaced by a later row with the same key than tolerated."""
    manifest, limit = manifest_of(platform, week), platform.policy.quality.tolerated_duplicates
    total = manifest.rows + manifest.duplicates
    share = manifest.duplicates / total if total else 0.0
    reason = (
        f"{manifest.duplicates:,} of {total:,} rows repeat a {platform.contract.key} ({share:.1%}, at most "
        f"{limit:.0%}); the last one counts."
    )
    return about_leads(platform, "weekly_leads_have_few_duplicates", manifest, [reason], passed=share <= limit)


def labels_are_like_those_before(platform: Platform, week: date) -> Gate:
    """Pass when the week's labels are spread as in the weeks before, or are too few to tell."""
    manifest, policy = manifest_of(platform, week), platform.policy.quality
    first = max(platform.start_week, week - WEEK * policy.label_weeks)
    past = [platform.lake.manifest(item) for item in weeks_between(first, week - WEEK)] if first < week else []
    found = label_shift(manifest.labels, [item.labels for item in past if item is not None], policy)
    name, passed = "weekly_labels_are_like_those_before", found.shifted is not True
    return about_leads(platform, name, manifest, [found.sentence], passed=passed)


Ask = Callable[[Platform, date], Gate]
LEADS_GATES: dict[str, Ask] = {
    "weekly_leads_match_the_contract": leads_match_the_contract,
    "weekly_leads_reach_the_quality_score": leads_reach_the_quality_score,
    "weekly_leads_are_as_complete_as_agreed": leads_are_as_complete_as_agreed,
    "weekly_leads_have_few_outliers": leads_have_few_outliers,
    "weekly_leads_have_few_duplicates": leads_have_few_duplicates,
    "weekly_labels_are_like_those_before": labels_are_like_those_before,
}


def stopping_gates(platform: Platform) -> list[Ask]:
    """Return the gates about leads that stop what follows when they fail."""
    return [ask for name, ask in LEADS_GATES.items() if platform.policy.checks.severity(name) == "error"]


def _worst(shares: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(shares.items(), key=lambda item: -item[1])[:_NAMED]
