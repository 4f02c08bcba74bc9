"""The release as a state machine: a state, an event and a moment give the next state, what to do, and why.

Pure and deterministic. Time is watched time: between two looks at most the policy's longest gap counts, and a clock
that goes back counts nothing, so restarts, missed ticks and clock jumps end in the same place. The caller brings the
endpoint to `desired(state)` and keeps the new state only when that worked; else it says `Failed`.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from leadscore_assets.domain.errors import Refused
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
from leadscore_assets.domain.release_moves import (
    approve,
    gone_back,
    noted,
    put_aside,
    queued,
    taken_back,
    taken_up,
)
from leadscore_assets.domain.release_policy import ReleasePolicy
from leadscore_assets.domain.release_state import Model, ReleaseState, Waiting
from leadscore_assets.domain.rollout_looks import foreseen, look


def advance(state: ReleaseState, event: Event, policy: ReleasePolicy, now: datetime) -> Advance:
    """Return the state after an event at a moment (UTC), the actions it asks for, and the reason in a sentence.

    One event makes one step. Raises Refused for what a person asks in vain; a repeated event changes nothing.
    """
    moved = _HANDLERS[type(event)](timed(state, policy, now), event, policy, now)
    return moved._replace(state=foreseen(moved.state, policy, now))


def adopted(champion: Model, now: datetime) -> ReleaseState:
    """Return the state of an endpoint that has answered with a model since before its first release was recorded."""
    reason = "answered before the first recorded release"
    state = noted(ReleaseState(seen=now), champion, "champion", now=now, reason=reason, weight=1.0)
    return replace(state, phase="champion", champion=champion, since=now, decision="go_on", reason=reason)


def timed(state: ReleaseState, policy: ReleasePolicy, now: datetime) -> ReleaseState:
    """Return the state with the watched time since the last look added to its clocks."""
    passed = (now - state.seen).total_seconds() if state.seen else 0.0
    counted = min(max(passed, 0.0), policy.longest_gap_minutes * 60)
    waiting = replace(state.waiting, seconds=state.waiting.seconds + counted) if state.waiting else None
    return replace(
        state,
        seen=now,
        seconds=state.seconds + counted,
        share_seconds=state.share_seconds + counted,
        waiting=waiting,
        step_seconds=counted,
    )


def _registered(state: ReleaseState, event: Registered, policy: ReleasePolicy, now: datetime) -> Advance:
    known = (state.candidate, state.champion, state.waiting.model if state.waiting else None)
    if event.model in known:
        return _unchanged(state, f"version {event.model.version} is known")
    if event.model.digest in state.banned:
        return _unchanged(state, f"version {event.model.version} was rolled back; 'rollback --to' alone brings it back")
    if not event.approved and not state.settled and state.candidate is None:
        # Waiting for a person must not end the watch of the champion.
        return queued(state, event.model, approved=False, now=now, actor=event.actor)
    if state.in_hand and not (state.phase == "registered" or policy.next_candidate == "supersede"):
        return _next(state, event, policy, now)
    return _overtaken(state, event, policy, now)


def _overtaken(state: ReleaseState, event: Registered, policy: ReleasePolicy, now: datetime) -> Advance:
    """Take a model up now; what is in hand or waits gives way to it."""
    why = f"version {event.model.version} takes its place"
    actions: tuple[Action, ...] = ()
    if state.candidate:
        state, actions, _ = put_aside(state, now=now, reason=why)
    if state.waiting:
        older = state.waiting.model
        state = noted(replace(state, waiting=None), older, "retired", now=now, reason=why)
        actions = (*actions, Action("archive", why, older))
    taken = taken_up(state, event.model, approved=event.approved, policy=policy, now=now, actor=event.actor)
    return taken._replace(actions=(*actions, *taken.actions))


def _next(state: ReleaseState, event: Registered, policy: ReleasePolicy, now: datetime) -> Advance:
    """A model that comes while another release is in hand."""
    if policy.next_candidate == "wait":
        return queued(state, event.model, approved=event.approved, now=now, actor=event.actor)
    reason = f"skipped: a release is in hand ({state.phase})"
    state = noted(state, event.model, "registered", now=now, reason="passed its gates", actor=event.actor)
    state = noted(state, event.model, "retired", now=now, reason=reason)
    return Advance(state, (Action("archive", reason, event.model),), f"version {event.model.version}: {reason}")


def _approved(state: ReleaseState, event: Approved, policy: ReleasePolicy, now: datetime) -> Advance:
    if state.candidate and state.candidate.version == event.version:
        if state.phase == "registered":
            return approve(state, policy=policy, now=now, actor=event.actor)
        return _unchanged(state, f"version {event.version} is approved already")
    waiting = state.waiting
    if waiting is None or waiting.model.version != event.version:
        raise Refused(f"version {event.version} waits for no approval; {_waiting_now(state)}")
    if not waiting.approved:
        reason = f"approved by {event.actor}"
        state = noted(state, waiting.model, "approved", now=now, reason=reason, actor=event.actor)
    if state.candidate is None and policy.next_candidate == "supersede":
        return taken_up(state, waiting.model, approved=True, policy=policy, now=now, actor=event.actor)
    return _unchanged(replace(state, waiting=replace(waiting, approved=True)), f"version {event.version} is approved")


def _declined(state: ReleaseState, event: Declined, _: ReleasePolicy, now: datetime) -> Advance:
    if state.candidate and state.candidate.version == event.version:
        return taken_back(state, now=now, reason=event.reason, actor=event.actor, banned=False)
    waiting = state.waiting
    if waiting is None or waiting.model.version != event.version:
        raise Refused(f"version {event.version} is not on its way; {_waiting_now(state)}")
    state = noted(state, waiting.model, "rejected", now=now, reason=event.reason, actor=event.actor)
    return Advance(replace(state, waiting=None), (Action("archive", event.reason, waiting.model),), event.reason)


def _rolled_back(state: ReleaseState, event: RolledBack, _: ReleasePolicy, now: datetime) -> Advance:
    if event.to is not None and not (state.candidate and event.to == state.champion):
        return gone_back(state, event.to, now=now, reason=event.reason, actor=event.actor)
    if state.candidate:
        return taken_back(state, now=now, reason=event.reason, actor=event.actor)
    if state.earlier is None:
        raise Refused("there is no earlier model to go back to; name one with --to")
    return gone_back(state, state.earlier, now=now, reason=event.reason, actor=event.actor)


def _failed(state: ReleaseState, event: Failed, policy: ReleasePolicy, now: datetime) -> Advance:
    failures = state.failures + 1
    reason = f"the endpoint did not follow, {failures} times in a row: {event.reason}"
    state = replace(state, failures=failures, reason=reason)
    if failures < policy.tolerated_failures:
        return _unchanged(state, reason)
    if state.candidate and state.champion:
        return taken_back(state, now=now, reason=reason)
    if not state.settled and state.previous:
        return gone_back(state, state.previous, now=now, reason=reason)
    if state.alarm == "failures":
        return _unchanged(state, reason)
    return Advance(replace(state, alarm="failures"), (Action("alarm", reason),), reason)


def _tick(state: ReleaseState, event: Tick, policy: ReleasePolicy, now: datetime) -> Advance:
    if state.waiting and not state.in_hand:
        return _turn(state, state.waiting, policy, now)
    if state.waiting and state.waiting.seconds >= policy.wait_days * 86_400:
        reason = f"not decided in {policy.wait_days} days of waiting"
        model = state.waiting.model
        state = noted(replace(state, waiting=None), model, "retired", now=now, reason=reason)
        return Advance(state, (Action("archive", reason, model), Action("notify", reason, model)), reason)
    return look(state, event.counts, policy, now)


def _turn(state: ReleaseState, waiting: Waiting, policy: ReleasePolicy, now: datetime) -> Advance:
    if waiting.model.digest in state.banned or waiting.model == state.champion:
        return _unchanged(replace(state, waiting=None), f"version {waiting.model.version} is no candidate any more")
    return taken_up(state, waiting.model, approved=waiting.approved, policy=policy, now=now, actor="platform")


def _waiting_now(state: ReleaseState) -> str:
    on_way = [f"version {item.version}" for item in (state.candidate,) if item]
    waiting = [f"version {state.waiting.model.version}, waiting"] if state.waiting else []
    return f"on the way: {', '.join([*on_way, *waiting]) or 'nothing'}"


def _unchanged(state: ReleaseState, reason: str) -> Advance:
    return Advance(state, (), reason)


_HANDLERS: dict[type, Callable[[ReleaseState, Any, ReleasePolicy, datetime], Advance]] = {
    Registered: _registered,
    Approved: _approved,
    Declined: _declined,
    RolledBack: _rolled_back,
    Failed: _failed,
    Tick: _tick,
}
