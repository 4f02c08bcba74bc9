"""`leadscore ledger`: the record of every decision."""

import sys

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json, say_table
from leadscore_assets.resources import open_platform
from leadscore_assets.steps.releasing import forgotten


@click.group("ledger")
def command() -> None:
    """Show and verify the record of every decision.

    \b
    Example:
      leadscore ledger show --action promoted
      leadscore ledger verify
    """


@command.command()
@click.option("--action", help="Only this action, for example trained, judged, promoted, refused.")
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True, help="At most this many, the newest.")
@json_option
@click.pass_context
def show(ctx: click.Context, action: str | None, limit: int, *, as_json: bool) -> None:
    """Show who decided what, when and why.

    \b
    Example:
      leadscore ledger show --action promoted --limit 5
    """
    records = open_platform(open_home(ctx)).ledger.records(action=action, limit=limit)
    if as_json:
        say_json([record.to_json() for record in records])
        return
    say_table(
        ("seq", "at (UTC)", "who", "action", "subject", "why"),
        [(f"{r.seq}", f"{r.at:%Y-%m-%d %H:%M:%S}", r.actor, r.action, r.subject[:32], r.reason[:110]) for r in records],
    )


@command.command()
@json_option
@click.pass_context
def verify(ctx: click.Context, *, as_json: bool) -> None:
    """Check the hash chain; exit code 1 when a record was changed, removed or added behind the product's back.

    \b
    Example:
      leadscore ledger verify
    """
    platform = open_platform(open_home(ctx))
    ledger = platform.ledger
    findings = ledger.verify() + forgotten(platform)
    if as_json:
        say_json({"sound": not findings, "findings": findings})
    else:
        for finding in findings:
            say(finding)
        say("The chain is broken." if findings else f"The chain is sound: {len(ledger.records()):,} records.")
    if findings:
        sys.exit(1)
