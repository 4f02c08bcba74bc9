"""Every generation of a stored week by its digest, so that what was read then can be read again.

A week's files are never replaced; the manifest of each former generation is kept beside the one that is current.
"""

from datetime import date

from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.facts import WeekManifest
from leadscore_assets.steps.platform import Platform


def keep_generation(platform: Platform, manifest: WeekManifest) -> None:
    """Keep a week's manifest under its digest, before another one takes its place."""
    platform.lake.write_json(_path(manifest.week, manifest.digest), manifest.to_json())


def generation(platform: Platform, week: date, digest: str) -> WeekManifest | None:
    """Return the week as it was under a digest; None where that was not kept; raise CorruptArtefact."""
    current = platform.lake.manifest(week)
    if current is not None and current.digest == digest:
        return current
    path = _path(week, digest)
    content = platform.lake.read_json(path)
    try:
        return None if content is None else WeekManifest.from_json(content)
    except (TypeError, KeyError, ValueError) as error:
        raise CorruptArtefact(f"{path} is no week's manifest ({error}); restore it from a backup") from None


def _path(week: date, digest: str) -> str:
    return f"leads/week={week}/generations/{digest}.json"
