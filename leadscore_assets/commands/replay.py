"""`leadscore replay`: the past decided again under other policies."""

from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import click

from leadscore_assets.commands.opening import WEEK_TYPE, open_home
from leadscore_assets.commands.output import (
    check_folder,
    json_option,
    progress_console,
    say,
    say_json,
    say_table,
    write_file,
)
from leadscore_assets.commands.running import Runner
from leadscore_assets.commands.weeks import progress, run_weeks, weeks_to_ingest
from leadscore_assets.domain.replay import ReplayReport, repeated
from leadscore_assets.domain.replay_standings import standings
from leadscore_assets.reports.replay_numbers import HEAD, lines, sentence
from leadscore_assets.reports.replay_page import replay_page
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import Settings
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.replaying import PAGE, Listener, report_replay
from leadscore_assets.steps.replaying_question import ReplayQuestion, ask_replay, first_week_needed


@click.command("replay")
@click.option("--policy", "policies", multiple=True, metavar="NAME|FILE", help="Home's own by default; repeatable.")
@click.option("--from", "first", type=WEEK_TYPE, help="The first week; the first that was ever judged by default.")
@click.option("--to", "last", type=WEEK_TYPE, help="The last week, included; the last that was judged by default.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the page with pictures here.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    policies: tuple[str, ...],
    first: date | None,
    last: date | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Decide the past again under other policies, and say what each would have served.

    A policy is 'home', a file, or a preset put on the home's policy. Weeks that are not in the lake are ingested and
    models that are missing are trained; nothing is registered and nothing goes live.

    \b
    Example:
      leadscore replay --policy default --policy never --from 2026-01-26 --to 2026-03-16
      leadscore replay --policy other_policy.toml --html replay.html
    """
    check_folder(html)
    settings = open_home(ctx)
    platform = open_platform(settings)
    question = ask_replay(platform, policies, first, last)
    _ingest(settings, platform, question)
    report = _with_progress(platform, question)
    if html:
        write_file(html, replay_page(report).encode())
    if as_json:
        say_json({"standings": [item.to_json() for item in standings(report)], **report.to_json()})
    else:
        _say(report, html or platform.lake.local_path(PAGE))


def _ingest(settings: Settings, platform: Platform, question: ReplayQuestion) -> None:
    needed = weeks_to_ingest(platform, first=first_week_needed(platform, question), last=question.last)
    if needed:
        run_weeks(Runner(settings), "leads_job", needed, label="ingesting")


def _with_progress(platform: Platform, question: ReplayQuestion) -> ReplayReport:
    with _told(len(question.policies) + 1, question) as listener:
        return report_replay(platform, question, listener)


@contextmanager
def _told(passes: int, question: ReplayQuestion) -> Any:
    """Show each week as it begins: a bar on a terminal, a line elsewhere."""
    if not progress_console.is_terminal:
        yield Listener(lambda name, week: progress_console.print(f"{name} {week}", markup=False))
        return
    with progress() as bar:
        weeks = (question.last - question.first).days // 7 + 1
        task = bar.add_task("replaying", total=passes * weeks, note="")

        def on_week(name: str, week: date) -> None:
            bar.update(task, advance=1, note=f"{name} {week}")

        yield Listener(on_week, lambda line: bar.update(task, note=line[:60]))


def _say(report: ReplayReport, page: Path) -> None:
    rows = [
        (i.policy, i.retrained, i.promoted, i.asked, i.not_yet, i.no_candidate, i.time, i.cost, i.spearman, i.regret)
        for i in lines(report)
    ]
    say_table((*HEAD, "behind the best"), [(*row, i.behind) for row, i in zip(rows, lines(report), strict=True)])
    say(sentence(report))
    for item in report.replays:
        if item.as_home:
            say(f"Under {item.policy}, {repeated(item)}")
    say("The oracle chooses afterwards on the same rows, which flatters it: compare the policies with each other.")
    say(f"Page: {page}")
