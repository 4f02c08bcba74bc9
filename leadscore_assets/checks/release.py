"""Claims about what is registered and what is live."""

import dagster as dg

from leadscore_assets.assets.declare import Declaration, Weekly, told_apart, week_in, weekly_check
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.releasing import package_problems, serves_the_champion


@weekly_check(asset="model_package", description="The package is the bundle that was judged.")
def package_is_the_judged_bundle(
    context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.AssetCheckResult:
    """Fail when a package is of another bundle than the week's verdict; the release itself refuses such a package."""
    with told_apart():
        found = package_problems(platform, week_in(context))
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(found) or "The registered bundle is the one that was judged, and it is registered once.",
    )


def endpoint_serves_the_champion(_: Weekly) -> dg.AssetChecksDefinition:
    """Declare the one check that has no week."""

    @dg.asset_check(asset="endpoint", name="endpoint_serves_the_champion", description="Endpoint and registry agree.")
    def _check(platform: dg.ResourceParam[Platform]) -> dg.AssetCheckResult:
        with told_apart():
            found = serves_the_champion(platform)
        return dg.AssetCheckResult(
            passed=not found,
            severity=dg.AssetCheckSeverity.ERROR,
            description="; ".join(found) or "The endpoint serves the registry's production model.",
        )

    return _check


CHECKS: list[Declaration] = [package_is_the_judged_bundle, endpoint_serves_the_champion]
