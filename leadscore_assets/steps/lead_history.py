"""Why a lead got its score: found in the lake as it was then, scored again by the model of then, compared bit by bit.

What it finds is for the person who asks; nothing of it goes to the ledger or to a log.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leadscore_assets.domain.calendar import at_midnight
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.facts import LedgerRecord, Package, WeekManifest
from leadscore_assets.domain.live_history import live_between, provenance
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.steps.audit import sound_records
from leadscore_assets.steps.generations import generation
from leadscore_assets.steps.listing import list_digest, list_path, rank
from leadscore_assets.steps.platform import Platform


@dataclass(frozen=True)
class LeadThen:
    """A lead's score of then: `row` as the list has it, and what stands behind it.

    `recorded` is the ledger's record of that list, None where the lead was in none by then. `same_list` says whether
    the whole list came out as its record says, `same_row` whether the stored list has the same bits; None is "nothing
    there to compare with".
    """

    row: dict[str, Any]
    created_at: datetime
    week: date
    manifest: WeekManifest
    package: Package
    recorded: LedgerRecord | None
    same_list: bool | None
    same_row: bool | None
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def leads_changed(self) -> bool:
        """Whether the list read other leads than could be found again: its generation was not kept."""
        return self.recorded is not None and self.recorded.evidence["leads"] != self.manifest.digest

    @property
    def differs(self) -> bool:
        """Whether something that was kept is not what the replay gives."""
        return self.same_list is False or self.same_row is False


def lead_then(platform: Platform, key: str, *, week: date | None = None, before: datetime | None = None) -> LeadThen:
    """Answer why a lead got its score, in its newest list before a moment; raise Missing for what is not there."""
    records = sound_records(platform)
    for found_week, manifest, recorded in _weeks(platform, records, week=week, before=before):
        if _holds(platform, manifest, key):
            package = _package(platform, records, recorded, before)
            return _replayed(platform, key, manifest, package=package, recorded=recorded, records=records)
        if week is not None and found_week == week:
            break
    where = f"week {week}" if week else "any week"
    until = f" before {before:%Y-%m-%d %H:%M} UTC" if before else ""
    raise Missing(f"this site holds no lead {key!r} in {where}{until}; check its key, the week and the date")


def _weeks(
    platform: Platform, records: Sequence[LedgerRecord], *, week: date | None, before: datetime | None
) -> Iterator[tuple[date, WeekManifest, LedgerRecord | None]]:
    """Yield weeks, newest first, as their newest list before a moment read them, each with the record of that list."""
    lists = {item.subject: item for item in records if item.action == "scored" and (not before or item.at < before)}
    for current in reversed(
        platform.lake.manifests(week or platform.start_week, week or platform.last_finished_week())
    ):
        recorded = lists.get(f"week {current.week}")
        if before and at_midnight(current.week) >= before:
            continue
        yield current.week, _as_it_was(platform, current, recorded), recorded


def _as_it_was(platform: Platform, current: WeekManifest, recorded: LedgerRecord | None) -> WeekManifest:
    if recorded is None:
        return current
    # Homes from before generations were kept have the current one alone.
    return generation(platform, current.week, recorded.evidence["leads"]) or current


def _holds(platform: Platform, manifest: WeekManifest, key: str) -> bool:
    if not manifest.files:
        return False
    keys = platform.lake.read_files(manifest.files, columns=[platform.contract.key])[platform.contract.key]
    return bool(pc.any(pc.equal(keys.cast(pa.string()), key)).as_py())


def _package(
    platform: Platform, records: Sequence[LedgerRecord], recorded: LedgerRecord | None, before: datetime | None
) -> Package:
    """Return the version that made the list, else the one that was live then."""
    moment = before or platform.now()
    live = live_between(records, moment, moment)
    digest = recorded.evidence["bundle"] if recorded else live[0].champion.digest if live else None
    if digest is None:
        raise Missing(
            f"no model was live at {moment:%Y-%m-%d %H:%M} UTC, so no lead had a score then; name a later date"
        )
    package = platform.registry.find(digest)
    if package is None:
        raise Missing(f"the ledger names bundle {digest[:12]} and the registry has no version of it; restore registry/")
    return package


def _replayed(
    platform: Platform,
    key: str,
    manifest: WeekManifest,
    *,
    package: Package,
    recorded: LedgerRecord | None,
    records: Sequence[LedgerRecord],
) -> LeadThen:
    scorer = Scorer.open(platform.bundles.path(package.digest), digest=package.digest, threads=0)
    ranked = rank(platform.lake.read_files(manifest.files), scorer, package, platform)
    row = _row(ranked, platform.contract.key, key)
    kept = recorded is not None and recorded.evidence["leads"] == manifest.digest
    told = recorded.evidence.get("list") if recorded and kept else None
    last = [item for item in records if item.action == "scored" and item.subject == f"week {manifest.week}"][-1:]
    return LeadThen(
        row=row,
        created_at=row[platform.contract.created_at],
        week=manifest.week,
        manifest=manifest,
        package=package,
        recorded=recorded,
        same_list=list_digest(ranked) == told if told else None,
        # The lake holds the last list alone.
        same_row=_same_row(platform, manifest.week, row) if kept and last == [recorded] else None,
        evidence=provenance(records, package.digest),
    )


def _same_row(platform: Platform, week: date, row: dict[str, Any]) -> bool | None:
    """Compare with the list in the lake; None where there is none."""
    if not platform.lake.holds(list_path(week)):
        return None
    stored, key = pq.read_table(platform.lake.local_path(list_path(week)), partitioning=None), platform.contract.key
    try:
        kept = _row(stored, key, row[key])
    except CorruptArtefact:
        return False
    return all(_bits(row[name]) == _bits(kept[name]) for name in row if name in kept and name != "reasons")


def _row(table: pa.Table, name: str, key: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = table.filter(pc.equal(table[name].cast(pa.string()), str(key))).to_pylist()
    if len(found) != 1:
        raise CorruptArtefact(f"the list holds the lead {len(found)} times, and it should be there once")
    return found[0]


def _bits(value: Any) -> Any:
    return struct.pack(">d", value) if isinstance(value, float) else value
