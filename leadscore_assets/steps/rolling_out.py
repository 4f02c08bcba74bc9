"""Rolling out: one event is carried through the release's state, the endpoint, the ledger and the registry.

The endpoint is asked, the state is kept, then ledger and registry are told: what they say was served before, and a
ledger or a registry that is down keeps nobody from going back. A move forward is kept once it is served, a move back
before: killed anywhere, the next look ends in the same place.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import CorruptArtefact, LeadscoreError, Missing, Refused, oneline
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
from leadscore_assets.domain.release_moves import PLATFORM
from leadscore_assets.domain.release_state import Desired, Model, ReleaseState, Transition, desired
from leadscore_assets.domain.rollout import advance
from leadscore_assets.steps.approvals import approval_against
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


# What the endpoint serves now, and what it served before if that was something else than is wanted.
Served = tuple[EndpointStatus, EndpointStatus | None]


@dataclass(frozen=True)
class _NotFollowed:
    """The endpoint did not follow a move: why, and what the release makes of it."""

    error: LeadscoreError
    failed: Advance


def register_package(platform: Platform, package: Package, *, approved: bool = True, actor: str = PLATFORM) -> Moved:
    """Let a package that passed its gates set off, or wait for its turn or for a person's approval."""
    return carry(platform, Registered(Model(package.digest, package.version), approved, actor))


def look_at_release(platform: Platform) -> Moved:
    """Look at the release in hand: judge what was counted, go on or back, and repair an endpoint that differs."""
    return _carried(platform, lambda state: Tick(live_counts(platform, state)))


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
    return _carried(platform, lambda state: _way_back(platform, state, to, actor=actor, reason=reason))


def carry(platform: Platform, event: Event) -> Moved:
    """Carry one event through; raise what the endpoint raised once it is written down as a failure."""
    return _carried(platform, lambda _: event)


def _carried(platform: Platform, event_of: Callable[[ReleaseState], Event]) -> Moved:
    """Carry the event that a state asks for through; others wait until traffic moved, not until all are told."""
    with platform.lake.lock("release"):
        before = present_release(platform)
        moved = _backed(platform, before, event_of(before))
        brought = _brought(platform, before, moved)
    if isinstance(brought, _NotFollowed):
        tell(platform, platform.endpoint.status(), _alarms(brought.failed))
        raise brought.error
    status, served = brought
    problems = tell(platform, status, _alarms(moved))
    if served and not _new(before, moved):
        problems += record_repair(platform, moved.state, served, status)
    return Moved(moved.state, status, served is not None, moved.reason, tuple(problems))


def _brought(platform: Platform, before: ReleaseState, moved: Advance) -> "Served | _NotFollowed":
    """Bring the endpoint to a move and keep the state; a failure is kept too.

    A move that only goes back is kept first: killed in between, the next look finishes it and never undoes it.
    """
    back = newcomer(before, moved.state) is None
    if back:
        _keep(platform, before, moved)
    try:
        found = _serve(platform, desired(moved.state), present=desired(before))
    except LeadscoreError as error:
        return _NotFollowed(error, _after_failure(platform, moved.state if back else before, error))
    if not back:
        _keep(platform, before, moved)
    return found


def _way_back(platform: Platform, state: ReleaseState, to: int | None, *, actor: str, reason: str) -> RolledBack:
    """Return the event of a rollback whose target is whole and has answered before."""
    target = _model(platform, state, to) if to is not None else None
    event = RolledBack(actor, reason, target)
    after = advance(state, event, platform.policy.release, platform.now()).state.champion
    if after:
        bundle.read(platform.bundles.path(after.digest), digest=after.digest)
    return event


def _backed(platform: Platform, before: ReleaseState, event: Event) -> Advance:
    """Return the move of an event; one that gives a model more traffic needs evidence that holds now."""
    rules, now = platform.policy.release, platform.now()
    moved = advance(before, event, rules, now)
    model = newcomer(before, moved.state)
    if model and isinstance(event, Approved) and (lacking := approval_against(platform, model, before, moved.state)):
        raise Refused(f"version {model.version} does not set off: {oneline(lacking)}")
    problems = _against(platform, model, before, moved.state) if model else []
    if model is None or not problems:
        return moved
    reason = refusal(platform, model, problems)
    if isinstance(event, Registered):
        raise Refused(f"{reason}; retrain a newer week, whose evidence is then of today")
    return advance(before, Declined(model.version, "platform", reason), rules, now)


def _against(platform: Platform, model: Model, before: ReleaseState, after: ReleaseState) -> list[str]:
    """Return what does not hold of a model's evidence; evidence that is gone or damaged does not hold either."""
    try:
        return evidence_against(platform, model, before, after)
    except (Missing, CorruptArtefact) as error:
        return [f"{error}"]


def _serve(platform: Platform, wanted: Desired | None, *, present: Desired | None = None) -> Served:
    """Bring the endpoint to what is wanted; return what it serves then, and before that if it was something else."""
    status = platform.endpoint.status()
    if wanted is None:
        # The first model waits for people.
        return status, None
    if follows(status, wanted) or (wanted == present and not differs(status, wanted)):
        return status, None
    warm = [wanted.warm] if wanted.warm else []
    return platform.endpoint.deploy([*wanted.variants, *warm], shadow=wanted.shadow, salt=wanted.salt), status


def _after_failure(platform: Platform, kept: ReleaseState, error: LeadscoreError) -> Advance:
    """Write the failure down; too many in a row take the candidate back, now or at the next look."""
    failed = advance(kept, Failed(f"{error}"), platform.policy.release, platform.now())
    _keep(platform, kept, failed)
    if desired(failed.state) != desired(kept):
        with suppress(LeadscoreError):
            _serve(platform, desired(failed.state))
    return failed


def _keep(platform: Platform, before: ReleaseState, moved: Advance) -> None:
    keep_release(platform, moved.state, [*untold_transitions(platform), *_new(before, moved)])


def _new(before: ReleaseState, moved: Advance) -> list[Transition]:
    return [item for item in moved.state.history if item not in before.history]


def _alarms(moved: Advance) -> tuple[Action, ...]:
    return tuple(action for action in moved.actions if action.kind == "alarm")


def _model(platform: Platform, state: ReleaseState, version: int) -> Model:
    """Return a version that has answered, as the release knows it, else as ledger and registry do."""
    if state.champion and state.champion.version == version:
        return state.champion
    answered = [item.model for item in state.history if item.model.version == version and item.after == "champion"]
    if answered:
        return answered[-1]
    package = platform.registry.get(version)
    if not platform.ledger.records(action="promoted", subject=f"package {version}", limit=1):
        raise Refused(f"version {version} has never answered all leads; it goes live by a release, on its evidence")
    return Model(package.digest, package.version)
