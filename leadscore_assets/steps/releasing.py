"""Packaging and release: a promoted candidate becomes a registered package, and a package goes live on its evidence.

Every step can be repeated and ends in the same place.
"""

from dataclasses import dataclass
from datetime import date

from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import Missing, Refused, oneline
from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.domain.facts import EndpointStatus, Package
from leadscore_assets.domain.release_state import ReleaseState, desired, story_problems
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.steps.gates import missing_evidence
from leadscore_assets.steps.judging import stored_evaluation
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import follows, present_release
from leadscore_assets.steps.rolling_out import decline, look_at_release, register_package
from leadscore_assets.steps.tracking import track_training

MANUAL = "manual"


@dataclass(frozen=True)
class Release:
    """What the endpoint serves after a release step, and whether this step changed it."""

    package: Package
    status: EndpointStatus
    changed: bool
    state: ReleaseState
    reason: str


def package_candidate(platform: Platform, week: date) -> Package | None:
    """Register a week's candidate when its verdict is to promote it or to ask a person; None otherwise.

    A candidate that a person decides on is staged and not released. What is not registered has its reason recorded.
    """
    evaluation = stored_evaluation(platform, week)
    digest = evaluation.subject.candidate_digest
    package = platform.registry.find(digest)
    refusal = "" if package else _why_not(platform, week, evaluation)
    if refusal:
        platform.ledger.append(
            "not packaged",
            f"bundle {digest}",
            reason=f"week {week}: {refusal}",
            evidence={"week": week.isoformat(), "evaluation": evaluation.digest},
            key=f"not-packaged:{digest}:{evaluation.digest}",
        )
        return None
    waits = evaluation.verdict.decision == MANUAL
    if package is None:
        package = platform.registry.register(
            digest=digest,
            week=week,
            metrics=evaluation.candidate_metrics,
            lineage=_lineage(platform, digest, evaluation, track_training(platform, week, evaluation)),
            stage="staging" if waits else "candidate",
        )
    waiting = ", waits for a person" if waits else ""
    platform.ledger.append(
        "registered",
        f"package {package.version}",
        reason=f"week {package.week}: {evaluation.verdict.rule}, {package.semver}{waiting}",
        evidence={"bundle": digest, "evaluation": evaluation.digest, "policy_digest": platform.policy.digest},
        key=f"registered:{digest}",
    )
    return package


def release(platform: Platform) -> Release:
    """Bring the newest package with sound evidence on its way, or look at the release in hand.

    Everything that speaks for the package on its way is read again before any traffic moves. Raises Refused when it
    does not hold, Missing when there is nothing to serve.
    """
    state = present_release(platform)
    waiting = _waiting(platform, state)
    if waiting is not None:
        _check_evidence(platform, waiting)
        moved = register_package(platform, waiting)
    else:
        if state.candidate is not None:
            _check_evidence(platform, platform.registry.get(state.candidate.version))
        moved = look_at_release(platform)
    champion = moved.state.champion
    if champion is None:
        raise Missing("there is no registered model to serve; run 'leadscore retrain' first")
    return Release(platform.registry.get(champion.version), moved.status, moved.changed, moved.state, moved.reason)


def why_not_packaged(platform: Platform, week: date) -> str:
    """Say why a week's judged candidate is no package; empty when it is one."""
    evaluation = stored_evaluation(platform, week)
    if platform.registry.find(evaluation.subject.candidate_digest) is not None:
        return ""
    return _why_not(platform, week, evaluation)


def package_problems(platform: Platform, week: date) -> list[str]:
    """Compare a week's evaluation with the registry; return each difference as a sentence."""
    digest = stored_evaluation(platform, week).subject.candidate_digest
    versions = [package.version for package in platform.registry.packages() if package.digest == digest]
    if len(versions) != 1:
        return [f"bundle {digest[:12]} of week {week} is registered {len(versions)} times, and it should be once"]
    return []


def forgotten(platform: Platform) -> list[str]:
    """Return the packages that the ledger has no record of: what a lost or shortened ledger looks like."""
    known = {record.subject for record in platform.ledger.records(action="registered")}
    absent = [package.version for package in platform.registry.packages() if f"package {package.version}" not in known]
    return [
        f"the registry has version {version} and the ledger no record of it; restore ledger.db" for version in absent
    ]


def serves_the_champion(platform: Platform) -> list[str]:
    """Compare the release's state, the registry and the server; return each difference as a sentence."""
    production, status, state = platform.registry.production(), platform.endpoint.status(), present_release(platform)
    champion, wanted = state.champion, desired(state)
    if production is None or champion is None or wanted is None:
        return ["the registry has no production model"]
    found = story_problems(state)
    if production.version != champion.version:
        found.append(f"production is version {production.version}, and the release's champion is {champion.version}")
    if not status.running:
        found.append(f"the endpoint at {status.address} is not running; run 'leadscore endpoint start'")
    elif not follows(status, wanted):
        shown = ", ".join(f"{item.digest[:12]} ({item.weight:.0%})" for item in status.variants) or "nothing"
        asked = ", ".join(f"{item.digest[:12]} ({item.weight:.0%})" for item in wanted.variants)
        found.append(f"the endpoint serves {shown}, and the release wants {asked}; run 'leadscore release look'")
    return [*found, *([f"the endpoint reports: {status.error}"] if status.error else [])]


def _waiting(platform: Platform, state: ReleaseState) -> Package | None:
    """Return the newest package that the release does not know yet; one that a person decides on is not among them."""
    known = {item.model.version for item in state.history}
    newest = max(known, default=0)
    newer = [
        package
        for package in platform.registry.packages()
        if package.version > newest and package.lineage.get("decision") != MANUAL
    ]
    return newer[-1] if newer else None


def _check_evidence(platform: Platform, package: Package) -> None:
    """Raise Refused, and end the package's way, when what speaks for it does not hold any more."""
    state = present_release(platform)
    champion = state.champion
    problems = _evidence_against(platform, package, champion.digest if champion else None)
    if not problems:
        return
    if state.candidate and state.candidate.version == package.version:
        decline(platform, package.version, actor="platform", reason=oneline(problems))
    _refuse(platform, package, problems)


def _why_not(platform: Platform, week: date, evaluation: Evaluation) -> str:
    if evaluation.verdict.decision not in ("promote", MANUAL):
        return f"{evaluation.verdict.decision} ({evaluation.verdict.rule}): {evaluation.verdict.sentence}"
    champion = platform.registry.production()
    if champion is not None and week <= champion.week:
        return f"the champion is of week {champion.week}, and only a newer week may release"
    return ""


def _evidence_against(platform: Platform, package: Package, champion: str | None) -> list[str]:
    """Read everything again that speaks for a package; return what does not hold."""
    evaluation = stored_evaluation(platform, package.week)
    problems = missing_evidence(platform, package.week)
    if evaluation.subject.candidate_digest != package.digest:
        problems.append("the week's evaluation is of another bundle")
    if evaluation.verdict.decision != "promote":
        problems.append(f"the verdict is {evaluation.verdict.decision}")
    if evaluation.subject.champion_digest != champion:
        problems.append("the champion changed since the evaluation")
    if evaluation.subject.policy_digest != platform.policy.digest:
        problems.append("the policy changed since the evaluation")
    Scorer.open(platform.bundles.path(package.digest), digest=package.digest)
    return problems


def _refuse(platform: Platform, package: Package, problems: list[str]) -> None:
    reason = f"package {package.version} of week {package.week} is not released: {oneline(problems)}"
    platform.ledger.append(
        "refused",
        f"package {package.version}",
        reason=reason,
        evidence={"bundle": package.digest, "problems": problems},
        key=f"refused:{package.digest}:{oneline(problems)}",
    )
    raise Refused(f"{reason}; retrain a newer week, whose evidence is then of today")


def _lineage(platform: Platform, digest: str, evaluation: Evaluation, run_id: str) -> dict[str, object]:
    _, files = bundle.read(platform.bundles.path(digest), digest=digest)
    summary = bundle.document(files, bundle.METRICS)
    return {
        **bundle.document(files, bundle.LINEAGE),
        "run_id": run_id,
        "bundle": str(platform.bundles.path(digest)),
        "evaluation_digest": evaluation.digest,
        "verdict": evaluation.verdict.rule,
        "decision": evaluation.verdict.decision,
        "test_days": [evaluation.days[0].isoformat(), evaluation.days[-1].isoformat()],
        "train_rows": summary["train_rows"],
        "features": list(platform.contract.names),
        "inputs": summary["inputs"],
        "hyperparameters": summary["hyperparameters"],
        "files": sorted(files),
    }
