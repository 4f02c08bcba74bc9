"""One declaration for every gate: ask it, store its answer as evidence, report it to Dagster."""

from typing import Any

import dagster as dg

from leadscore_assets.assets.declare import Declaration, told_apart, week_in, weekly_check
from leadscore_assets.steps.gates import GATES, pass_gate
from leadscore_assets.steps.platform import Platform


def gate_check(name: str, *, asset: str, deps: tuple[str, ...] = ()) -> Declaration:
    """Declare the check of a gate of an asset; it blocks what follows where the policy calls its failure an error."""
    about = (GATES[name].__doc__ or "").strip().splitlines()[0]

    @weekly_check(name=name, asset=asset, additional_deps=list(deps), blocking=True, description=about)
    def _check(context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.AssetCheckResult:
        with told_apart():
            gate = pass_gate(platform, name, week_in(context))
        metadata: dict[str, Any] = {
            f"reason {n}" if n > 1 else "reason": text for n, text in enumerate(gate.reasons, 1)
        }
        return dg.AssetCheckResult(
            passed=gate.passed,
            severity=dg.AssetCheckSeverity.ERROR if gate.severity == "error" else dg.AssetCheckSeverity.WARN,
            description=" ".join(gate.reasons),
            metadata=metadata,
        )

    return _check
