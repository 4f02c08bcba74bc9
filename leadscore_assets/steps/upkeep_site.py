"""What a site says of its models: who is live, warm, waiting or on the way, who was released, who ranked which week."""

from datetime import date, datetime
from itertools import pairwise

from leadscore_assets.domain.facts import LedgerRecord, Package
from leadscore_assets.domain.release_state import ReleaseState
from leadscore_assets.domain.retention_keep import Site
from leadscore_assets.steps.past_retention import weeks_from
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release

# What moved traffic to a model, or away from one that had it.
TRAFFIC = ("shadowed", "shifted", "promoted", "rolled back", "retired")
_ON_THE_WAY = ("staging", "shadow", "canary")


def site_of(platform: Platform, newest: date) -> Site:
    """Read what must stay beside the newest stored week; what cannot be read raises, and nothing is removed then."""
    packages, promoted = platform.registry.packages(), platform.ledger.records(action="promoted")
    return Site(
        roles=roles(platform, packages),
        versions={item.version: item.digest for item in packages if item.kept},
        reigns=_reigns(promoted, platform.now()),
        releases=_releases(platform),
        lists=tuple(
            (_week(item.subject), str(item.evidence["bundle"])) for item in platform.ledger.records(action="scored")
        ),
        newest=newest,
        weeks_from=weeks_from(platform, newest),
    )


def roles(platform: Platform, packages: list[Package]) -> dict[str, str]:
    """Return what models do now, by their bundle's digest: the release's, the registry's and the server's own word."""
    state, status = present_release(platform), platform.endpoint.status()
    newest = max((item.model.version for item in state.history), default=0)
    found = dict(_in_the_release(state))
    for item in (*status.variants, *([status.shadow] if status.shadow else [])):
        found.setdefault(item.digest, "is served")
    for package in packages:
        if package.stage == "production":
            found.setdefault(package.digest, "is in production")
        elif package.stage in _ON_THE_WAY or package.version > newest:
            found.setdefault(package.digest, "is on its way")
    return found


def _in_the_release(state: ReleaseState) -> list[tuple[str, str]]:
    waiting = state.waiting.model if state.waiting else None
    named = (
        (state.champion, "is live"),
        (state.previous, "is kept warm"),
        (state.candidate, "is on its way"),
        (waiting, "waits for its turn"),
        (state.earlier, "is what a rollback goes to"),
    )
    return [(model.digest, why) for model, why in reversed(named) if model]


def _reigns(promoted: list[LedgerRecord], now: datetime) -> dict[str, datetime]:
    """Return until when each model was the champion; the last one still is."""
    ends = {str(one.evidence["bundle"]): other.at for one, other in pairwise(promoted)}
    return ends | {str(item.evidence["bundle"]): now for item in promoted[-1:]}


def _releases(platform: Platform) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for action in TRAFFIC:
        for item in platform.ledger.records(action=action):
            digest = str(item.evidence["bundle"])
            found[digest] = max(item.at, found.get(digest, item.at))
    return found


def _week(subject: str) -> date:
    return date.fromisoformat(subject.removeprefix("week "))
