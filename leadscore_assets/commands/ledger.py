"""`leadscore ledger`: the record of every decision, shown, verified, exported and asked."""

import sys
from difflib import get_close_matches
from typing import Any

import click

from leadscore_assets.commands.ledger_questions import export, lead, live
from leadscore_assets.commands.moments import TIME_TYPE, Time
from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json, say_table
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.ledger_actions import ACTIONS
from leadscore_assets.resources import open_platform
from leadscore_assets.steps.releasing import forgotten


@click.group("ledger")
def command() -> None:
    """Show, verify and export the record of every decision, and ask it what was live and why.

    \b
    Example:
      leadscore ledger show --action promoted
      leadscore ledger verify --head 120:9f2c51d0…
      leadscore ledger live --on 2026-03-02
      leadscore ledger lead L20260302-000123 --on 2026-03-09
    """


command.add_command(export)
command.add_command(live)
command.add_command(lead)


@command.command()
@click.option("--action", help="Only this action; 'leadscore ledger actions' lists them.")
@click.option("--subject", help="Only of this subject, for example 'package 4' or 'week 2026-03-02'.")
@click.option("--actor", help="Only by this user, schedule or sensor.")
@click.option("--since", type=TIME_TYPE, help="Only from this date or time on (UTC).")
@click.option("--until", type=TIME_TYPE, help="Only up to this date, or before this time (UTC).")
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True, help="At most this many, the newest.")
@json_option
@click.pass_context
def show(
    ctx: click.Context,
    action: str | None,
    since: Time | None,
    until: Time | None,
    limit: int,
    *,
    as_json: bool,
    **whose: Any,
) -> None:
    """Show who decided what, when and why.

    \b
    Example:
      leadscore ledger show --action promoted --limit 5
      leadscore ledger show --subject 'package 4' --since 2026-03-02
    """
    records = open_platform(open_home(ctx)).ledger.records(
        action=action, since=since and since.first, until=until and until.last, limit=limit, **whose
    )
    if action and not records and action not in ACTIONS:
        near = get_close_matches(action, ACTIONS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "see 'leadscore ledger actions'"
        raise InvalidInput(f"there is no action {action!r}; {hint}")
    if as_json:
        say_json([record.to_json() for record in records])
        return
    say_table(
        ("seq", "at (UTC)", "who", "action", "subject", "why"),
        [(f"{r.seq}", f"{r.at:%Y-%m-%d %H:%M:%S}", r.actor, r.action, r.subject[:32], r.reason[:110]) for r in records],
    )


class Head(click.ParamType):
    """A record's number and hash, as `leadscore ledger head` prints them."""

    name = "seq:hash"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, str]:
        """Read the head, or fail with where it comes from."""
        if isinstance(value, tuple):
            return value
        seq, _, digest = value.strip().lower().partition(":")
        if not seq.isdigit() or len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            self.fail(f"{value!r} is no head; give what 'leadscore ledger head' printed, number:hash", param, ctx)
        return int(seq), digest


@command.command()
@click.option("--head", type=Head(), help="A head that was kept elsewhere: the chain must still hold it.")
@json_option
@click.pass_context
def verify(ctx: click.Context, head: tuple[int, str] | None, *, as_json: bool) -> None:
    """Check the hash chain; exit code 1 when a record was changed, removed or added behind the product's back.

    That the newest records were cut off, or all of them written anew, shows only against a head kept elsewhere.

    \b
    Example:
      leadscore ledger verify
      leadscore ledger verify --head "$(cat /elsewhere/head)"
    """
    platform = open_platform(open_home(ctx))
    ledger = platform.ledger
    findings = ledger.verify(head=head) + forgotten(platform)
    if as_json:
        say_json({"sound": not findings, "findings": findings})
    else:
        for finding in findings:
            say(finding)
        say("The chain is broken." if findings else f"The chain is sound: {len(ledger.records()):,} records.")
    if findings:
        sys.exit(1)


@command.command()
@json_option
@click.pass_context
def head(ctx: click.Context, *, as_json: bool) -> None:
    """Print the newest record's number and hash, to be kept where nobody who can write the ledger can write.

    \b
    Example:
      leadscore ledger head > /elsewhere/head
    """
    seq, digest = open_platform(open_home(ctx)).ledger.head()
    if as_json:
        say_json({"seq": seq, "hash": digest})
    else:
        say(f"{seq}:{digest}")


@command.command()
@json_option
@click.pass_context
def actions(ctx: click.Context, *, as_json: bool) -> None:  # noqa: ARG001 - the same options as its neighbours
    """List every action that a record can name, and what it says.

    \b
    Example:
      leadscore ledger actions
    """
    if as_json:
        say_json(dict(ACTIONS))
    else:
        say_table(("action", "says that"), list(ACTIONS.items()))
