"""`leadscore backfill`: historical weeks through training and judging, never to a release."""

import sys
from datetime import date
from typing import Any

import click

from leadscore_assets.commands.opening import WEEK_TYPE, open_home
from leadscore_assets.commands.output import json_option, say, say_json
from leadscore_assets.commands.running import Runner
from leadscore_assets.commands.verdicts import say_verdicts, verdict
from leadscore_assets.commands.weeks import run_weeks, weeks_to_ingest
from leadscore_assets.domain.calendar import weeks_between
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.resources import open_platform
from leadscore_assets.steps.slicing import window_start


@click.command("backfill")
@click.option("--from", "first", type=WEEK_TYPE, required=True, help="The first week.")
@click.option("--to", "last", type=WEEK_TYPE, required=True, help="The last week, included.")
@json_option
@click.pass_context
def command(ctx: click.Context, first: date, last: date, *, as_json: bool) -> None:
    """Train and judge every week from one to another; nothing is registered and nothing goes live.

    A week that fails is reported with its reason and does not stop the others; the exit code is then 1.

    \b
    Example:
      leadscore backfill --from 2026-01-26 --to 2026-03-16
    """
    settings = open_home(ctx)
    platform = open_platform(settings)
    if first > last:
        raise InvalidInput(f"--from {first} is after --to {last}; exchange them")
    weeks = [platform.check_week(week) for week in weeks_between(first, last)]
    runner = Runner(settings)
    needed = weeks_to_ingest(platform, first=window_start(platform, first), last=last)
    run_weeks(runner, "leads_job", needed, label="ingesting")
    outcomes = run_weeks(
        runner, "backfill_job", weeks, label="backfilling", tags={"leadscore/backfill": f"{first}:{last}"}
    )
    found = [verdict(platform, outcome) for outcome in outcomes]
    if as_json:
        say_json(found)
    else:
        say_verdicts(found)
        _say_mean(found)
    if any(not outcome.success for outcome in outcomes):
        sys.exit(1)


def _say_mean(found: list[dict[str, Any]]) -> None:
    done = [item["metrics"]["spearman"] for item in found if item["success"] and "spearman" in item.get("metrics", {})]
    if done:
        mean = sum(done) / len(done)
        say(f"{len(done)} of {len(found)} weeks judged, mean Spearman {mean:.4f}. Nothing was released.")
