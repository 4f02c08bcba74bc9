"""`leadscore ingest`: new, late and corrected weeks into the lake."""

import sys
from datetime import date

import click

from leadscore_assets.commands.opening import WEEK_TYPE, open_home
from leadscore_assets.commands.output import json_option, say, say_json, say_table
from leadscore_assets.commands.running import Outcome, Runner
from leadscore_assets.commands.weeks import run_weeks, weeks_to_ingest
from leadscore_assets.resources import open_platform
from leadscore_assets.steps.platform import Platform


@click.command("ingest")
@click.option("--week", "weeks", type=WEEK_TYPE, multiple=True, help="Only this week; may be given several times.")
@click.option("--limit", type=click.IntRange(1), help="At most this many weeks, oldest first.")
@json_option
@click.pass_context
def command(ctx: click.Context, weeks: tuple[date, ...], limit: int | None, *, as_json: bool) -> None:
    """Bring new, late and corrected weeks of the source into the lake.

    \b
    Example:
      leadscore ingest
      leadscore ingest --week 2026-01-05
    """
    settings = open_home(ctx)
    platform = open_platform(settings)
    for week in weeks:
        platform.check_week(week)
    wanted = list(weeks) or weeks_to_ingest(platform)[:limit]
    outcomes = run_weeks(Runner(settings), "ingest_job", wanted, label="ingesting")
    report(platform, outcomes, as_json=as_json)
    if any(not outcome.success for outcome in outcomes):
        sys.exit(1)


def report(platform: Platform, outcomes: list[Outcome], *, as_json: bool) -> None:
    """Print what each ingested week holds."""
    rows = [_row(platform, outcome) for outcome in outcomes]
    if as_json:
        say_json(rows)
        return
    if not rows:
        say("Nothing to ingest: the lake holds every finished week as the source has it.")
        return
    say_table(
        ("week", "rows", "quarantined", "duplicates", "late", "quality"), [list(row.values())[:6] for row in rows]
    )
    for row in rows:
        for problem in row["problems"]:
            say(f"week {row['week']}: {problem}")


def _row(platform: Platform, outcome: Outcome) -> dict[str, object]:
    manifest = platform.lake.manifest(outcome.week) if outcome.week else None
    known = manifest is not None
    return {
        "week": f"{outcome.week}",
        "rows": manifest.rows if known else None,
        "quarantined": manifest.quarantined if known else None,
        "duplicates": manifest.duplicates if known else None,
        "late": manifest.late if known else None,
        "quality": manifest.quality.get("score") if known else None,
        "success": outcome.success,
        "problems": list(outcome.problems),
    }
