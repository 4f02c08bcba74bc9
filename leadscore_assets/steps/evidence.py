"""Evidence at the boundary: everything that speaks for a package is read again before any traffic moves to it."""

from leadscore_assets.domain.errors import oneline
from leadscore_assets.domain.facts import Package
from leadscore_assets.domain.release_moves import PLATFORM
from leadscore_assets.domain.release_state import Model, ReleaseState
from leadscore_assets.steps.approvals import MANUAL, approval_against
from leadscore_assets.steps.platform import Platform

_ANSWERS = ("promote", MANUAL)


def newcomer(before: ReleaseState, after: ReleaseState) -> Model | None:
    """Return the model that a move gives more traffic, copies of requests included; None where it only goes back."""
    if after.phase == "champion" and after.champion != before.champion:
        return after.champion
    told = (after.candidate, after.phase, after.weight)
    if after.phase in ("shadow", "canary") and told != (before.candidate, before.phase, before.weight):
        return after.candidate
    return None


def evidence_against(platform: Platform, model: Model, before: ReleaseState, after: ReleaseState) -> list[str]:
    """Read everything again that speaks for a model on its way; return what does not hold.

    Raises CorruptArtefact for a bundle that is not what was written.
    """
    # Imported here: going back asks for no evidence, and must not wait for what reads it.
    from leadscore_assets.domain.scoring import Scorer
    from leadscore_assets.steps.gates import missing_evidence
    from leadscore_assets.steps.judging import stored_evaluation

    package = platform.registry.get(model.version)
    evaluation = stored_evaluation(platform, package.week)
    champion = before.champion.digest if before.champion else None
    problems = missing_evidence(platform, package.week)
    if package.digest != model.digest:
        problems.append("the registry names another bundle than the release")
    if package.decision and not package.decision.approved:
        problems.append(f"{package.decision.by} refused it")
    if evaluation.subject.candidate_digest != model.digest:
        problems.append("the week's evaluation is of another bundle")
    problems += approval_against(platform, model, before, after)
    problems += _verdict_problems(evaluation.verdict.decision, model, after)
    if evaluation.subject.champion_digest != champion:
        problems.append("the champion changed since the evaluation")
    if evaluation.subject.policy_digest != platform.policy.digest:
        problems.append("the policy changed since the evaluation")
    Scorer.open(platform.bundles.path(model.digest), digest=model.digest)
    return problems


def refusal(platform: Platform, model: Model, problems: list[str]) -> str:
    """Record once that a package is not released, and return the reason."""
    reason = f"package {model.version} is not released: {oneline(problems)}"
    platform.ledger.append(
        "refused",
        f"package {model.version}",
        reason=reason,
        evidence={"bundle": model.digest, "problems": problems},
        key=f"refused:{model.digest}:{oneline(problems)}",
    )
    return reason


def was_refused(platform: Platform, package: Package) -> bool:
    """Tell whether a package was refused for lack of evidence before."""
    return bool(platform.ledger.records(action="refused", subject=f"package {package.version}", limit=1))


def _verdict_problems(decision: str, model: Model, after: ReleaseState) -> list[str]:
    if decision not in _ANSWERS:
        return [f"the verdict is {decision}"]
    people = {item.actor for item in after.history if item.model == model and item.after == "approved"}
    return ["nobody approved it, and the verdict asks a person"] if decision == MANUAL and people <= {PLATFORM} else []
