"""Packaging and release: a promoted candidate becomes a registered package, and a package goes live on its evidence.

Every step can be repeated and ends in the same place.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import LeadscoreError, Missing, Refused
from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.domain.facts import Package
from leadscore_assets.domain.notice_words import retrained
from leadscore_assets.domain.release_state import Desired, Model, ReleaseState, desired, story_problems
from leadscore_assets.steps.approvals import MANUAL, awaiting
from leadscore_assets.steps.approving import Said, carry_clearance, give_approval, tell_coming
from leadscore_assets.steps.deciding import carry_decisions
from leadscore_assets.steps.evidence import was_refused
from leadscore_assets.steps.judging import stored_evaluation
from leadscore_assets.steps.notifying import announce_news
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_facts import follows
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.rolling_out import Moved, look_at_release, register_package
from leadscore_assets.steps.tracking import track_training


@dataclass(frozen=True)
class Release:
    """The champion's package after a release step, None while the first one waits for people, and what the step did."""

    package: Package | None
    moved: Moved

    @property
    def changed(self) -> bool:
        """Whether the step changed what the endpoint serves."""
        return self.moved.changed


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
        _announce(platform, week, evaluation, refusal)
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
    _announce(platform, week, evaluation, f"It is version {package.version} ({package.semver}){waiting}.")
    return package


def _announce(platform: Platform, week: date, evaluation: Evaluation, became: str) -> None:
    verdict = evaluation.verdict
    said = verdict.sentence if verdict.sentence in became else f"{verdict.sentence} {became}"
    decision = verdict.decision
    told = retrained(week, decision=decision, sentence=said, evaluation=evaluation.digest, at=platform.now())
    announce_news(platform, week, told)


def release(platform: Platform, *, insist: bool = True) -> Release:
    """Carry what people decided, look at the release in hand, then bring the newest unknown package on its way.

    Everything that speaks for a package is read again before any traffic moves to it. Raises Refused when it does not
    hold, Missing when there is nothing to serve. A sensor does not insist: what was refused once stays so.
    """
    moves = carry_decisions(platform)
    if present_release(platform).champion:
        moves.append(look_at_release(platform))
    waiting = _waiting(platform, present_release(platform))
    if waiting is not None and (insist or not was_refused(platform, waiting)):
        moves.append(_taken_up(platform, waiting))
    cleared = carry_clearance(platform)
    moves += [cleared] if cleared else []
    if not moves:
        moves = _first_waits(platform)
    champion = moves[-1].state.champion
    package = platform.registry.get(champion.version) if champion else None
    told = tuple(dict.fromkeys(problem for moved in moves for problem in moved.problems))
    return Release(package, replace(moves[-1], changed=any(moved.changed for moved in moves), problems=told))


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
    state = present_release(platform)
    champion, wanted = state.champion, desired(state)
    if champion is None or wanted is None:
        return ["the registry has no production model"]
    return [*story_problems(state), *_registry_problems(platform, champion), *_server_problems(platform, wanted)]


def package_waits(platform: Platform) -> bool:
    """Tell whether a package is there that the release does not know yet and that was not refused."""
    try:
        waiting = _waiting(platform, present_release(platform))
        return waiting is not None and not was_refused(platform, waiting)
    except LeadscoreError:
        # A registry or a ledger that is down brings nothing new; the release in hand is looked at all the same.
        return False


def _registry_problems(platform: Platform, champion: Model) -> list[str]:
    try:
        production = platform.registry.production()
    except LeadscoreError as error:
        return [f"{error}"]
    if production is None:
        return [f"the registry has no production model, and the release's champion is version {champion.version}"]
    if production.version != champion.version:
        return [f"production is version {production.version}, and the release's champion is {champion.version}"]
    return []


def _server_problems(platform: Platform, wanted: Desired) -> list[str]:
    status = platform.endpoint.status()
    told = [f"the endpoint reports: {status.error}"] if status.error else []
    if not status.running:
        why = " (it was stopped by a person)" if status.stopped else ""
        return [f"the endpoint at {status.address} is not running{why}; run 'leadscore endpoint start'", *told]
    if follows(status, wanted):
        return told
    shown = ", ".join(f"{item.digest[:12]} ({item.weight:.0%})" for item in status.variants) or "nothing"
    asked = ", ".join(f"{item.digest[:12]} ({item.weight:.0%})" for item in wanted.variants)
    return [f"the endpoint serves {shown}, and the release wants {asked}; run 'leadscore release look'", *told]


def _taken_up(platform: Platform, package: Package) -> Moved:
    """Bring a package on its way; one that people decide on waits, unless they approved it before."""
    rules, model = platform.policy.approval, Model(package.digest, package.version)
    if rules.asks:
        moved = register_package(platform, package, approved=False)
        if package.decision:
            said = Said(package.decision.by, rules.registry_role, package.decision.comment, "registry")
            with suppress(Refused):
                return give_approval(platform, package.version, said)
        return moved
    if package.decision or package.lineage.get("decision") != MANUAL:
        tell_coming(platform, model)
    if package.decision:
        return register_package(platform, package, approved=package.decision.approved, actor=package.decision.by)
    return register_package(platform, package, approved=package.lineage.get("decision") != MANUAL)


def _first_waits(platform: Platform) -> list[Moved]:
    state = present_release(platform)
    if awaiting(state) is None:
        raise Missing("there is no registered model to serve; run 'leadscore retrain' first")
    return [Moved(state, platform.endpoint.status(), False, state.reason)]


def _waiting(platform: Platform, state: ReleaseState) -> Package | None:
    """Return the newest package that nobody refused, if the release does not know it yet."""
    newest = max((item.model.version for item in state.history), default=0)
    newer = [package for package in platform.registry.packages() if package.version > newest]
    wanted = [package for package in newer if package.decision is None or package.decision.approved]
    return wanted[-1] if wanted else None


def _why_not(platform: Platform, week: date, evaluation: Evaluation) -> str:
    if evaluation.verdict.decision not in ("promote", MANUAL):
        return f"{evaluation.verdict.decision} ({evaluation.verdict.rule}): {evaluation.verdict.sentence}"
    champion = platform.registry.production()
    if champion is not None and week <= champion.week:
        return f"the champion is of week {champion.week}, and only a newer week may release"
    return ""


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
