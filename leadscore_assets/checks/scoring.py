"""Claims about a week's ranked list."""

import dagster as dg

from leadscore_assets.assets.declare import told_apart, week_in, weekly_check
from leadscore_assets.steps.listing import list_problems
from leadscore_assets.steps.platform import Platform


@weekly_check(
    asset="scored_leads", description="Every lead of the week stands in the list, in order, with a valid score."
)
def scored_leads_cover_the_week(
    context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.AssetCheckResult:
    """Fail when the list is not of the leads that the week holds now."""
    with told_apart():
        found = list_problems(platform, week_in(context))
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(found) or "The list holds every lead of the week once, best first.",
    )


CHECKS = [scored_leads_cover_the_week]
