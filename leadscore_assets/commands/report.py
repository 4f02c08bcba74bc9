"""`leadscore report`: one week on one page, and the index of all weeks."""

import sys
from datetime import date

import click

from leadscore_assets.commands.opening import WEEK_TYPE, open_home
from leadscore_assets.commands.output import json_option, say, say_json
from leadscore_assets.commands.running import Runner
from leadscore_assets.resources import open_platform
from leadscore_assets.steps.week_index import INDEX, page_path
from leadscore_assets.steps.weekly_reporting import stored_week


@click.command("report")
@click.option("--week", type=WEEK_TYPE, help="The week; the last finished one by default.")
@json_option
@click.pass_context
def command(ctx: click.Context, week: date | None, *, as_json: bool) -> None:
    """Make a week's page: what was retrained and why or why not, verdicts, drift, outcomes, release, what it took.

    \b
    Example:
      leadscore report
      leadscore report --week 2026-03-23 --json
    """
    settings = open_home(ctx)
    platform = open_platform(settings)
    chosen = platform.check_week(week or platform.last_finished_week())
    outcome = Runner(settings).run("report_job", chosen)
    if not outcome.success:
        for problem in outcome.problems:
            say(problem)
        sys.exit(1)
    report = stored_week(platform, chosen)
    if as_json:
        say_json(report.to_json())
        return
    say(f"Week {chosen}: {report.headline}. {report.sentence}")
    for concern in report.concerns:
        say(f"  ! {concern}")
    say(f"Page: {platform.lake.local_path(page_path(chosen))}")
    say(f"All weeks: {platform.lake.local_path(INDEX)}")
