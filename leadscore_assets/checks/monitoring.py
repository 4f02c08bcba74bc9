"""Claims about a week's profile and its drift."""

import dagster as dg

from leadscore_assets.assets.declare import told_apart, week_in, weekly_check
from leadscore_assets.steps.drifting import stored_drift
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.profiling import profile_problems
from leadscore_assets.steps.serving_records import served_problems


@weekly_check(asset="lead_profile", description="The profile counts every lead that the week holds.")
def lead_profile_covers_the_week(
    context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.AssetCheckResult:
    """Fail when the profile is not of the leads that the week holds now, or does not add up."""
    with told_apart():
        found = profile_problems(platform, week_in(context))
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(found) or "Every feature's counts and missing values add up to the week's leads.",
    )


@weekly_check(asset="served_leads", description="Every captured answer of the week holds a score.")
def served_leads_were_scored(
    context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.AssetCheckResult:
    """Warn of answers without a score, and of captured lines that could not be read."""
    with told_apart():
        found = served_problems(platform, week_in(context))
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(found) or "Every captured answer could be read and holds a score.",
    )


@weekly_check(asset="drift_report", description="The week's leads are like those that the champion learnt from.")
def leads_have_not_drifted(
    context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.AssetCheckResult:
    """Inform when the week alarms; drift is a reason to retrain, not a failure of anything."""
    with told_apart():
        report = stored_drift(platform, week_in(context))
    return dg.AssetCheckResult(
        passed=report.verdict.decision != "alarm",
        severity=dg.AssetCheckSeverity.WARN,
        description=" ".join(report.verdict.reasons),
        metadata={"verdict": report.verdict.decision, "alarms": ", ".join(f.name for f in report.named("alarm"))},
    )


CHECKS = [lead_profile_covers_the_week, served_leads_were_scored, leads_have_not_drifted]
