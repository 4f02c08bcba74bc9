"""Rolling out: one event is carried through the release's state, the endpoint, the ledger and the registry.

The endpoint is asked first, then the ledger is told, then the state is kept, then the registry follows: what the
registry calls production was served before. Killed anywhere, the same event again ends in the same place.
"""

from dataclasses import dataclass

from leadscore_assets.domain.errors import LeadscoreError, Missing
from leadscore_assets.domain.facts import EndpointStatus, Package
from leadscore_assets.domain.release_events import Advance, Declined, Event, Failed, Registered, RolledBack, Tick
from leadscore_assets.domain.release_state import Desired, Model, ReleaseState, Transition, desired
from leadscore_assets.domain.rollout import advance
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import follows, keep_release, live_counts, present_release

_ACTIONS = {
    "registered": "queued",
    "approved": "approved",
    "shadow": "shadowed",
    "canary": "shifted",
    "champion": "promoted",
    "retired": "retired",
    "rejected": "rejected",
    "rolled_back": "rolled back",
}


@dataclass(frozen=True)
class Moved:
    """The release after an event: its state, what the endpoint serves, whether traffic changed, and why."""

    state: ReleaseState
    status: EndpointStatus
    changed: bool
    reason: str


def register_package(platform: Platform, package: Package) -> Moved:
    """Let a package that passed its gates set off, or wait for its turn."""
    return carry(platform, Registered(Model(package.digest, package.version)))


def look_at_release(platform: Platform) -> Moved:
    """Look at the release in hand: judge what was counted, go on or back, and repair an endpoint that differs."""
    return carry(platform, Tick(live_counts(platform, present_release(platform))))


def decline(platform: Platform, version: int, *, actor: str, reason: str) -> Moved:
    """End a version's way to production."""
    return carry(platform, Declined(version, actor, reason))


def roll_back(platform: Platform, *, to: int | None, actor: str, reason: str) -> Moved:
    """Put an earlier version, or what answered before the release in hand, in the champion's place.

    Raises Missing or CorruptArtefact when the target's bundle is gone or broken, Refused where there is none.
    """
    target = _target(platform, to) if to is not None else None
    return carry(platform, RolledBack(actor, reason, target))


def carry(platform: Platform, event: Event) -> Moved:
    """Carry one event through; raise what the endpoint raised once it is written down as a failure."""
    with platform.lake.lock("release"):
        before = present_release(platform)
        moved = advance(before, event, platform.policy.release, platform.now())
        try:
            status, changed = _serve(platform, desired(moved.state))
        except LeadscoreError as error:
            _after_failure(platform, before, error)
            raise
        return _kept(platform, before, moved, status, changed=changed)


def _serve(platform: Platform, wanted: Desired | None) -> tuple[EndpointStatus, bool]:
    if wanted is None:
        raise Missing("there is no registered model to serve; run 'leadscore retrain' first")
    status = platform.endpoint.status()
    if follows(status, wanted):
        return status, False
    warm = [wanted.warm] if wanted.warm else []
    return platform.endpoint.deploy([*wanted.variants, *warm], shadow=wanted.shadow, salt=wanted.salt), True


def _after_failure(platform: Platform, before: ReleaseState, error: LeadscoreError) -> None:
    """Write the failure down; too many in a row take the candidate back."""
    failed = advance(before, Failed(f"{error}"), platform.policy.release, platform.now())
    wanted = desired(failed.state)
    if wanted is None or wanted == desired(before):
        keep_release(platform, failed.state)
        return
    status, changed = _serve(platform, wanted)
    _kept(platform, before, failed, status, changed=changed)


def _kept(platform: Platform, before: ReleaseState, moved: Advance, status: EndpointStatus, *, changed: bool) -> Moved:
    new = [item for item in moved.state.history if item not in before.history]
    for item in new:
        _record(platform, item, status)
    if changed and not new:
        _record_repair(platform, moved.state, status)
    keep_release(platform, moved.state)
    _follow_in_registry(platform, moved.state)
    return Moved(moved.state, status, changed, moved.reason)


def _record(platform: Platform, item: Transition, status: EndpointStatus) -> None:
    platform.ledger.append(
        _ACTIONS[item.after],
        f"package {item.model.version}",
        reason=item.reason,
        evidence={
            "bundle": item.model.digest,
            "before": item.before,
            "after": item.after,
            "weight": item.weight,
            "by": item.actor,
            "generation": status.generation,
            "policy_digest": platform.policy.digest,
        },
        key=f"release:{item.model.digest}:{item.after}:{item.weight:g}:{item.at.isoformat()}",
    )


def _record_repair(platform: Platform, state: ReleaseState, status: EndpointStatus) -> None:
    """Write down once a generation that the endpoint did not serve what the release wants, and was brought back."""
    champion = state.champion
    platform.ledger.append(
        "repaired",
        "endpoint",
        reason="the endpoint did not serve what the release wants, and was brought back to it",
        evidence={"bundle": champion.digest if champion else None, "generation": status.generation},
        key=f"repaired:{status.generation}",
    )


def _follow_in_registry(platform: Platform, state: ReleaseState) -> None:
    """Bring the registry to the release's champion; a registry that is down is brought there at the next look."""
    production = platform.registry.production()
    if state.champion and (production is None or production.version != state.champion.version):
        platform.registry.promote(state.champion.version)


def _target(platform: Platform, version: int) -> Model:
    package = platform.registry.get(version)
    Scorer.open(platform.bundles.path(package.digest), digest=package.digest)
    return Model(package.digest, package.version)
