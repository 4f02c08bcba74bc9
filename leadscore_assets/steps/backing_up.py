"""Backing up: what must stand still for a moment while a home at work is copied, and what the ledger says of it."""

import time
from pathlib import Path

from leadscore_assets.backends.backup.making import Site, make_backup
from leadscore_assets.backends.backup.manifest import Backup
from leadscore_assets.backends.backup.store import BackupStore
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.releasing import forgotten

_SETTLING = 20
_SETTLING_SECONDS = 0.25


def back_up(
    platform: Platform, home: Path, store: BackupStore, *, ledger_url: str, actor: str, notes: tuple[str, ...] = ()
) -> Backup:
    """Copy a home that may be at work into a store, and record it; the record itself is in the next backup."""
    site = Site(
        home=home,
        ledger_url=ledger_url,
        together=lambda: platform.lake.lock("release"),
        settled=lambda: _settled(platform),
    )
    backup = make_backup(site, store, actor=actor, now=platform.now(), notes=notes)
    platform.ledger.append(
        "backed up",
        f"backup {backup.name}",
        reason=f"{len(backup.files):,} files up to record {backup.ledger.seq}",
        evidence={"files": len(backup.files), "bytes": backup.size, "head": list(backup.ledger.head)},
        key=f"backed up:{backup.name}:{backup.ledger.hash}",
    )
    return backup


def record_restore(platform: Platform, backup: Backup) -> None:
    """Record in a restored home's ledger from which backup it was made."""
    platform.ledger.append(
        "restored",
        f"backup {backup.name}",
        reason=f"made again from the backup of {backup.made_at:%Y-%m-%d %H:%M} UTC by {backup.made_by}",
        evidence={"head": list(backup.ledger.head), "files": len(backup.files)},
    )


def _settled(platform: Platform) -> bool:
    """Wait a moment for a package that is registered and not yet recorded; one that was forgotten for good stays so."""
    for _ in range(_SETTLING):
        if not forgotten(platform):
            return True
        time.sleep(_SETTLING_SECONDS)
    return False
