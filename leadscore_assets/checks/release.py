"""Claims about what is live."""

import dagster as dg

from leadscore_assets.assets.declare import Declaration, Weekly, told_apart
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.releasing import serves_the_champion


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


CHECKS: list[Declaration] = [endpoint_serves_the_champion]
