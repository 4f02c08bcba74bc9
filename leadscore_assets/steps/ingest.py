"""Ingest: one week from the source into the lake, validated, sorted, by day, with what broke the contract set aside."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.backends.ports import Lake
from leadscore_assets.domain.calendar import DAY, at_midnight, week_days, weeks_between
from leadscore_assets.domain.digests import digest_of, table_digest
from leadscore_assets.domain.facts import DataFile, WeekManifest
from leadscore_assets.domain.quality import findings, label_counts, quality
from leadscore_assets.domain.validation import Validated, validate_week
from leadscore_assets.steps.generations import keep_generation
from leadscore_assets.steps.past_retention import is_past_retention
from leadscore_assets.steps.platform import Platform

_LEADS = "leads"


def ingest_week(platform: Platform, week: date) -> WeekManifest:
    """Store a week and return its manifest; the same source rows again change nothing.

    A week whose rows changed gets a new generation, with late and corrected rows counted. Older files stay: what a
    slice points to never changes.
    """
    platform.check_week(week)
    raw = platform.source.read(week)
    found = validate_week(raw.table, platform.contract)
    lake = platform.lake
    with lake.lock(f"week-{week}"):
        before = lake.manifest(week)
        manifest = WeekManifest(
            week=week,
            digest=table_digest(found.good),
            source_digest=raw.digest,
            contract=platform.contract.digest,
            terms=_terms(platform),
            rows=found.good.num_rows,
            files=tuple(_store_days(lake, week, found.good, platform)),
            quarantined=found.bad.num_rows,
            quarantine_file=_store_quarantine(lake, week, found),
            reasons=found.reasons,
            duplicates=found.duplicates,
            unlabelled=found.unlabelled,
            quality=_quality(platform, found),
            findings=findings(found.good, platform.contract, platform.policy.quality),
            labels=label_counts(found.good, platform.contract),
            source=platform.source.address,
            **_span(found.good, platform),
            **_changes(lake, before, found.good, platform),
        )
        if before is not None and before.digest != manifest.digest:
            keep_generation(platform, before)
        if manifest != before:
            lake.publish(manifest)
    _record(platform, manifest, before)
    return manifest


@dataclass(frozen=True)
class Reopened:
    """A finished week whose rows in the source are not what the lake holds.

    `generation` is the one held, 0 for none; `digest` is of the source's rows, None where it has none.
    """

    week: date
    generation: int
    digest: str | None


def reopened_weeks(platform: Platform) -> list[date]:
    """Return the finished weeks whose rows in the source are not what the lake holds: new, late, corrected, empty."""
    return [item.week for item in reopened(platform)]


def reopened(platform: Platform, *, since_first: bool = False) -> list[Reopened]:
    """Compare source and lake; `since_first` leaves out what is older than the first week held, all where none is.

    The lake is asked once for its manifests and once for its files, however many weeks there are. A week that is older
    than the retention of leads, and not held, was cleaned or never wanted: it is not asked for.
    """
    digests = platform.source.weeks()
    finished = platform.last_finished_week()
    held = {manifest.week: manifest for manifest in platform.lake.manifests(platform.start_week, finished)}
    if since_first and not held:
        return []
    stored = {file.path for file in platform.lake.files(_LEADS)}
    last = min(max((*digests, *held), default=platform.start_week), finished)
    kept = platform.policy.retention.leads_days
    return [
        Reopened(week, held[week].generation if week in held else 0, digests.get(week))
        for week in weeks_between(min(held) if since_first else platform.start_week, last)
        if (week in held or not is_past_retention(platform, week, last, days=kept))
        and _differs(platform, held.get(week), digests.get(week), stored)
    ]


def _differs(platform: Platform, manifest: WeekManifest | None, digest: str | None, stored: Set[str]) -> bool:
    if manifest is None or manifest.terms != _terms(platform):
        return True
    if not all(file.path in stored for file in manifest.files):
        return True
    return bool(manifest.rows or manifest.quarantined) if digest is None else manifest.source_digest != digest


def _terms(platform: Platform) -> str:
    return digest_of([platform.contract.digest, platform.policy.quality.model_dump(mode="json")])


def _store_days(lake: Lake, week: date, good: pa.Table, platform: Platform) -> Iterator[DataFile]:
    moments = good[platform.contract.created_at]
    for day in week_days(week):
        inside = pc.and_(
            pc.greater_equal(moments, pa.scalar(at_midnight(day))), pc.less(moments, pa.scalar(at_midnight(day + DAY)))
        )
        rows = good.filter(inside)
        if rows.num_rows:
            path, sha256 = lake.write_table(rows, under=f"{_LEADS}/week={week}/day={day}")
            labelled = rows.num_rows - rows[platform.contract.label].null_count
            yield DataFile(path, sha256, rows.num_rows, day, labelled)


def _store_quarantine(lake: Lake, week: date, found: Validated) -> str | None:
    return lake.write_table(found.bad, under=f"quarantine/week={week}")[0] if found.bad.num_rows else None


def _quality(platform: Platform, found: Validated) -> dict[str, float]:
    return quality(
        found.good,
        quarantined=found.bad.num_rows,
        duplicates=found.duplicates,
        contract=platform.contract,
        policy=platform.policy.quality,
    )


def _span(good: pa.Table, platform: Platform) -> dict[str, object]:
    if not good.num_rows:
        return {"first_at": None, "last_at": None}
    edges = pc.min_max(good[platform.contract.created_at]).as_py()
    return {"first_at": edges["min"], "last_at": edges["max"]}


def _changes(lake: Lake, before: WeekManifest | None, good: pa.Table, platform: Platform) -> dict[str, int]:
    if before is None:
        return {"generation": 1, "late": 0, "corrected": 0}
    if before.digest == table_digest(good) or before.contract != platform.contract.digest:
        return {"generation": before.generation, "late": before.late, "corrected": before.corrected}
    old = lake.read_files(before.files) if before.files else good.slice(0, 0)
    late, corrected = _difference(old, good, platform.contract.key)
    return {"generation": before.generation + 1, "late": late, "corrected": corrected}


def _difference(old: pa.Table, new: pa.Table, key: str) -> tuple[int, int]:
    positions = pc.index_in(new[key], value_set=old[key].combine_chunks())
    known = pc.is_valid(positions)
    there, was = new.filter(known), old.take(positions.drop_null())
    changed = np.zeros(there.num_rows, dtype=bool)
    for name in new.column_names:
        same = pc.fill_null(pc.equal(there[name], was[name]), fill_value=False)
        both_missing = pc.and_(pc.is_null(there[name]), pc.is_null(was[name]))
        changed |= ~pc.or_(same, both_missing).to_numpy(zero_copy_only=False)
    return new.num_rows - there.num_rows, int(changed.sum())


def _record(platform: Platform, manifest: WeekManifest, before: WeekManifest | None) -> None:
    action = "ingested" if before is None or before.digest == manifest.digest else "reopened"
    platform.ledger.append(
        action,
        f"week {manifest.week}",
        reason=f"{manifest.rows:,} leads, {manifest.quarantined:,} quarantined, {manifest.late:,} late",
        evidence={
            "digest": manifest.digest,
            "contract": manifest.contract,
            "generation": manifest.generation,
            "quality": manifest.quality.get("score", 1.0),
        },
        key=f"ingested:{manifest.week}:{manifest.digest}:{manifest.terms}:{manifest.quarantined}:{manifest.generation}",
    )
