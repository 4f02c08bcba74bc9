"""Claims about outcomes, the live champion and the week."""

import dagster as dg

from leadscore_assets.assets.declare import Declaration, Weekly, told_apart, week_in, weekly_check
from leadscore_assets.steps.accompanying import last_look
from leadscore_assets.steps.outcome_reports import outcome_problems
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.weekly_reporting import stored_week


@weekly_check(asset="outcome_report", description="The models did as well as they did when they were judged.")
def outcomes_are_as_judged(
    context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.AssetCheckResult:
    """Warn when a model's whole interval lies below what judging expected, less the policy's margin."""
    with told_apart():
        found = outcome_problems(platform, week_in(context))
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(found) or "No model did clearly worse than when it was judged.",
    )


def live_champion_is_well(_: Weekly) -> dg.AssetChecksDefinition:
    """Declare the check of the live champion, which has no week."""

    @dg.asset_check(asset="release_watch", name="live_champion_is_well", description="The last look found all well.")
    def _check(platform: dg.ResourceParam[Platform]) -> dg.AssetCheckResult:
        with told_apart():
            seen = last_look(platform)
        return dg.AssetCheckResult(
            passed=seen is None or not seen.problems,
            severity=dg.AssetCheckSeverity.WARN,
            description=seen.sentence if seen else "No look was due yet.",
        )

    return _check


@weekly_check(asset="weekly_report", description="Nothing of the week cannot wait.")
def week_has_no_alarm(
    context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.AssetCheckResult:
    """Warn of what cannot wait: failed gates, alarms, rollbacks and a ledger that does not hold."""
    with told_apart():
        report = stored_week(platform, week_in(context))
    return dg.AssetCheckResult(
        passed=not report.alarming,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(report.concerns) or report.headline,
    )


CHECKS: list[Declaration] = [outcomes_are_as_judged, live_champion_is_well, week_has_no_alarm]
