"""What a decision from the registry's own pages does to the release, and what the release's story decided itself."""

from typing import Literal

from leadscore_assets.domain.facts import Decision
from leadscore_assets.domain.release_moves import PLATFORM
from leadscore_assets.domain.release_state import WAY, Model, ReleaseState

Effect = Literal["approve", "decline", "warn", "nothing"]


def effect_of(state: ReleaseState, model: Model, *, approved: bool) -> Effect:
    """Return what a decision on a package asks of the release as it stands; repeated, it asks for nothing."""
    on_way = model == state.candidate or (state.waiting is not None and model == state.waiting.model)
    if on_way and not approved:
        return "decline"
    if on_way and state.phase_of(model) == "registered":
        return "approve"
    return "warn" if model == state.champion and not approved else "nothing"


def sentence(effect: Effect, state: ReleaseState, model: Model) -> str:
    """Say what follows from a decision."""
    return {
        "approve": "it sets off",
        "decline": f"its way ends, and it was at {state.phase_of(model)}",
        "warn": "it answers all leads and goes on until a person goes back; run 'leadscore rollback'",
        "nothing": f"nothing changes, it stands at {state.phase_of(model)}",
    }[effect]


def own_decisions(state: ReleaseState) -> dict[Model, Decision]:
    """Return what the release's story says of each model's approval: people's approvals, and every end of a way."""
    found: dict[Model, Decision] = {}
    for item in state.history:
        before = found.get(item.model)
        ended = item.after in ("rejected", "rolled_back")
        allowed = item.after == "approved" and item.actor != PLATFORM
        back = item.after in (*WAY, "champion") and before is not None and not before.approved
        if ended or allowed or back:
            found[item.model] = Decision(item.model.version, not ended, item.actor, item.at, item.reason)
    return found
