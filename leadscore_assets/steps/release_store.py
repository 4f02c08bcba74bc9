"""The release's state in the lake, beside the transitions that the ledger was not yet told of.

State and untold transitions are one document, so that a ledger that is down delays a record and never loses one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.release_state import Model, ReleaseState, Transition
from leadscore_assets.domain.rollout import adopted
from leadscore_assets.steps.platform import Platform

_PATH = "release/state.json"


@dataclass(frozen=True)
class StoredRelease:
    """The release's state, and the transitions that the ledger has no record of yet, oldest first."""

    state: ReleaseState
    untold: tuple[Transition, ...] = ()


def stored_release(platform: Platform) -> StoredRelease | None:
    """Return what is stored; None before the first release; raise CorruptArtefact."""
    content = platform.lake.read_json(_PATH)
    if content is None:
        return None
    try:
        untold = tuple(Transition.from_json(item) for item in content.get("untold", ()))
        return StoredRelease(ReleaseState.from_json(content["state"]), untold)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CorruptArtefact(f"{_PATH} in the lake cannot be read ({error}); restore it from the backup") from None


def present_release(platform: Platform) -> ReleaseState:
    """Return the release's state; a champion that the registry has from before is taken as it stands."""
    found = stored_release(platform)
    if found is not None:
        return found.state
    champion = platform.registry.production()
    return adopted(Model(champion.digest, champion.version), platform.now()) if champion else ReleaseState()


def untold_transitions(platform: Platform) -> tuple[Transition, ...]:
    """Return the transitions that the ledger has no record of yet."""
    found = stored_release(platform)
    return found.untold if found else ()


def keep_release(platform: Platform, state: ReleaseState, untold: Sequence[Transition]) -> None:
    """Store the release's state, all or nothing."""
    content = {"state": state.to_json(), "untold": [item.to_json() for item in untold]}
    platform.lake.write_json(_PATH, content)
