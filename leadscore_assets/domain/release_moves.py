"""The moves of a release: each takes the state one phase on, notes it in the history, and says what it asks for.

A share only rises until the candidate wins or is taken back. A cutover keeps the former champion warm, and going back
takes the whole bundle.
"""

from dataclasses import replace
from datetime import datetime

from leadscore_assets.domain.cutover_watch import opened
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import Refused
from leadscore_assets.domain.release_counts import LiveCounts, Stretch, VariantCounts
from leadscore_assets.domain.release_events import Action, Advance
from leadscore_assets.domain.release_policy import ReleasePolicy
from leadscore_assets.domain.release_state import Model, Phase, ReleaseState, Transition, Waiting

PLATFORM = "platform"


def noted(
    state: ReleaseState,
    model: Model,
    after: Phase,
    *,
    now: datetime,
    reason: str,
    weight: float = 0.0,
    actor: str = PLATFORM,
) -> ReleaseState:
    """Return the state with a model's step in its history."""
    return state.remember(Transition(now, model, state.phase_of(model), after, weight, actor, reason))


def taken_up(
    state: ReleaseState, model: Model, *, approved: bool, policy: ReleasePolicy, now: datetime, actor: str
) -> Advance:
    """Make a model the candidate; an approved one sets off at once."""
    if state.phase_of(model) not in ("registered", "approved"):
        state = noted(state, model, "registered", now=now, reason="passed its gates", actor=actor)
    state = _entered(replace(state, candidate=model, waiting=None, settled=True), "registered", now)
    if approved:
        return approve(state, policy=policy, now=now, actor=actor)
    reason = f"version {model.version} waits for approval, {policy.wait_days} days at most"
    state = replace(state, decision="not_yet", reason=reason)
    return Advance(state, (Action("stage", reason, model), Action("notify", reason, model)), reason)


def approve(state: ReleaseState, *, policy: ReleasePolicy, now: datetime, actor: str) -> Advance:
    """Let the candidate set off: into shadow, onto its first step, or live where nothing is there to compare with."""
    model = _candidate(state)
    if state.phase_of(model) == "registered":
        state = noted(state, model, "approved", now=now, reason=f"approved by {actor}", actor=actor)
    state = _entered(state, "approved", now)
    if state.champion is None:
        return cutover(state, policy=policy, now=now, reason="the first model: there is nothing to compare it with")
    if policy.shadow:
        return _shadowed(state, policy=policy, now=now)
    return next_step(state, policy=policy, now=now, reason=f"the release is {policy.strategy}, without shadow")


def next_step(state: ReleaseState, *, policy: ReleasePolicy, now: datetime, reason: str) -> Advance:
    """Go on to the next step that gives the candidate more leads, or to the cutover after the last one."""
    at = next(
        (place for place, step in enumerate(policy.steps) if place > state.step and step.weight > state.weight), None
    )
    if at is None:
        return cutover(state, policy=policy, now=now, reason=reason)
    return shared(replace(state, step=at), policy.steps[at].weight, now=now, reason=reason)


def shared(state: ReleaseState, weight: float, *, now: datetime, reason: str, seconds: float = 0.0) -> Advance:
    """Give the candidate a larger share of leads; `seconds` were already spent in the step that it belongs to."""
    model, champion = _candidate(state), _champion(state)
    stretches = state.stretches if state.phase == "canary" else ()
    state = noted(state, model, "canary", now=now, reason=reason, weight=weight)
    state = replace(
        _entered(state, "canary", now),
        weight=weight,
        seconds=seconds,
        stretches=(*stretches, _stretch(weight, champion, model)),
        counts=_carried(state),
        decision="go_on",
        reason=reason,
    )
    return Advance(state, (Action("serve", reason, model), Action("notify", reason, model)), reason)


def cutover(state: ReleaseState, *, policy: ReleasePolicy, now: datetime, reason: str) -> Advance:
    """Give the candidate all leads; the former champion stays warm and the close watch begins."""
    model, former = _candidate(state), state.champion
    past = _past(state)
    if former:
        state = noted(state, former, "retired", now=now, reason=f"version {model.version} took its place")
    told = f"takes the place of version {former.version}: {reason}" if former else reason
    state = noted(state, model, "champion", now=now, reason=told, weight=1.0)
    state = replace(
        _entered(state, "champion", now),
        candidate=None,
        champion=model,
        previous=former,
        settled=False,
        watch=opened(model.digest, past, policy),
        decision="go_on",
        reason=reason,
    )
    archived = (Action("archive", reason, former),) if former else ()
    return Advance(state, (Action("serve", reason, model), Action("promote", reason, model), *archived), reason)


def taken_back(
    state: ReleaseState, *, now: datetime, reason: str, actor: str = PLATFORM, banned: bool = True
) -> Advance:
    """End the candidate's way: the champion answers all leads again."""
    model = _candidate(state)
    after: Phase = "rolled_back" if state.phase == "canary" else "rejected"
    served = state.phase in ("shadow", "canary")
    state = noted(state, model, after, now=now, reason=reason, actor=actor)
    state = _ended(state, after, now, reason)
    if banned and served:
        state = replace(state, banned=tuple(sorted({*state.banned, model.digest})))
    serve = (Action("serve", reason, state.champion),) if served else ()
    return Advance(state, (*serve, Action("archive", reason, model), Action("notify", reason, model)), reason)


def put_aside(state: ReleaseState, *, now: datetime, reason: str, actor: str = PLATFORM) -> Advance:
    """Retire the candidate for a reason that is not its own."""
    model, served = _candidate(state), state.phase in ("shadow", "canary")
    state = _ended(noted(state, model, "retired", now=now, reason=reason, actor=actor), "retired", now, reason)
    serve = (Action("serve", reason, state.champion),) if served else ()
    return Advance(state, (*serve, Action("archive", reason, model), Action("notify", reason, model)), reason)


def gone_back(state: ReleaseState, to: Model, *, now: datetime, reason: str, actor: str = PLATFORM) -> Advance:
    """Put an earlier model in the champion's place, whole; a candidate on its way is put aside with it."""
    actions: tuple[Action, ...] = ()
    if state.candidate:
        state, dropped, _ = put_aside(state, now=now, reason=f"the champion goes back to version {to.version}")
        actions = tuple(item for item in dropped if item.kind != "serve")
    former = _champion(state)
    if former == to:
        raise Refused(f"version {to.version} answers already; name an earlier one")
    state = noted(state, former, "rolled_back", now=now, reason=reason, actor=actor)
    if state.waiting and state.waiting.model == to:
        state = replace(state, waiting=None)
    if state.phase_of(to) == "registered":
        state = noted(state, to, "approved", now=now, reason=reason, actor=actor)
    state = noted(state, to, "champion", now=now, reason=reason, weight=1.0, actor=actor)
    banned = {*state.banned, former.digest} - {to.digest}
    state = replace(_ended(state, "rolled_back", now, reason), champion=to, banned=tuple(sorted(banned)))
    wishes = (Action("serve", reason, to), Action("promote", reason, to), Action("archive", reason, former))
    return Advance(state, (*actions, *wishes, Action("notify", reason, to)), reason)


def settled(state: ReleaseState, *, now: datetime, reason: str) -> Advance:
    """End the close watch: the champion stays, and the former one may grow cold."""
    champion = _champion(state)
    state = noted(state, champion, "champion", now=now, reason=reason, weight=1.0)
    state = replace(
        state,
        settled=True,
        previous=None,
        watch=None,
        decision="go_on",
        reason=reason,
    )
    return Advance(state, (Action("serve", reason, champion), Action("notify", reason, champion)), reason)


def queued(state: ReleaseState, model: Model, *, approved: bool, now: datetime, actor: str) -> Advance:
    """Let a model wait for its turn; one that waited before it is retired."""
    actions: tuple[Action, ...] = ()
    if state.waiting:
        older, why = state.waiting.model, f"version {model.version} took its place in waiting"
        state = noted(state, older, "retired", now=now, reason=why)
        actions = (Action("archive", why, older),)
    reason = "waits until the release in hand is over"
    state = noted(state, model, "registered", now=now, reason=reason, actor=actor)
    if approved:
        state = noted(state, model, "approved", now=now, reason=f"approved by {actor}", actor=actor)
    wishes = (*actions, Action("stage", reason, model))
    return Advance(replace(state, waiting=Waiting(model, approved)), wishes, f"version {model.version} {reason}")


def _shadowed(state: ReleaseState, *, policy: ReleasePolicy, now: datetime) -> Advance:
    model, reason = _candidate(state), f"{policy.strategy}: shadow first, {policy.shadow_days} days"
    state = replace(
        _entered(noted(state, model, "shadow", now=now, reason=reason), "shadow", now),
        stretches=(_stretch(0.0, _champion(state), model),),
        decision="go_on",
        reason=reason,
    )
    return Advance(state, (Action("serve", reason, model), Action("notify", reason, model)), reason)


def _entered(state: ReleaseState, phase: Phase, now: datetime) -> ReleaseState:
    """A phase begins: nothing that was counted before it counts in it, but for the stretches of one canary."""
    fresh = replace(
        state,
        phase=phase,
        since=now,
        seconds=0.0,
        share_seconds=0.0,
        silent=0,
        failures=0,
        alarm="",
        analysis=None,
    )
    if phase in ("shadow", "canary"):
        return fresh
    salt = _salt(state) if phase == "registered" else state.salt
    return replace(fresh, weight=0.0, step=-1, stretches=(), counts=None, outcomes=(), watch=None, salt=salt)


def _ended(state: ReleaseState, phase: Phase, now: datetime, reason: str) -> ReleaseState:
    over = replace(_entered(state, phase, now), candidate=None, previous=None, settled=True)
    return replace(over, decision="go_back", reason=reason)


def _carried(state: ReleaseState) -> LiveCounts | None:
    """The last reading, so that the next one adds only what is new; a shadow's counts are not those of a variant."""
    return state.counts and (state.counts if state.weight else replace(state.counts, candidate=None, joint=()))


def _salt(state: ReleaseState) -> str:
    """A release's own salt, from what it compares: another release splits leads in another way."""
    pair = [item.digest if item else None for item in (state.candidate, state.champion)]
    return digest_of(pair)[:16]


def _past(state: ReleaseState) -> VariantCounts | None:
    """What the champion did while the candidate was on its way."""
    found: VariantCounts | None = None
    for item in state.stretches:
        found = found.plus(item.champion) if found else item.champion
    return found


def _stretch(weight: float, champion: Model, candidate: Model) -> Stretch:
    return Stretch(weight, VariantCounts(champion.digest), VariantCounts(candidate.digest))


def _candidate(state: ReleaseState) -> Model:
    if state.candidate is None:
        raise Refused(f"no candidate is on its way (phase {state.phase}); register one first")
    return state.candidate


def _champion(state: ReleaseState) -> Model:
    if state.champion is None:
        raise Refused("nothing answers yet, so there is nothing to go back from; release a first model")
    return state.champion
