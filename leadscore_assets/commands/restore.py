"""`leadscore restore`: a home made again from a backup, checked before and after."""

from contextlib import suppress
from pathlib import Path

import click

from leadscore_assets.backends.backup.restoring import Restored, check_backup, restore_backup
from leadscore_assets.backends.backup.store import BackupStore
from leadscore_assets.commands.output import json_option, say, say_json
from leadscore_assets.domain.errors import InvalidInput, LeadscoreError
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import home_path, load_settings
from leadscore_assets.steps.backing_up import record_restore


@click.command("restore")
@click.argument("source", type=click.Path(file_okay=False, path_type=Path))
@click.option("--at", "name", metavar="BACKUP", help="Which backup, as 'leadscore backup --list' names it; the newest.")
@click.option(
    "--check", is_flag=True, help="Read every byte of the backup and say whether it is whole; restore nothing."
)
@click.option("--force", is_flag=True, help="Set a home that is there aside; it is renamed, not deleted.")
@click.option("--ledger-url", help="Put a ledger that lay outside of the home into this empty database.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    source: Path,
    name: str | None,
    ledger_url: str | None,
    *,
    check: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Make the home that --home names again from the backups in the folder SOURCE.

    Every byte is checked before anything is written; a damaged backup is refused and names what is damaged. The
    restored ledger must verify and hold the backup's head. A ledger that stands outside of the home is never replaced.

    \b
    Example:
      leadscore restore /backups/leadscore --check
      leadscore --home my_home restore /backups/leadscore
      leadscore --home my_home restore /backups/leadscore --at 20260302T120000Z --force
    """
    store = BackupStore(source)
    if check:
        backup = check_backup(store, name)
        say(f"Backup {backup.name} is whole: {len(backup.files):,} files, {backup.size / 1e6:,.1f} MB.")
        return
    home = home_path(ctx.obj)
    _check_at_rest(home)
    _check_secret_free(ledger_url)
    done = restore_backup(store, home, name=name, force=force, ledger_url=ledger_url)
    record_restore(open_platform(load_settings(home)), done.backup)
    _told(done, as_json=as_json)


def _check_at_rest(home: Path) -> None:
    """Refuse to take a home away under a running endpoint; a home that cannot be read has none to ask."""
    running = False
    with suppress(LeadscoreError):
        settings = load_settings(home)
        running = settings.exists and open_platform(settings).endpoint.status().running
    if running:
        raise InvalidInput(f"the endpoint of {home} is running; stop it first with 'leadscore endpoint stop'")


def _check_secret_free(url: str | None) -> None:
    from pydantic import ValidationError

    from leadscore_assets.settings import LedgerSettings

    try:
        LedgerSettings(url=url)
    except ValidationError as error:
        raise InvalidInput(f"--ledger-url: {error.errors()[0]['msg']}") from None


def _told(done: Restored, *, as_json: bool) -> None:
    if as_json:
        aside = f"{done.set_aside}" if done.set_aside else None
        files = len(done.backup.files)
        say_json({"backup": done.backup.name, "home": f"{done.home}", "files": files, "set_aside": aside})
        return
    say(f"{done.home} is as it was at {done.backup.made_at:%Y-%m-%d %H:%M:%S} UTC (backup {done.backup.name}).")
    if done.set_aside:
        say(f"The home that stood there lies in {done.set_aside} now.")
    for note in done.notes:
        say(f"Note: {note}")
    say("The ledger verifies. Start the endpoint with 'leadscore endpoint start', then look with 'leadscore doctor'.")
