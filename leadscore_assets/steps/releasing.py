"""Packaging and release: a promoted candidate becomes a registered package, and a package goes live on its evidence.

The endpoint is asked first, then the decision is recorded, then the registry follows, so that what the registry calls
production was served before.
Every step can be repeated and ends in the same place.
"""

from dataclasses import dataclass
from datetime import date

from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import Missing, Refused, oneline
from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.domain.facts import EndpointStatus, Package, Variant
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.steps.gates import missing_evidence
from leadscore_assets.steps.judging import stored_evaluation
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.tracking import track_training

VARIANT = "primary"
MANUAL = "manual"


@dataclass(frozen=True)
class Release:
    """What the endpoint serves after a release step, and whether this step changed it."""

    package: Package
    status: EndpointStatus
    changed: bool


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
    """Bring the newest package with sound evidence live, or make sure that the champion is.

    Raises Refused when a package waits whose evidence does not hold, Missing when there is nothing to serve.
    """
    champion = platform.registry.production()
    waiting = _waiting(platform, champion)
    if waiting is None:
        if champion is None:
            raise Missing("there is no registered model to serve; run 'leadscore retrain' first")
        return Release(champion, _deploy(platform, champion), changed=False)
    problems = _evidence_against(platform, waiting, champion)
    if problems:
        _refuse(platform, waiting, problems)
    status = _deploy(platform, waiting)
    # Recorded before the registry moves: afterwards nobody could tell that a record is missing.
    _record_promotion(platform, waiting, champion, status)
    return Release(platform.registry.promote(waiting.version), status, changed=True)


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
    """Compare registry and endpoint; return each difference as a sentence."""
    champion, status = platform.registry.production(), platform.endpoint.status()
    if champion is None:
        return ["the registry has no production model"]
    if not status.running:
        return [f"the endpoint at {status.address} is not running; run 'leadscore endpoint start'"]
    served = [variant.digest for variant in status.variants]
    if served != [champion.digest]:
        shown = ", ".join(digest[:12] for digest in served) or "nothing"
        return [f"the endpoint serves {shown}, and production is {champion.digest[:12]} (version {champion.version})"]
    return [f"the endpoint reports: {status.error}"] if status.error else []


def _waiting(platform: Platform, champion: Package | None) -> Package | None:
    """Return the newest package that may be released; one that a person has yet to decide on is not among them."""
    newer = [
        package
        for package in platform.registry.packages()
        if (champion is None or package.version > champion.version) and package.lineage.get("decision") != MANUAL
    ]
    return newer[-1] if newer else None


def _deploy(platform: Platform, package: Package) -> EndpointStatus:
    return platform.endpoint.deploy([Variant(VARIANT, package.digest, package.version)])


def _why_not(platform: Platform, week: date, evaluation: Evaluation) -> str:
    if evaluation.verdict.decision not in ("promote", MANUAL):
        return f"{evaluation.verdict.decision} ({evaluation.verdict.rule}): {evaluation.verdict.sentence}"
    champion = platform.registry.production()
    if champion is not None and week <= champion.week:
        return f"the champion is of week {champion.week}, and only a newer week may release"
    return ""


def _evidence_against(platform: Platform, package: Package, champion: Package | None) -> list[str]:
    """Read everything again that speaks for a package; return what does not hold."""
    evaluation = stored_evaluation(platform, package.week)
    problems = missing_evidence(platform, package.week)
    if evaluation.subject.candidate_digest != package.digest:
        problems.append("the week's evaluation is of another bundle")
    if evaluation.verdict.decision != "promote":
        problems.append(f"the verdict is {evaluation.verdict.decision}")
    if evaluation.subject.champion_digest != (champion.digest if champion else None):
        problems.append("the champion changed since the evaluation")
    if evaluation.subject.policy_digest != platform.policy.digest:
        problems.append("the policy changed since the evaluation")
    Scorer.open(platform.bundles.path(package.digest), digest=package.digest)
    return problems


def _record_promotion(platform: Platform, package: Package, champion: Package | None, status: EndpointStatus) -> None:
    platform.ledger.append(
        "promoted",
        f"package {package.version}",
        reason=f"week {package.week}: {package.semver} takes the place of {champion.semver if champion else 'nothing'}",
        evidence={
            "bundle": package.digest,
            "before": champion.digest if champion else None,
            "generation": status.generation,
            "policy_digest": platform.policy.digest,
        },
        key=f"promoted:{package.digest}:{champion.digest if champion else None}",
    )


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
