"""Claims about a replay of the past."""

import dagster as dg

from leadscore_assets.assets.declare import Declaration, Weekly, told_apart
from leadscore_assets.domain.replay import repeated
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.replaying import replay_problems, stored_replay


def replay_repeats_the_ledger(_: Weekly) -> dg.AssetChecksDefinition:
    """Declare the check, which has no week."""

    @dg.asset_check(
        asset="replay_report",
        name="replay_repeats_the_ledger",
        description="The home's own policy decides the past as the ledger has it.",
    )
    def _check(platform: dg.ResourceParam[Platform]) -> dg.AssetCheckResult:
        with told_apart():
            report = stored_replay(platform)
            found = replay_problems(report)
        own = [f"Under {item.policy}, {repeated(item)}" for item in report.replays if item.as_home]
        return dg.AssetCheckResult(
            passed=not found,
            severity=dg.AssetCheckSeverity.WARN,
            description="; ".join(found) or " ".join(own) or "The home's own policy was not among those replayed.",
        )

    return _check


CHECKS: list[Declaration] = [replay_repeats_the_ledger]
