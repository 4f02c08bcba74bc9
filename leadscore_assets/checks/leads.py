"""Claims about a week of leads."""

import dagster as dg

from leadscore_assets.assets.declare import told_apart, week_in, weekly_check
from leadscore_assets.checks.gates import gate_check
from leadscore_assets.domain.freshness import staleness
from leadscore_assets.steps.leads_gates import LEADS_GATES
from leadscore_assets.steps.platform import Platform


@weekly_check(asset="weekly_leads", description="The week has leads up to its last days.")
def weekly_leads_are_fresh(
    context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.AssetCheckResult:
    """Inform when a week is empty or ends early; quiet weeks are real, so nothing is stopped."""
    week = week_in(context)
    with told_apart():
        manifest = platform.lake.manifest(week)
        days, reason = staleness(week, manifest.last_at if manifest else None)
    passed = days <= platform.policy.quality.stale_after_days
    return dg.AssetCheckResult(
        passed=passed, severity=dg.AssetCheckSeverity.WARN, description=reason, metadata={"days_without_leads": days}
    )


CHECKS = [*(gate_check(name, asset="weekly_leads") for name in LEADS_GATES), weekly_leads_are_fresh]
