"""`leadscore rollback`: an earlier model answers again, whole, at once."""

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json
from leadscore_assets.resources import open_platform
from leadscore_assets.steps.rolling_out import roll_back


@click.command("rollback")
@click.option("--to", "version", type=click.IntRange(1), help="The version; what answered before by default.")
@click.option("--reason", default="asked for by a person", show_default=True, help="Why; it stands in the ledger.")
@click.option("--actor", default=None, metavar="NAME", help="In whose name; yours by default.")
@json_option
@click.pass_context
def command(ctx: click.Context, version: int | None, reason: str, actor: str | None, *, as_json: bool) -> None:
    """Put an earlier model in the champion's place, or end the release in hand.

    The whole bundle comes back. The model that was taken back is not released again unless this command names it.

    \b
    Example:
      leadscore rollback
      leadscore rollback --to 3 --reason "complaints about the ranking"
    """
    settings = open_home(ctx)
    moved = roll_back(open_platform(settings), to=version, actor=actor or settings.actor, reason=reason)
    champion = moved.state.champion
    if as_json:
        say_json({"version": champion.version if champion else None, "reason": moved.reason, **moved.status.to_json()})
        return
    say(f"Version {champion.version if champion else '-'} answers at {moved.status.address}: {moved.reason}")
