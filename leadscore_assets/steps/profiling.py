"""Profiling: one pass over a stored week, kept as a small summary, so that later questions read no old row."""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.bins import Bins, fit_bins
from leadscore_assets.domain.bundle import json_bytes
from leadscore_assets.domain.calendar import DAY, at_midnight
from leadscore_assets.domain.columns import columns_from_table
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.facts import DataFile, WeekManifest
from leadscore_assets.domain.features import feature_values
from leadscore_assets.domain.profiles import profile_of
from leadscore_assets.domain.score_monitor import DayScores, count_scores
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.domain.week_profile import WeekProfile, sample_table
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.stored_week import manifest_of

BINS_ROWS = 5_000


def profile_week(platform: Platform, week: date) -> WeekProfile:
    """Summarise a stored week and its scores by the champion, and store that beside a small sample of coded rows.

    The same week and champion give the same bytes. Raises Missing when the week is not ingested.
    """
    manifest = manifest_of(platform, week)
    leads = _read(platform, manifest)
    bins = _fix_bins(platform, manifest, leads)
    columns = feature_values(columns_from_table(leads, platform.contract), platform.contract)
    sample = sample_table(columns, bins, seed=int(manifest.digest[:12], 16))
    found = WeekProfile(
        week=week,
        leads=manifest.digest,
        profile=profile_of(columns, bins),
        sample=_store_sample(platform, week, sample) if sample.num_rows else None,
        scores=tuple(_scores(platform, leads)),
    )
    platform.lake.write_bytes(profile_path(week), json_bytes(found.to_json()))
    return found


def stored_profile(platform: Platform, week: date, bins: Bins) -> WeekProfile:
    """Return a week's profile; raise Missing when there is none of its present rows and these bins."""
    found = find_profile(platform, week, bins)
    if found is None:
        raise Missing(f"week {week} has no profile of its present leads; materialize lead_profile for it")
    return found


def find_profile(platform: Platform, week: date, bins: Bins) -> WeekProfile | None:
    """Return a week's profile, None where none is of its present rows and these bins."""
    content, manifest = platform.lake.read_json(profile_path(week)), platform.lake.manifest(week)
    if content is None or manifest is None or content.get("leads") != manifest.digest:
        return None
    try:
        found = WeekProfile.from_json(content)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtefact(
            f"the profile of week {week} cannot be read ({error}); materialize lead_profile for it again"
        ) from None
    return found if found.profile.bins == bins.digest else None


def home_bins(platform: Platform) -> Bins:
    """Return the bins of the home's contract; bins of no value at all while no week with leads was profiled."""
    content = platform.lake.read_json(_bins_path(platform))
    return Bins.from_json(content) if content else _bins_of(platform, [])


def profile_problems(platform: Platform, week: date) -> list[str]:
    """Compare a week's profile with its leads; return each difference as a sentence."""
    manifest, found = manifest_of(platform, week), find_profile(platform, week, home_bins(platform))
    if found is None:
        return [f"week {week} has no profile of its present leads; materialize lead_profile for it"]
    return [
        f"{name}: {item.known:,} known and {item.missing:,} missing values are not the week's {manifest.rows:,} leads"
        for name, item in found.profile.features.items()
        if item.known + item.missing != manifest.rows
    ]


def profile_path(week: date) -> str:
    """Return where a week's profile lies in the lake."""
    return f"profiles/week={week}/profile.json"


def _read(platform: Platform, manifest: WeekManifest) -> pa.Table:
    return platform.lake.read_files(manifest.files) if manifest.files else platform.contract.schema.empty_table()


def _fix_bins(platform: Platform, manifest: WeekManifest, leads: pa.Table) -> Bins:
    """Choose the bins from this week, and from the stored weeks nearest to it while it is small; never again."""
    with platform.lake.lock("bins"):
        if platform.lake.read_json(_bins_path(platform)) is None:
            tables = _nearby(platform, manifest, leads)
            if any(table.num_rows for table in tables):
                platform.lake.write_json(_bins_path(platform), _bins_of(platform, tables).to_json())
        return home_bins(platform)


def _nearby(platform: Platform, manifest: WeekManifest, leads: pa.Table) -> list[pa.Table]:
    tables = [leads]
    stored = platform.lake.manifests(platform.start_week, platform.last_finished_week())
    for other in sorted(stored, key=lambda item: (abs(item.week - manifest.week), item.week)):
        if sum(table.num_rows for table in tables) >= BINS_ROWS:
            break
        if other.week != manifest.week and other.files and other.contract == manifest.contract:
            tables.append(_read(platform, other))
    return tables


def _bins_of(platform: Platform, tables: list[pa.Table]) -> Bins:
    contract = platform.contract
    rows = pa.concat_tables([contract.schema.empty_table(), *tables])
    return fit_bins(feature_values(columns_from_table(rows, contract), contract), contract=contract.digest)


def _store_sample(platform: Platform, week: date, sample: pa.Table) -> DataFile:
    path, sha256 = platform.lake.write_table(sample, under=f"profiles/week={week}")
    return DataFile(path, sha256, sample.num_rows, week)


def _scores(platform: Platform, leads: pa.Table) -> list[DayScores]:
    champion, contract = platform.registry.production(), platform.contract
    if champion is None or not leads.num_rows:
        return []
    scorer = Scorer.open(platform.bundles.path(champion.digest), digest=champion.digest, threads=0)
    # Days that the champion learnt from flatter it, and are no reference for later ones.
    after = pa.scalar(at_midnight(date.fromisoformat(champion.lineage["validated_until"]) + DAY))
    leads = leads.filter(pc.greater_equal(leads[contract.created_at], after))
    if not leads.num_rows:
        return []
    days = leads[contract.created_at].cast(pa.timestamp("us")).to_numpy().astype("datetime64[D]")
    scores = scorer.score_table(leads).score
    low, high = contract.label_minimum, contract.label_maximum
    return count_scores(scores, days, bundle=champion.digest, low=low, high=high)


def _bins_path(platform: Platform) -> str:
    return f"profiles/bins-{platform.contract.digest[:16]}.json"
