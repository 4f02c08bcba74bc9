"""`leadscore notices`: what people were told, what waits, whether channels work, and what stopped ticking."""

import sys

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json, say_table
from leadscore_assets.commands.running import open_instance
from leadscore_assets.domain.errors import oneline
from leadscore_assets.domain.notices import Delivery
from leadscore_assets.domain.silence import Silent, silent
from leadscore_assets.resources import open_platform, system_clock
from leadscore_assets.settings import Settings
from leadscore_assets.steps.delivering import deliver, deliveries, try_channel


@click.group("notices")
def command() -> None:
    """See and send what people are told, and try a channel.

    \b
    Example:
      leadscore notices list --waiting
      leadscore notices test log
    """


@command.command("list")
@click.option("--waiting", is_flag=True, help="Only letters that did not arrive yet.")
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True, help="At most this many, the newest.")
@json_option
@click.pass_context
def list_(ctx: click.Context, limit: int, *, waiting: bool, as_json: bool) -> None:
    """Show what was sent and what waits, with every try.

    \b
    Example:
      leadscore notices list --waiting
    """
    found = deliveries(open_platform(open_home(ctx)), limit=limit, open_only=waiting)
    if as_json:
        say_json([item.to_json() for item in found])
        return
    say_table(("channel", "state", "at (UTC)", "tries", "notice", "why not"), [_row(item) for item in found])


@command.command()
@click.argument("channel")
@click.pass_context
def test(ctx: click.Context, channel: str) -> None:
    """Send a trial to one channel at once.

    \b
    Example:
      leadscore notices test env:LEADSCORE_NOTICE_URL
    """
    try_channel(open_platform(open_home(ctx)), channel)
    say(f"Channel {channel} took the trial.")


@command.command()
@click.option("--early", is_flag=True, help="Also what waits for its digest, the end of quiet hours or its next try.")
@json_option
@click.pass_context
def send(ctx: click.Context, *, early: bool, as_json: bool) -> None:
    """Send the letters that are due; exit code 1 when one did not arrive.

    \b
    Example:
      leadscore notices send --early
    """
    found = deliver(open_platform(open_home(ctx)), early=early)
    if as_json:
        say_json({"sent": found.sent, "problems": list(found.problems)})
    else:
        say(f"Letters sent: {found.sent}.")
        for problem in found.problems:
            say(problem)
    if found.problems:
        sys.exit(1)


@command.command("silent")
@json_option
@click.pass_context
def silent_(ctx: click.Context, *, as_json: bool) -> None:
    """Say which sensors and schedules stopped ticking; exit code 1 when one did.

    \b
    Example:
      leadscore notices silent
    """
    found = silent_ticks(open_home(ctx))
    if as_json:
        say_json([{"name": item.name, "last": item.last, "expected": item.expected} for item in found])
    else:
        say(oneline([sentence(item) for item in found]) or "Every sensor and schedule that runs ticks on time.")
    if found:
        sys.exit(1)


def silent_ticks(settings: Settings) -> list[Silent]:
    """Return the sensors and schedules of a home that stopped ticking."""
    from leadscore_assets.automation.ticking import watched_ticks
    from leadscore_assets.definitions import build_definitions

    with open_instance(settings) as instance:
        watched = watched_ticks(instance, build_definitions(settings).get_repository_def())
    return silent(watched, system_clock(), grace=settings.policy().notices.silent_after)


def undelivered(settings: Settings) -> list[Delivery]:
    """Return the newest letters that failed, and are tried again or were given up."""
    return [item for item in deliveries(open_platform(settings), limit=100) if item.problem]


def sentence(item: Silent) -> str:
    """Say since when one is silent."""
    last = f"last ticked at {item.last:%Y-%m-%d %H:%M} UTC" if item.last else "never ticked"
    return f"{item.name} {last}; start 'leadscore ui' or the Dagster daemon"


def _row(item: Delivery) -> tuple[str, ...]:
    about = item.subjects[0] if item.subjects else item.letter
    more = f" and {len(item.subjects) - 1} more" if len(item.subjects) > 1 else ""
    at = item.ended or item.next_try
    return (
        item.channel,
        item.state,
        f"{at:%Y-%m-%d %H:%M}",
        f"{item.attempts}",
        f"{about[:70]}{more}",
        item.problem[:80],
    )
