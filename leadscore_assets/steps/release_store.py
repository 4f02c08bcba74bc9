"""The release's state in the lake, and the facts that a look at the endpoint gives to it."""

from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.facts import EndpointStatus
from leadscore_assets.domain.release_counts import LiveCounts, VariantCounts
from leadscore_assets.domain.release_state import CANDIDATE, PRIMARY, Desired, Model, ReleaseState
from leadscore_assets.domain.rollout import adopted
from leadscore_assets.domain.serving_counts import ServingCounts
from leadscore_assets.domain.serving_counts import VariantCounts as Served
from leadscore_assets.steps.platform import Platform

_PATH = "release/state.json"


def stored_release(platform: Platform) -> ReleaseState | None:
    """Return the release's state; None before the first one."""
    content = platform.lake.read_json(_PATH)
    if content is None:
        return None
    try:
        return ReleaseState.from_json(content)
    except (KeyError, TypeError) as error:
        raise CorruptArtefact(f"{_PATH} in the lake cannot be read ({error}); restore it from the backup") from None


def present_release(platform: Platform) -> ReleaseState:
    """Return the release's state; a champion that the registry has from before is taken as it stands."""
    found = stored_release(platform)
    if found is not None:
        return found
    champion = platform.registry.production()
    return adopted(Model(champion.digest, champion.version), platform.now()) if champion else ReleaseState()


def keep_release(platform: Platform, state: ReleaseState) -> None:
    """Store the release's state."""
    platform.lake.write_json(_PATH, state.to_json())


def follows(status: EndpointStatus, wanted: Desired) -> bool:
    """Tell whether the endpoint serves what a state wants."""
    served = sorted((item.digest, round(item.weight, 9)) for item in status.variants if item.weight)
    asked = sorted((item.digest, round(item.weight, 9)) for item in wanted.variants if item.weight)
    shadow = status.shadow.digest if status.shadow else None
    return status.running and served == asked and shadow == (wanted.shadow.digest if wanted.shadow else None)


def live_counts(platform: Platform, state: ReleaseState) -> LiveCounts | None:
    """Read what the endpoint counted since its present configuration; None where it has counted nothing."""
    if state.champion is None:
        return None
    counts, wanted = platform.endpoint.counts(), state.candidate
    champion = counts.of(PRIMARY, state.champion.digest)
    if champion is None:
        return None
    candidate = counts.shadow if state.phase == "shadow" else counts.of(CANDIDATE, wanted.digest) if wanted else None
    return LiveCounts(
        configuration=counts.configuration,
        weight=state.weight,
        champion=_of(champion),
        candidate=_of(candidate) if candidate else None,
        joint=_joint(counts) if state.phase == "shadow" else (),
    )


def _of(served: Served) -> VariantCounts:
    """Count distinct leads, each by its first outcome."""
    return VariantCounts(
        digest=served.digest,
        leads=served.keys,
        errors=served.key_errors,
        invalid=served.key_invalid,
        latency=served.key_latency_counts,
    )


def _joint(counts: ServingCounts) -> tuple[int, ...]:
    return counts.agreement.joint
