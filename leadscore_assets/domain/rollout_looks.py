"""A look at a release in hand: counts are added up, judged, and the release moves on, back, or waits with a date.

Every phase has a longest time, so every path ends: undecided by then, the candidate is taken back and the reason says
so.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from leadscore_assets.domain.analysis import Analysis, combined, shadow_analysis, step_analysis
from leadscore_assets.domain.bandit import chance_better, next_share
from leadscore_assets.domain.cutover_watch import watch_guards, watched
from leadscore_assets.domain.release_counts import LiveCounts, grown
from leadscore_assets.domain.release_events import Action, Advance
from leadscore_assets.domain.release_moves import (
    gone_back,
    next_step,
    put_aside,
    settled,
    shared,
    taken_back,
)
from leadscore_assets.domain.release_policy import ReleasePolicy, ReleaseStep
from leadscore_assets.domain.release_state import ReleaseState

HOUR = 3600.0


def look(state: ReleaseState, counts: LiveCounts | None, policy: ReleasePolicy, now: datetime) -> Advance:
    """Return the release after a look at its counts; None where they could not be read."""
    if state.phase in ("registered", "approved") and state.candidate:
        return _awaited(state, policy, now)
    looks: dict[str, Callable[[ReleaseState, ReleasePolicy, datetime], Advance]] = {
        "shadow": _shadow,
        "canary": _canary,
        "champion": _watch,
    }
    if not state.in_hand or state.phase not in looks:
        return Advance(state, (), state.reason)
    return _alarmed(state, looks[state.phase](_counted(state, counts, policy), policy, now), policy)


def foreseen(state: ReleaseState, policy: ReleasePolicy, now: datetime) -> ReleaseState:
    """Return the state with what comes next, the earliest moment for it, and by when the phase ends either way."""
    least, most = _hours(state, policy)
    if not most:
        return replace(state, next_step="", next_at=None, deadline=None)
    ready, deadline = (now + timedelta(seconds=max(hours * HOUR - state.seconds, 0.0)) for hours in (least, most))
    found = state.analysis
    proved = found.ready_at if found and found.answer != "go_on" else ready
    when = min(max(ready, proved), deadline) if proved and state.phase not in ("registered", "approved") else None
    return replace(state, next_step=_after(state, policy), next_at=when, deadline=deadline)


def _hours(state: ReleaseState, policy: ReleasePolicy) -> tuple[float, float]:
    """The least and the most watched hours of the phase; 0 and 0 where nothing is in hand."""
    if state.phase in ("registered", "approved") and state.candidate:
        return 0.0, policy.wait_days * 24.0
    if state.phase == "shadow":
        return policy.shadow_days * 24.0, policy.shadow_maximum_days * 24.0
    if state.phase == "canary":
        step = _step(state, policy)
        return step.minimum_hours, step.maximum_hours
    if state.phase == "champion" and not state.settled:
        return max(policy.watch_hours, policy.warm_hours), max(policy.watch_maximum_hours, policy.warm_hours)
    return 0.0, 0.0


def _step(state: ReleaseState, policy: ReleasePolicy) -> ReleaseStep:
    """The step in hand; a policy that lost its steps meanwhile lets the release end by the usual bounds."""
    return policy.steps[state.step] if state.step < len(policy.steps) else ReleaseStep(name="gone", weight=state.weight)


def _awaited(state: ReleaseState, policy: ReleasePolicy, now: datetime) -> Advance:
    if state.seconds >= policy.wait_days * 24 * HOUR:
        return put_aside(state, now=now, reason=f"not decided in {policy.wait_days} days: nobody approved it")
    return Advance(state, (), state.reason)


def _counted(state: ReleaseState, counts: LiveCounts | None, policy: ReleasePolicy) -> ReleaseState:
    """Add up what was counted under the state's own configuration; anything else counts as silence."""
    if counts is None or not _fits(state, counts):
        return replace(state, silent=state.silent + 1)
    before = state.counts
    found = replace(state, counts=counts, silent=0, failures=0)
    if state.watch:
        known = before.champion if before and before.configuration == counts.configuration else None
        more = counts.champion.since(known)
        return replace(found, watch=watched(state.watch, more, seconds=state.step_seconds, policy=policy))
    last = grown(state.stretches[-1], counts, before, seconds=state.step_seconds)
    return replace(found, stretches=(*state.stretches[:-1], last), outcomes=counts.outcomes)


def _fits(state: ReleaseState, counts: LiveCounts) -> bool:
    """Whether counts are of the models and the share that the state has."""
    champion = state.champion.digest if state.champion else None
    candidate = state.candidate.digest if state.candidate else None
    given = counts.candidate.digest if counts.candidate else None
    same = (counts.champion.digest, given) == (champion, candidate)
    return same and abs(counts.weight - state.weight) < 1e-9


def _shadow(state: ReleaseState, policy: ReleasePolicy, now: datetime) -> Advance:
    found = shadow_analysis(state.stretches[-1], policy, now)
    return _judged(state, found, policy, now)


def _canary(state: ReleaseState, policy: ReleasePolicy, now: datetime) -> Advance:
    step = _step(state, policy)
    found = step_analysis(state.stretches, state.outcomes, step=step, policy=policy, now=now)
    judged = _judged(state, found, policy, now)
    waits = judged.state.phase == "canary" and judged.state.weight == state.weight
    if step.allocation != "thompson" or not waits or state.share_seconds < policy.batch_hours * HOUR:
        return judged
    return _reallocated(judged, policy, now)


def _reallocated(judged: Advance, policy: ReleasePolicy, now: datetime) -> Advance:
    """A bandit's batch is over: raise the candidate's share where its outcomes say so."""
    state = judged.state
    share = next_share(state.weight, state.outcomes, policy)
    if share <= state.weight or state.alarm:
        return judged._replace(state=replace(state, share_seconds=0.0))
    reason = f"the candidate is better with a chance of {chance_better(state.outcomes):.0%}: {share:.0%} of leads"
    moved = shared(state, share, now=now, reason=reason, seconds=state.seconds)
    return moved._replace(actions=(*judged.actions, *moved.actions))


def _judged(state: ReleaseState, found: Analysis, policy: ReleasePolicy, now: datetime) -> Advance:
    """Move by an analysis: back at once, on after the least time, and at the most time by the policy."""
    least, most = _hours(state, policy)
    state = replace(state, analysis=found, decision=found.answer, reason=found.sentence)
    if found.answer == "go_back":
        return taken_back(state, now=now, reason=found.sentence)
    if found.answer == "go_on" and state.seconds >= least * HOUR:
        return next_step(state, policy=policy, now=now, reason=found.sentence)
    if state.seconds >= most * HOUR:
        return _undecided(state, found, policy, now, most=most)
    return Advance(state, (), found.sentence)


def _undecided(state: ReleaseState, found: Analysis, policy: ReleasePolicy, now: datetime, *, most: float) -> Advance:
    time = f"{most / 24:g} days"
    unproved = [item.name for item in found.guards if item.name in found.asked and item.answer != "go_on"]
    if policy.undecided == "forward" and unproved == ["winner"]:
        return next_step(state, policy=policy, now=now, reason=f"no winner in {time}, and every guard is proved")
    return taken_back(state, now=now, reason=f"not decided in {time}: {found.sentence}", banned=False)


def _watch(state: ReleaseState, policy: ReleasePolicy, now: datetime) -> Advance:
    if state.watch is None:
        return Advance(state, (), state.reason)
    guards = watch_guards(state.watch, policy)
    found = combined(guards, tuple(item.name for item in guards), now=now, pace=_pace(state))
    state = replace(state, analysis=found, decision=found.answer, reason=found.sentence)
    if found.answer == "go_back":
        if state.previous:
            return gone_back(state, state.previous, now=now, reason=f"after the cutover: {found.sentence}")
        found = replace(found, alarm=f"nothing to go back to: {found.sentence}")
        state = replace(state, analysis=found)
    return _watch_over(state, found, policy, now)


def _watch_over(state: ReleaseState, found: Analysis, policy: ReleasePolicy, now: datetime) -> Advance:
    least, most = _hours(state, policy)
    if found.answer == "go_on" and state.seconds >= least * HOUR:
        return settled(state, now=now, reason=f"stable: {found.sentence}")
    if state.seconds < most * HOUR:
        return Advance(state, (), found.sentence)
    reason = f"not decided in {most / 24:g} days after the cutover: {found.sentence}"
    if policy.unproved == "back" and state.previous:
        return gone_back(state, state.previous, now=now, reason=reason)
    return settled(state, now=now, reason=f"kept, unproved; {reason}")


def _alarmed(state: ReleaseState, moved: Advance, policy: ReleasePolicy) -> Advance:
    """Add an alarm once: while it lasts it is not repeated."""
    after = moved.state
    if after.analysis is None:
        return moved
    silent = f"{after.silent} looks without counts" if after.silent >= policy.silent_looks else ""
    alarm = (
        "silence"
        if silent
        else "; ".join(item.name for item in after.analysis.guards if item.alarm)
        or ("stuck" if after.analysis.alarm else "")
    )
    new = Action("alarm", silent or after.analysis.alarm) if alarm and alarm != state.alarm else None
    return moved._replace(state=replace(after, alarm=alarm), actions=(*moved.actions, *([new] if new else [])))


def _after(state: ReleaseState, policy: ReleasePolicy) -> str:
    if state.phase in ("registered", "champion"):
        return "approval" if state.phase == "registered" else "end of the watch"
    later = policy.steps[state.step + 1 :]
    return f"{later[0].name} ({later[0].weight:.0%})" if later else "cutover"


def _pace(state: ReleaseState) -> float:
    return state.watch.total.leads / state.seconds if state.watch and state.seconds else 0.0
