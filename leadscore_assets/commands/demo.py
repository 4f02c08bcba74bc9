"""`leadscore demo`: the whole loop on generated leads, from nothing to a live endpoint."""

import json
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from leadscore_assets.commands.output import json_option, say, say_json, say_table
from leadscore_assets.commands.running import Outcome, Runner
from leadscore_assets.commands.verdicts import say_verdicts, verdict
from leadscore_assets.commands.weeks import run_weeks, weeks_to_ingest
from leadscore_assets.domain.calendar import WEEK, week_of, weeks_between
from leadscore_assets.domain.contract import Contract, default_contract
from leadscore_assets.resources import open_platform, system_clock
from leadscore_assets.settings import load_settings
from leadscore_assets.steps.drifting import find_drift
from leadscore_assets.steps.drifting import page_path as drift_page_path
from leadscore_assets.steps.judging import page_path
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.week_index import page_path as week_page_path

_SHOWN_LEADS = 5
_CHANGE_BEFORE_THE_END = WEEK * 3
_CHANGE = 0.4


@click.command("demo")
@click.option("--weeks", type=click.IntRange(4, 200), default=12, show_default=True, help="How many weeks to generate.")
@click.option(
    "--train",
    "trained",
    type=click.IntRange(1, 52),
    default=4,
    show_default=True,
    help="How many of the last to train.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8321, show_default=True, help="The endpoint's port.")
@json_option
@click.pass_context
def command(ctx: click.Context, weeks: int, trained: int, port: int, *, as_json: bool) -> None:
    """Generate leads, ingest them, train and judge the last weeks, and leave a live endpoint.

    What makes a lead good changes on purpose three weeks before the end, so that retraining has something to win.
    Run again, it goes on where it was: what is done is not done twice.

    \b
    Example:
      leadscore demo
      leadscore --home demo_home demo --weeks 20 --train 8
    """
    settings = load_settings(ctx.obj)
    if not settings.exists:
        _make_home(settings.home, weeks, port)
        settings = load_settings(ctx.obj)
    platform, runner = open_platform(settings), Runner(settings)
    outcomes = run_weeks(runner, "leads_job", weeks_to_ingest(platform), label="ingesting")
    last = platform.last_finished_week()
    chosen = [week for week in weeks_between(last - WEEK * (trained - 1), last) if week >= platform.start_week]
    rounds = run_weeks(runner, "retrain_job", chosen, label="retraining")
    outcomes += rounds + run_weeks(runner, "scoring_job", [last], label="scoring")
    outcomes += run_weeks(runner, "drift_job", [last], label="looking for drift")
    outcomes += run_weeks(runner, "report_job", [last], label="making the page of")
    summary = _summary(platform, settings.home, [verdict(platform, outcome) for outcome in rounds])
    if as_json:
        say_json(summary)
    else:
        _say_summary(platform, summary)
    if any(not outcome.success for outcome in outcomes):
        _say_problems([outcome for outcome in outcomes if outcome not in rounds])
        sys.exit(1)


def _make_home(home: Path, weeks: int, port: int) -> None:
    from leadscore_assets.backends.home_files import write_home

    last = week_of(system_clock().date()) - WEEK
    start = last - timedelta(weeks=weeks - 1)
    change = {"kind": "concept", "start": last - _CHANGE_BEFORE_THE_END, "size": _CHANGE}
    source = {"kind": "generator", "events": [change]}
    settings = {"start_week": start, "source": source, "endpoint": {"port": port}}
    write_home(home, settings=settings, contract=default_contract(), policy={})


def _summary(platform: Platform, home: Path, rounds: list[dict[str, Any]]) -> dict[str, Any]:
    manifests = platform.lake.manifests(platform.start_week, platform.last_finished_week())
    champion, status = platform.registry.production(), platform.endpoint.status()
    sample = home / "sample_lead.json"
    if champion is not None and manifests and manifests[-1].files:
        sample.write_text(json.dumps(_sample(platform, manifests[-1].files[-1]), indent=1))
    return {
        "home": f"{home}",
        "change": load_settings(home).values.source.events[0].start
        if load_settings(home).values.source.events
        else None,
        "weeks": len(manifests),
        "rows": sum(manifest.rows for manifest in manifests),
        "quarantined": sum(manifest.quarantined for manifest in manifests),
        "trained": rounds,
        "champion": champion.to_json() if champion else None,
        "endpoint": status.to_json(),
        "page": _short(platform.lake.local_path(page_path(champion.week))) if champion else None,
        "drift": _drift(platform, manifests[-1].week) if manifests else None,
        "week_page": _week_page(platform),
        "list": _short(home / f"lake/scored/week={manifests[-1].week}/leads.csv") if manifests else None,
        "curl": f"curl -s {status.address}/invocations -H 'content-type: application/json' -d @{_short(sample)}",
    }


def _week_page(platform: Platform) -> str | None:
    path = platform.lake.local_path(week_page_path(platform.last_finished_week()))
    return _short(path) if path.is_file() else None


def _drift(platform: Platform, week: date) -> dict[str, str] | None:
    report = find_drift(platform, week)
    if report is None:
        return None
    page = _short(platform.lake.local_path(drift_page_path(week)))
    return {"week": f"{week}", "verdict": report.verdict.decision, "because": report.verdict.sentence, "page": page}


def _short(path: Path) -> str:
    """Write a path as a person in this folder would."""
    return f"{path.relative_to(Path.cwd())}" if path.is_relative_to(Path.cwd()) else f"{path}"


def _sample(platform: Platform, file: Any) -> dict[str, Any]:
    row = platform.lake.read_files([file]).slice(0, 1).to_pylist()[0]
    return lead_as_request(row, platform.contract)


def lead_as_request(row: dict[str, Any], contract: Contract) -> dict[str, Any]:
    """Write a stored lead as the endpoint takes it: key, created_at and features, missing values left out."""
    wanted = (contract.key, contract.created_at, *contract.names)
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name in wanted
        if (value := row.get(name)) is not None
    }


def _say_summary(platform: Platform, summary: dict[str, Any]) -> None:
    say(
        f"{summary['weeks']} weeks, {summary['rows']:,} leads, {summary['quarantined']:,} quarantined, "
        f"in {summary['home']}"
    )
    if summary["change"]:
        say(f"From {summary['change']} on other things make a lead good, on purpose: the champion has to be replaced.")
    say_verdicts(summary["trained"])
    champion = summary["champion"]
    if champion is None:
        say("No model went live.")
        return
    _say_best_leads(platform)
    say(
        f"Live: version {champion['version']} ({champion['semver']}), "
        f"Spearman {champion['metrics'].get('spearman', 0):.4f}"
    )
    say(f"Endpoint: {summary['endpoint']['address']}")
    say(f"Evaluation: {summary['page']}")
    if summary["drift"]:
        say(f"Drift: {summary['drift']['verdict'].replace('_', ' ')}, {summary['drift']['page']}")
    if summary["week_page"]:
        say(f"The week on a page: {summary['week_page']}")
    say(f"Ranked list: {summary['list']}")
    say(f"Try it:\n  {summary['curl']}")


def _say_best_leads(platform: Platform) -> None:
    import pyarrow.parquet as pq

    path = platform.lake.local_path(f"scored/week={platform.last_finished_week()}/leads.parquet")
    if not path.is_file():
        return
    best = pq.read_table(path, partitioning=None).slice(0, _SHOWN_LEADS).to_pylist()
    rows = [
        (f"{r['rank']}", r[platform.contract.key], f"{r['score']:.2f}", r["band"], r["reasons"].split("; ")[0])
        for r in best
    ]
    say_table(("rank", "lead", "score", "band", "first reason"), rows, title="The week's best leads")


def _say_problems(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        for problem in outcome.problems:
            say(f"{outcome.job} of week {outcome.week}: {problem}")
