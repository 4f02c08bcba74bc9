"""`leadscore drift`: whether a week's leads are still what the champion learnt from, and which features say so."""

import sys
from datetime import date
from pathlib import Path

import click

from leadscore_assets.commands.opening import WEEK_TYPE, open_home
from leadscore_assets.commands.output import check_folder, json_option, say, say_json, say_table, write_file
from leadscore_assets.commands.running import Runner
from leadscore_assets.domain.drift import DriftReport
from leadscore_assets.domain.errors import Missing
from leadscore_assets.reports.drift_page import drift_page
from leadscore_assets.resources import open_platform
from leadscore_assets.steps.drifting import page_path, stored_drift
from leadscore_assets.steps.platform import Platform

_SHOWN = 10
_COLUMNS = ("feature", "severity", "distance", "bound", "PSI", "PSI by chance", "gain", "because")


@click.command("drift")
@click.option("--week", type=WEEK_TYPE, help="The week to look at; the newest ingested week by default.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the page with pictures here too.")
@json_option
@click.pass_context
def command(ctx: click.Context, week: date | None, html: Path | None, *, as_json: bool) -> None:
    """Say whether a week drifted, against what the champion learnt from, or the weeks before where there is none.

    The distances are shares of rows, 0 to 1. An alarm may start a retraining; it never promotes anything.

    \b
    Example:
      leadscore drift
      leadscore drift --week 2026-03-23 --html drift.html
    """
    check_folder(html)
    settings = open_home(ctx)
    platform = open_platform(settings)
    chosen = platform.check_week(week) if week else _newest(platform)
    outcome = Runner(settings).run("drift_job", chosen)
    if "drift_report" not in outcome.materialized:
        for problem in outcome.problems:
            say(problem)
        sys.exit(1)
    report = stored_drift(platform, chosen)
    if html:
        write_file(html, drift_page(report).encode())
    if as_json:
        say_json(report.to_json())
        return
    _say(report)
    say(f"Page: {html or platform.lake.local_path(page_path(chosen))}")


def _newest(platform: Platform) -> date:
    held = platform.lake.manifests(platform.start_week, platform.last_finished_week())
    if not held:
        raise Missing("no week is ingested yet; run 'leadscore ingest'")
    return max(manifest.week for manifest in held)


def _say(report: DriftReport) -> None:
    say(f"Week {report.week}: {report.verdict.decision.replace('_', ' ')} ({report.rows:,} leads)")
    for reason in report.verdict.reasons:
        say(reason)
    if report.features:
        say_table(
            _COLUMNS,
            [
                (
                    f.name,
                    f.severity,
                    f.distance,
                    f.bound,
                    f.psi,
                    f.psi_chance,
                    f"{f.importance:.1%}",
                    _because(f.findings),
                )
                for f in report.features[:_SHOWN]
            ],
        )


def _because(findings: tuple[str, ...]) -> str:
    return "; ".join(findings) or "-"
