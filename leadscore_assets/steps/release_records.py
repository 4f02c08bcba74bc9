"""The release's story, told outward: transitions and alarms to the ledger, stages and approvals to the registry.

Both follow the state and may be down: what they were not told is told at the next look, once.
"""

from collections.abc import Callable

from leadscore_assets.domain.errors import LeadscoreError, TransientError
from leadscore_assets.domain.facts import EndpointStatus
from leadscore_assets.domain.notice_words import promoted, rolled_back, stayed
from leadscore_assets.domain.notices import Notice
from leadscore_assets.domain.release_decisions import own_decisions
from leadscore_assets.domain.release_events import Action
from leadscore_assets.domain.release_state import Model, Phase, ReleaseState, Transition
from leadscore_assets.domain.release_story import story_of
from leadscore_assets.steps.notifying import announce
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import keep_release, present_release, untold_transitions

_ACTIONS: dict[Phase, str] = {
    "registered": "queued",
    "approved": "approved",
    "shadow": "shadowed",
    "canary": "shifted",
    "champion": "promoted",
    "retired": "retired",
    "rejected": "rejected",
    "rolled_back": "rolled back",
}
_ENDED: tuple[Phase, ...] = ("retired", "rejected", "rolled_back")
_STAGES: dict[Phase, str] = {
    "registered": "staging",
    "approved": "staging",
    "shadow": "shadow",
    "canary": "canary",
    "retired": "archive",
    "rejected": "archive",
    "rolled_back": "archive",
}


def tell(platform: Platform, status: EndpointStatus, alarms: tuple[Action, ...]) -> list[str]:
    """Tell page, ledger and registry what they do not know yet; return what could not be told, one sentence each.

    Whoever tells has a lock of its own, so that a slow ledger or registry keeps nobody from moving traffic.
    """
    try:
        with platform.lake.lock("release-told"):
            state = present_release(platform)
            problems = [
                *tell_page(platform, state),
                *_tried("the ledger", lambda: _tell_ledger(platform, state, status, alarms)),
                *_tried("the registry", lambda: _follow_in_registry(platform, state)),
            ]
    except TransientError as error:
        state = present_release(platform)
        problems = [f"nobody was told yet, and everybody is at the next look: {error}"]
    return [
        *problems,
        *(problem for alarm in alarms for problem in announce(platform, _notice(platform, state, alarm))),
    ]


def tell_page(platform: Platform, state: ReleaseState) -> list[str]:
    """Tell the endpoint's page where the release stands; return why it could not be told."""
    return _tried("the endpoint's page", lambda: platform.endpoint.tell(story_of(state)))


def record_repair(platform: Platform, state: ReleaseState, before: EndpointStatus, after: EndpointStatus) -> list[str]:
    """Record once a generation that the endpoint did not serve what the release wants, and was brought back."""
    champion = state.champion
    served = ", ".join(f"version {item.version} ({item.weight:.0%})" for item in before.variants if item.weight)
    found = f"served {served or 'nothing'}" if before.running else "did not run"

    def record() -> None:
        platform.ledger.append(
            "repaired",
            "endpoint",
            reason=f"the endpoint {found}, which is not what the release wants; it was brought back",
            evidence={"bundle": champion.digest if champion else None, "generation": after.generation},
            key=f"repaired:{after.generation}:{after.pid}",
        )

    return _tried("the ledger", record)


def _tried(whom: str, told: Callable[[], None]) -> list[str]:
    try:
        told()
    except LeadscoreError as error:
        return [f"{whom} could not be told and is told at the next look: {error}"]
    return []


def _tell_ledger(platform: Platform, state: ReleaseState, status: EndpointStatus, alarms: tuple[Action, ...]) -> None:
    untold = untold_transitions(platform)
    for item in untold:
        _record(platform, item, status)
        _announce(platform, item)
    for alarm in alarms:
        platform.ledger.append(
            "alarmed",
            "endpoint",
            reason=alarm.reason,
            evidence={"phase": state.phase, "alarm": state.alarm, "generation": status.generation},
            key=_alarm_key(state),
        )
    if untold:
        _strike_off(platform, untold)


def _alarm_key(state: ReleaseState) -> str:
    return f"alarm:{state.since}:{state.alarm}:{state.seen:%Y-%m-%d}"


def _notice(platform: Platform, state: ReleaseState, alarm: Action) -> Notice:
    subject = f"The lead scorer's release needs a look ({state.phase})"
    return Notice("alarm", subject, alarm.reason, platform.now(), _alarm_key(state))


def _strike_off(platform: Platform, told: tuple[Transition, ...]) -> None:
    with platform.lake.lock("release"):
        keep_release(platform, present_release(platform), [it for it in untold_transitions(platform) if it not in told])


def _record(platform: Platform, item: Transition, status: EndpointStatus) -> None:
    platform.ledger.append(
        "stayed" if _stayed(item) else _ACTIONS[item.after],
        f"package {item.model.version}",
        reason=item.reason,
        evidence={
            "bundle": item.model.digest,
            "before": item.before,
            "after": item.after,
            "weight": item.weight,
            "by": item.actor,
            "at": item.at.isoformat(),
            "generation": status.generation,
            "policy_digest": platform.policy.digest,
        },
        key=_key(item),
    )


def _stayed(item: Transition) -> bool:
    """Tell whether a champion's close watch ended, which is no second promotion."""
    return item.before == item.after == "champion"


def _key(item: Transition) -> str:
    return f"release:{item.model.digest}:{item.after}:{item.weight:g}:{item.at.isoformat()}"


def _announce(platform: Platform, item: Transition) -> None:
    """Tell people of a promotion, its watch's end and a way back; a model that comes back by one is no promotion."""
    version, key = item.model.version, _key(item)
    if _stayed(item):
        announce(platform, stayed(version, reason=item.reason, at=item.at, key=key))
    elif item.after == "champion" and item.before not in _ENDED:
        announce(platform, promoted(version, reason=item.reason, at=item.at, key=key))
    elif item.after == "rolled_back":
        announce(platform, rolled_back(version, reason=item.reason, at=item.at, key=key))


def _follow_in_registry(platform: Platform, state: ReleaseState) -> None:
    """Bring the registry's stages to where the release's models stand, the champion's first."""
    packages = {item.version: item for item in platform.registry.packages()}
    champion = state.champion
    if champion and (champion.version not in packages or packages[champion.version].stage != "production"):
        platform.registry.promote(champion.version)
    for model, stage in _stages(state).items():
        found = packages.get(model.version)
        if found and found.digest == model.digest and found.stage not in (stage, "production"):
            platform.registry.stage(model.version, stage)
    for model, decision in own_decisions(state).items():
        found = packages.get(model.version)
        marked = found.decision.at if found and found.decision else None
        if found and found.digest == model.digest and (marked is None or marked < decision.at):
            platform.registry.mark(decision)


def _stages(state: ReleaseState) -> dict[Model, str]:
    stands = {item.model: item.after for item in state.history}
    return {model: _STAGES[phase] for model, phase in stands.items() if phase in _STAGES and model != state.champion}
