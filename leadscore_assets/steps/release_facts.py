"""What a look at the endpoint gives to the release: whether it serves what is wanted, and what it counted."""

from dataclasses import replace

from leadscore_assets.domain.errors import LeadscoreError
from leadscore_assets.domain.facts import EndpointStatus
from leadscore_assets.domain.release_counts import LiveCounts, Outcomes, VariantCounts
from leadscore_assets.domain.release_state import CANDIDATE, PRIMARY, Desired, ReleaseState
from leadscore_assets.domain.serving_counts import ServingCounts
from leadscore_assets.domain.serving_counts import VariantCounts as Served
from leadscore_assets.steps.outcomes import known_outcomes
from leadscore_assets.steps.platform import Platform


def follows(status: EndpointStatus, wanted: Desired) -> bool:
    """Tell whether the endpoint serves what a state wants, its warm model and its salt included."""
    served = sorted((item.name, item.digest, round(item.weight, 9)) for item in status.variants)
    warm = [wanted.warm] if wanted.warm else []
    asked = sorted((item.name, item.digest, round(item.weight, 9)) for item in (*wanted.variants, *warm))
    shadow = status.shadow.digest if status.shadow else None
    dealt = status.salt == wanted.salt or sum(item.weight > 0 for item in wanted.variants) < 2
    same = served == asked and shadow == (wanted.shadow.digest if wanted.shadow else None)
    return status.running and same and dealt


def differs(status: EndpointStatus, wanted: Desired) -> bool:
    """Tell whether the endpoint is to be brought back; one that a person stopped is left so."""
    return not status.stopped and not follows(status, wanted)


def live_counts(platform: Platform, state: ReleaseState) -> LiveCounts | None:
    """Read what the endpoint counted since its present configuration; None where nothing can be read."""
    if state.champion is None or not state.in_hand:
        return None
    try:
        status = platform.endpoint.status()
        counts = platform.endpoint.counts()
    except LeadscoreError:
        return None
    if not status.running or counts.configuration not in ("", f"{status.generation}"):
        return None
    weight = next((item.weight for item in status.variants if item.name == CANDIDATE), 0.0)
    found = LiveCounts(
        configuration=counts.configuration,
        weight=weight,
        champion=_of(counts.of(PRIMARY, state.champion.digest), state.champion.digest),
    )
    if state.candidate is None:
        return found
    digest = state.candidate.digest
    if state.phase == "shadow":
        shadow = counts.shadow if counts.shadow and counts.shadow.digest == digest else None
        return replace(found, candidate=_of(shadow, digest), joint=_joint(counts))
    return replace(found, candidate=_of(counts.of(CANDIDATE, digest), digest), outcomes=_outcomes(platform, state))


def _of(served: Served | None, digest: str) -> VariantCounts:
    """Count distinct leads, each by its first outcome; a variant that nobody asked has none."""
    if served is None:
        return VariantCounts(digest)
    return VariantCounts(digest, served.keys, served.key_errors, served.key_invalid, served.key_latency_counts)


def _outcomes(platform: Platform, state: ReleaseState) -> tuple[Outcomes, ...]:
    """Read the outcomes; a lake that cannot be read leaves those of the last look, and the other guards at work."""
    if state.phase != "canary":
        return ()
    try:
        return known_outcomes(platform, state)
    except (LeadscoreError, OSError, ValueError):
        return state.outcomes


def _joint(counts: ServingCounts) -> tuple[int, ...]:
    return counts.agreement.joint
