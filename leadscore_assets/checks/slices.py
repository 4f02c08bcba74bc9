"""Claims about the slices of a week."""

import dagster as dg

from leadscore_assets.assets.declare import Declaration, told_apart, week_in, weekly_check
from leadscore_assets.checks.gates import gate_check
from leadscore_assets.domain.slices import TEST, VALIDATION
from leadscore_assets.steps.platform import Platform


def has_enough_rows(name: str) -> Declaration:
    """Declare the check that a slice holds as many labelled rows as the policy asks of it."""

    @weekly_check(
        name=f"{name}_slice_has_enough_rows",
        asset=f"{name}_slice",
        description="The slice holds as many labelled rows as the policy asks of it.",
    )
    def _check(context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.AssetCheckResult:
        with told_apart():
            rows = platform.lake.slice(week_in(context), name).rows
        window = platform.policy.window
        least = window.minimum_test_rows if name == TEST else window.minimum_validation_rows
        return dg.AssetCheckResult(
            passed=rows >= least,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{rows:,} labelled rows, at least {least:,}.",
        )

    return _check


CHECKS = [
    gate_check("slices_do_not_overlap", asset="train_slice", deps=("validation_slice", "test_slice")),
    gate_check("train_slice_has_no_leakage", asset="train_slice"),
    has_enough_rows(VALIDATION),
    has_enough_rows(TEST),
]
