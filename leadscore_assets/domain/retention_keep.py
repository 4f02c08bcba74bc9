"""What must stay: models that are live, warm, waiting or on their way, recent versions, and evidence of releases."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from leadscore_assets.domain.policy import Policy
from leadscore_assets.domain.retention import Keep


@dataclass(frozen=True)
class Site:
    """What a site says of its models, by their bundles' digests.

    `roles` are what models do now. `versions` are the registry's, `reigns` tell until when a model was the champion,
    `releases` when it last got traffic, and `lists` which model ranked the leads of which week.
    """

    roles: Mapping[str, str]
    versions: Mapping[int, str]
    reigns: Mapping[str, datetime]
    releases: Mapping[str, datetime]
    lists: tuple[tuple[date, str], ...]
    newest: date
    weeks_from: date


def keep_of(site: Site, policy: Policy, now: datetime) -> Keep:
    """Return what must stay, each with its first reason."""
    named: dict[str, str] = {}
    for digest, why in _reasons(site, policy, now):
        named.setdefault(f"bundles/{digest}", why)
    return Keep(named, site.newest, site.weeks_from)


def _reasons(site: Site, policy: Policy, now: datetime) -> Iterator[tuple[str, str]]:
    rules = policy.retention
    yield from site.roles.items()
    for version in sorted(site.versions)[-rules.versions :]:
        yield site.versions[version], f"is one of the newest {rules.versions} versions"
    for digest, until in site.reigns.items():
        if now - until <= timedelta(days=rules.champion_days):
            yield digest, f"was the champion until {until:%Y-%m-%d}"
    for digest, last in site.releases.items():
        if not rules.evidence_days or now - last <= timedelta(days=rules.evidence_days):
            yield digest, f"is evidence of its release, last on {last:%Y-%m-%d}"
    for week, digest in site.lists:
        if week >= site.weeks_from or (site.newest - week).days <= rules.leads_days:
            yield digest, f"ranked the leads of week {week}, which are kept"
