"""A week that must be stored: its manifest, or what to do about it."""

from datetime import date

from leadscore_assets.domain.errors import Missing
from leadscore_assets.domain.facts import WeekManifest
from leadscore_assets.steps.platform import Platform


def manifest_of(platform: Platform, week: date) -> WeekManifest:
    """Return a stored week; raise Missing with the remedy."""
    manifest = platform.lake.manifest(week)
    if manifest is None:
        raise Missing(f"week {week} is not ingested; materialize weekly_leads for it or run 'leadscore ingest'")
    return manifest
