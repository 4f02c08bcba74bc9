"""Claims about a candidate's evaluation."""

import dagster as dg

from leadscore_assets.assets.declare import told_apart, week_in, weekly_check
from leadscore_assets.checks.gates import gate_check
from leadscore_assets.steps.judging import stored_evaluation
from leadscore_assets.steps.platform import Platform


@weekly_check(asset="evaluation_report", description="The candidate takes the champion's place.")
def candidate_beats_the_champion(
    context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.AssetCheckResult:
    """Inform whether the verdict is to promote; keeping the champion is an answer, not a failure."""
    with told_apart():
        evaluation = stored_evaluation(platform, week_in(context))
    return dg.AssetCheckResult(
        passed=evaluation.verdict.decision == "promote",
        severity=dg.AssetCheckSeverity.WARN,
        description=evaluation.verdict.sentence,
        metadata={"verdict": evaluation.verdict.decision, "rule": evaluation.verdict.rule},
    )


CHECKS = [
    gate_check("candidate_reaches_the_spearman_floor", asset="evaluation_report"),
    candidate_beats_the_champion,
]
