"""Rolling out: one event is carried through the release's state, the endpoint, the ledger and the registry.

The endpoint is asked first, then the state is kept, then ledger and registry are told: what they say was served before,
and a ledger or a registry that is down keeps nobody from going back. Killed anywhere, the same event again ends in the
same place.
"""

from dataclasses import dataclass

from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import LeadscoreError, Missing, Refused
from leadscore_assets.domain.facts import EndpointStatus, Package
from leadscore_assets.domain.release_events import (
    Action,
    Advance,
    Approved,
    Declined,
    Event,
    Failed,
    Registered,
    RolledBack,
    Tick,
)
from leadscore_assets.domain.release_state import Desired, Model, ReleaseState, desired
from leadscore_assets.domain.rollout import advance
from leadscore_assets.steps.evidence import evidence_against, newcomer, refusal
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_facts import differs, follows, live_counts
from leadscore_assets.steps.release_records import record_repair, tell, tell_page
from leadscore_assets.steps.release_store import keep_release, present_release, untold_transitions


@dataclass(frozen=True)
class Moved:
    """The release after an event: its state, what the endpoint serves, whether traffic changed, and why.

    `problems` are sentences about what stands behind: a ledger or a registry that could not be told.
    """

    state: ReleaseState
    status: EndpointStatus
    changed: bool
    reason: str
    problems: tuple[str, ...] = ()


def register_package(platform: Platform, package: Package, *, approved: bool = True) -> Moved:
    """Let a package that passed its gates set off, or wait for its turn or for a person's approval."""
    return carry(platform, Registered(Model(package.digest, package.version), approved))


def look_at_release(platform: Platform) -> Moved:
    """Look at the release in hand: judge what was counted, go on or back, and repair an endpoint that differs."""
    return carry(platform, Tick(live_counts(platform, present_release(platform))))


def look_quietly(platform: Platform) -> str | None:
    """Keep a look that moves nothing and return its reason; None when there is a step to make or a thing to mend."""
    with platform.lake.lock("release"):
        before = present_release(platform)
        moved = advance(before, Tick(live_counts(platform, before)), platform.policy.release, platform.now())
        wanted = desired(moved.state)
        still = moved.state.history == before.history and not moved.actions and wanted == desired(before)
        if not still or untold_transitions(platform) or (wanted and differs(platform.endpoint.status(), wanted)):
            return None
        keep_release(platform, moved.state, ())
        tell_page(platform, moved.state)
        return moved.reason or "nothing is in hand"


def approve(platform: Platform, version: int, *, actor: str) -> Moved:
    """Let a version that waits for a person set off; raise Refused where none waits or its evidence does not hold."""
    return carry(platform, Approved(version, actor))


def decline(platform: Platform, version: int, *, actor: str, reason: str) -> Moved:
    """End a version's way to production."""
    return carry(platform, Declined(version, actor, reason))


def roll_back(platform: Platform, *, to: int | None = None, actor: str, reason: str) -> Moved:
    """Put an earlier version, or what answered before the release in hand, in the champion's place.

    Raises Missing or CorruptArtefact when the target's bundle is gone or broken, Refused where there is none. The
    registry is asked only about a version that the release does not know.
    """
    state = present_release(platform)
    target = _model(platform, state, to) if to is not None else None
    after = advance(state, RolledBack(actor, reason, target), platform.policy.release, platform.now()).state
    if after.champion:
        bundle.read(platform.bundles.path(after.champion.digest), digest=after.champion.digest)
    return carry(platform, RolledBack(actor, reason, target))


def carry(platform: Platform, event: Event) -> Moved:
    """Carry one event through; raise what the endpoint raised once it is written down as a failure."""
    with platform.lake.lock("release"):
        before = present_release(platform)
        moved = _backed(platform, before, event)
        try:
            status, served = _serve(platform, desired(moved.state), present=desired(before))
        except LeadscoreError as error:
            _after_failure(platform, before, error)
            raise
        return _kept(platform, before, moved, status, served=served)


def _backed(platform: Platform, before: ReleaseState, event: Event) -> Advance:
    """Return the move of an event; one that gives a model more traffic needs evidence that holds now."""
    rules, now = platform.policy.release, platform.now()
    moved = advance(before, event, rules, now)
    model = newcomer(before, moved.state)
    problems = evidence_against(platform, model, before, moved.state) if model else []
    if model is None or not problems:
        return moved
    reason = refusal(platform, model, problems)
    if isinstance(event, Registered):
        raise Refused(f"{reason}; retrain a newer week, whose evidence is then of today")
    return advance(before, Declined(model.version, "platform", reason), rules, now)


def _serve(
    platform: Platform, wanted: Desired | None, *, present: Desired | None = None
) -> tuple[EndpointStatus, EndpointStatus | None]:
    """Bring the endpoint to what is wanted; return what it serves then, and before that if it was something else."""
    if wanted is None:
        raise Missing("there is no registered model to serve; run 'leadscore retrain' first")
    status = platform.endpoint.status()
    if follows(status, wanted) or (wanted == present and not differs(status, wanted)):
        return status, None
    warm = [wanted.warm] if wanted.warm else []
    return platform.endpoint.deploy([*wanted.variants, *warm], shadow=wanted.shadow, salt=wanted.salt), status


def _after_failure(platform: Platform, before: ReleaseState, error: LeadscoreError) -> None:
    """Write the failure down; too many in a row take the candidate back."""
    failed = advance(before, Failed(f"{error}"), platform.policy.release, platform.now())
    wanted = desired(failed.state)
    if wanted is None:
        return
    if wanted == desired(before):
        keep_release(platform, failed.state, untold_transitions(platform))
        tell(platform, failed.state, platform.endpoint.status(), _alarms(failed))
        return
    status, served = _serve(platform, wanted)
    _kept(platform, before, failed, status, served=served)


def _kept(
    platform: Platform, before: ReleaseState, moved: Advance, status: EndpointStatus, *, served: EndpointStatus | None
) -> Moved:
    new = [item for item in moved.state.history if item not in before.history]
    keep_release(platform, moved.state, [*untold_transitions(platform), *new])
    problems = tell(platform, moved.state, status, _alarms(moved))
    if served and not new:
        problems += record_repair(platform, moved.state, served, status)
    return Moved(moved.state, status, served is not None, moved.reason, tuple(problems))


def _alarms(moved: Advance) -> tuple[Action, ...]:
    return tuple(action for action in moved.actions if action.kind == "alarm")


def _model(platform: Platform, state: ReleaseState, version: int) -> Model:
    """Return a version's bundle as the release knows it, else as the registry does."""
    known = [item.model for item in state.history if item.model.version == version]
    if known:
        return known[-1]
    package = platform.registry.get(version)
    return Model(package.digest, package.version)
