"""Deciding: what people said in the registry's own pages is carried into the release, once, with who and why.

A decision is marked in the registry when it was carried and recorded; killed before, the next look does it again and
ends in the same place. A ledger that is down keeps nobody from taking a candidate back.
"""

from contextlib import suppress

from leadscore_assets.domain.errors import LeadscoreError, Refused
from leadscore_assets.domain.facts import Decision, Package
from leadscore_assets.domain.notices import Notice
from leadscore_assets.domain.release_decisions import Effect, effect_of, sentence
from leadscore_assets.domain.release_state import Model
from leadscore_assets.steps.approving import Said, give_approval
from leadscore_assets.steps.notifying import announce
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.rolling_out import Moved, approve, decline


def open_decisions(platform: Platform) -> list[Decision]:
    """Return what people decided in the registry's pages and was not carried yet; nothing while it cannot be asked."""
    try:
        return platform.registry.decisions()
    except LeadscoreError:
        return []


def carry_decisions(platform: Platform) -> list[Moved]:
    """Carry every open decision into the release; return the moves that were made.

    Raises what the endpoint raises; what it did not follow is tried again at the next look.
    """
    moves = [_carried(platform, decision) for decision in open_decisions(platform)]
    return [moved for moved in moves if moved]


def _carried(platform: Platform, decision: Decision) -> Moved | None:
    try:
        package = platform.registry.get(decision.version)
    except LeadscoreError:
        return None
    state = present_release(platform)
    model = Model(package.digest, package.version)
    effect = effect_of(state, model, approved=decision.approved)
    words = f"version {decision.version} was {_told(decision)}; {sentence(effect, state, model)}"
    recorded = _recorded(platform, package, decision, words)
    moved = _moved(platform, decision, effect)
    if effect == "warn":
        key = f"decided:{package.digest}:{decision.at.isoformat()}"
        announce(platform, Notice("alarm", f"Approval of version {decision.version} revoked", words, decision.at, key))
    if recorded:
        # What is not marked now is open still, and the next look finds nothing left to do but this.
        with suppress(LeadscoreError):
            platform.registry.mark(decision)
    return moved


def _moved(platform: Platform, decision: Decision, effect: Effect) -> Moved | None:
    actor = f"{decision.by}, in the registry"
    try:
        rules = platform.policy.approval
        if effect == "approve" and rules.asks:
            said = Said(decision.by, rules.registry_role, decision.comment, "registry")
            return give_approval(platform, decision.version, said)
        if effect == "approve":
            return approve(platform, decision.version, actor=actor)
        if effect == "decline":
            return decline(platform, decision.version, actor=actor, reason=_told(decision))
    except Refused:
        # The release moved on between the look at it and the step, or the ledger says why this approval does not count.
        return None
    return None


def _recorded(platform: Platform, package: Package, decision: Decision, reason: str) -> bool:
    """Record a decision once: what was marked on the package before tells it from an earlier one."""
    before = package.decision.at.isoformat() if package.decision else "first"
    try:
        platform.ledger.append(
            "decided",
            f"package {package.version}",
            reason=reason,
            evidence={**decision.to_json(), "bundle": package.digest},
            key=f"decided:{package.digest}:{decision.approved}:{before}",
        )
    except LeadscoreError:
        return False
    return True


def _told(decision: Decision) -> str:
    what = "approved" if decision.approved else "refused"
    comment = f": {decision.comment}" if decision.comment else ""
    return f"{what} by {decision.by} in the registry{comment}"
