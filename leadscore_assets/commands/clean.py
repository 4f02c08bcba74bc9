"""`leadscore clean`: what the policy's retention keeps no longer, shown first and removed when asked to."""

from typing import Any

import click
from rich.progress import Progress

from leadscore_assets.automation.run_history import RunHistory
from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, progress_console, say, say_json, say_table
from leadscore_assets.commands.running import open_instance
from leadscore_assets.domain.retention import Removal
from leadscore_assets.resources import open_platform
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.upkeep import Cleaning, clean, plan_cleaning
from leadscore_assets.steps.upkeep_inventory import first_stored_week


@click.command("clean")
@click.option("--yes", is_flag=True, help="Remove it; without this nothing changes.")
@click.option("--details", is_flag=True, help="List every single thing with its reason.")
@json_option
@click.pass_context
def command(ctx: click.Context, *, yes: bool, details: bool, as_json: bool) -> None:
    """Show what the retention policy keeps no longer, why, and how many bytes it takes; remove it with --yes.

    What is live, warm, waiting or on its way, evidence of a release, what a kept model learnt from, and anything
    written within the grace stays. Cut short, the same command goes on where it was.

    \b
    Example:
      leadscore clean
      leadscore clean --yes
    """
    settings = open_home(ctx)
    platform = open_platform(settings)
    with open_instance(settings) as instance:
        runs = RunHistory(instance, first=first_stored_week(platform))
        found = plan_cleaning(platform, runs)
        if yes:
            found = _cleaned(platform, runs, expected=len(found.removals))
    if as_json:
        say_json(_shown(found, removed=yes))
        return
    _say(found, removed=yes, details=details)


def _cleaned(platform: Platform, runs: RunHistory, *, expected: int) -> Cleaning:
    with Progress(console=progress_console, transient=True) as bar:
        task = bar.add_task("removing", total=expected)
        return clean(platform, runs, on_removal=lambda _: bar.advance(task))


def _say(found: Cleaning, *, removed: bool, details: bool) -> None:
    if not found.removals:
        say("Nothing to remove: the policy keeps all of it.")
        return
    if details:
        say_table(("what", "kind", "bytes", "why"), [_line(item) for item in found.removals])
    say_table(
        ("kind", "things", "bytes", "weeks", "why (the first)"),
        [(group.kind, group.things, group.bytes, group.weeks, group.reason) for group in found.groups],
    )
    what = f"{len(found.removals):,} things, {found.bytes / 1e6:,.1f} MB"
    say(f"Removed {what}." if removed else f"{what} would be removed; 'leadscore clean --yes' removes them.")


def _line(item: Removal) -> tuple[str, str, int, str]:
    return item.name, item.kind, item.size, item.reason


def _shown(found: Cleaning, *, removed: bool) -> dict[str, Any]:
    return {
        "removed": removed,
        "things": len(found.removals),
        "bytes": found.bytes,
        "plan": found.digest,
        "removals": [item.to_json() for item in found.removals],
    }
