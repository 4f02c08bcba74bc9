"""`leadscore backup`: a home copied whole while it is at work."""

import re
import sys
from pathlib import Path

import click

from leadscore_assets.backends.backup.manifest import Backup
from leadscore_assets.backends.backup.store import BackupStore
from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json, say_table
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import Settings
from leadscore_assets.steps.backing_up import back_up

_ELSEWHERE = re.compile(r"^\s*(postgres:|module:\s*dagster_postgres)", re.MULTILINE)


@click.command("backup")
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@click.option("--list", "listed", is_flag=True, help="List the backups that TARGET holds; make none.")
@json_option
@click.pass_context
def command(ctx: click.Context, target: Path, *, listed: bool, as_json: bool) -> None:
    """Copy the home to the folder TARGET: settings, leads, bundles, registry, runs and the ledger.

    Runs and the endpoint may go on meanwhile. What TARGET holds already is not copied again. It holds leads, so it is
    for its owner alone; put it on another disk. The endpoint page's token is left out: a restored home makes its own.
    Exit code 1 when the ledger that was copied is broken.

    \b
    Example:
      leadscore --home my_home backup /backups/leadscore
      leadscore backup /backups/leadscore --list
    """
    store = BackupStore(target)
    if listed:
        _say_all([store.read(name) for name in store.names()], as_json=as_json)
        return
    settings = open_home(ctx)
    platform = open_platform(settings)
    backup = back_up(
        platform, settings.home, store, ledger_url=settings.ledger_url, actor=settings.actor, notes=_notes(settings)
    )
    if as_json:
        say_json(_shown(backup))
    else:
        say(f"Backup {backup.name} in {target}: {len(backup.files):,} files, {backup.size / 1e6:,.1f} MB.")
        say(f"Ledger head {backup.ledger.seq}:{backup.ledger.hash}")
        say(f"It holds {backup.holds}.")
        for note in backup.notes:
            say(f"Note: {note}")
    for finding in backup.ledger.findings:
        say(f"The ledger is broken: {finding}")
    if backup.ledger.findings:
        sys.exit(1)


def _notes(settings: Settings) -> tuple[str, ...]:
    """What lies outside of the home and is not in its backup."""
    found = []
    dagster = settings.home / "dagster" / "dagster.yaml"
    if dagster.is_file() and _ELSEWHERE.search(dagster.read_text(encoding="utf-8")):
        found.append("Dagster's runs lie in PostgreSQL and are not in this backup; keep them with pg_dump")
    if settings.values.platform == "aws":
        found.append("what lies on AWS (lake, bundles, registry) is not in this backup; keep it with S3's versioning")
    return tuple(found)


def _shown(backup: Backup) -> dict[str, object]:
    return {
        "name": backup.name,
        "made_at": backup.made_at.isoformat(),
        "made_by": backup.made_by,
        "files": len(backup.files),
        "bytes": backup.size,
        "head": {"seq": backup.ledger.seq, "hash": backup.ledger.hash},
        "ledger": backup.ledger.place,
        "findings": list(backup.ledger.findings),
        "holds": backup.holds,
        "notes": list(backup.notes),
    }


def _say_all(backups: list[Backup], *, as_json: bool) -> None:
    if as_json:
        say_json([_shown(backup) for backup in backups])
        return
    rows = [
        (item.name, f"{item.made_at:%Y-%m-%d %H:%M}", item.made_by, len(item.files), f"{item.size / 1e6:,.1f}")
        for item in backups
    ]
    heads = [f"{item.ledger.seq}:{item.ledger.hash[:12]}" for item in backups]
    say_table(
        ("backup", "at (UTC)", "by", "files", "MB", "ledger's head"),
        [(*row, head) for row, head in zip(rows, heads, strict=True)],
    )
