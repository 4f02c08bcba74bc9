"""`leadscore retrain`: one week through the loop, released if it is better."""

import sys
from datetime import date

import click

from leadscore_assets.commands.opening import WEEK_TYPE, open_home
from leadscore_assets.commands.output import json_option, say, say_json
from leadscore_assets.commands.running import Runner
from leadscore_assets.commands.verdicts import say_verdicts, verdict
from leadscore_assets.commands.weeks import run_weeks, weeks_to_ingest
from leadscore_assets.resources import open_platform
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.retraining import should_retrain
from leadscore_assets.steps.slicing import window_start


@click.command("retrain")
@click.option("--week", type=WEEK_TYPE, help="The week to train; the last finished week that holds leads by default.")
@click.option("--if-new", is_flag=True, help="Only if rows have matured since the last training.")
@click.option("--reason", default="", help="Why; it stands in the ledger.")
@json_option
@click.pass_context
def command(ctx: click.Context, week: date | None, reason: str, *, if_new: bool, as_json: bool) -> None:
    """Train and judge a week's candidate, and release it if it is better than the champion.

    Weeks that the window needs and the lake does not hold yet are ingested first. A candidate that is not better is an
    answer, not a failure: the exit code is 0 and the champion stays.

    \b
    Example:
      leadscore retrain
      leadscore retrain --week 2026-03-23
      leadscore retrain --if-new
    """
    settings = open_home(ctx)
    platform = open_platform(settings)
    chosen = platform.check_week(week) if week else newest_week(platform)
    runner = Runner(settings)
    needed = weeks_to_ingest(platform, first=window_start(platform, chosen), last=chosen)
    run_weeks(runner, "leads_job", needed, label="ingesting")
    answer = should_retrain(platform, asker="manual" if if_new else "forced", week=chosen, because=reason)
    if if_new and not answer.wanted:
        say_json(answer.to_json()) if as_json else say(f"Not retrained: {answer.sentence}")
        return
    outcome = run_weeks(runner, "weekly_job", [chosen], label="retraining")[0]
    if "endpoint" in outcome.materialized:
        run_weeks(runner, "scoring_job", [chosen], label="scoring")
    found = verdict(platform, outcome)
    if as_json:
        say_json(found)
    else:
        say_verdicts([found])
        for line in found.get("reasons", []):
            say(line)
        say_live(platform)
    if not outcome.success:
        sys.exit(1)


def newest_week(platform: Platform) -> date:
    """Return the newest finished week that the source holds leads of, else the last finished one."""
    held = [week for week in platform.source.weeks() if platform.start_week <= week <= platform.last_finished_week()]
    return max(held, default=platform.last_finished_week())


def say_live(platform: Platform) -> None:
    """Print what is live in one line."""
    status, champion = platform.endpoint.status(), platform.registry.production()
    if champion is None:
        say("No model is in production.")
        return
    where = status.address if status.running else "not running; start it with 'leadscore endpoint start'"
    say(f"Live: version {champion.version} ({champion.semver}) of week {champion.week}, endpoint {where}")
