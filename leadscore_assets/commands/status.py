"""`leadscore status`: what is stored, live and due, on one screen."""

from collections.abc import Sequence
from typing import Any

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json
from leadscore_assets.domain.calendar import run_day
from leadscore_assets.domain.facts import WeekManifest
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import Settings
from leadscore_assets.steps.drifting import find_drift
from leadscore_assets.steps.ingest import reopened_weeks
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.week_index import page_path, reported_weeks


@click.command("status")
@json_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Say what is stored, what is live and what is due.

    \b
    Example:
      leadscore status --json
    """
    settings = open_home(ctx)
    found = _status(settings, open_platform(settings))
    if as_json:
        say_json(found)
        return
    weeks = found["weeks"]
    say(f"Home      {found['home']} ({found['source']})")
    say(
        f"Leads     {weeks['stored']} weeks, {weeks['rows']:,} rows, {weeks['quarantined']:,} quarantined; "
        f"{len(weeks['waiting'])} to ingest"
    )
    say(f"Models    {found['models']['bundles']} trained, {found['models']['packages']} registered")
    champion = found["champion"]
    say(f"Champion  {'none' if champion is None else _champion(champion)}")
    endpoint = found["endpoint"]
    say(f"Endpoint  {endpoint['address']} {'running' if endpoint['running'] else 'not running'}")
    say(f"Release   {_release_line(found['release'])}")
    say(f"Drift     {_drift_line(found['drift'])}")
    say(f"Report    {found['report'] or 'none yet; run leadscore report'}")
    say(f"Due       week {found['due']['week']} on {found['due']['on']}")
    say(f"Ledger    {found['ledger']['records']} records, last: {found['ledger']['last'] or 'none'}")


def _status(settings: Settings, platform: Platform) -> dict[str, Any]:
    manifests = platform.lake.manifests(platform.start_week, platform.last_finished_week())
    champion, records = platform.registry.production(), platform.ledger.records()
    due = platform.last_finished_week()
    return {
        "home": f"{settings.home}",
        "source": platform.source.address,
        "weeks": {
            "stored": len(manifests),
            "rows": sum(manifest.rows for manifest in manifests),
            "quarantined": sum(manifest.quarantined for manifest in manifests),
            "first": f"{manifests[0].week}" if manifests else None,
            "last": f"{manifests[-1].week}" if manifests else None,
            "waiting": [f"{week}" for week in reopened_weeks(platform)],
        },
        "models": {"bundles": len(list(platform.bundles.digests())), "packages": len(platform.registry.packages())},
        "champion": champion.to_json() if champion else None,
        "endpoint": platform.endpoint.status().to_json(),
        "release": _release(platform),
        "drift": _drift(platform, manifests),
        "report": _report(platform),
        "due": {"week": f"{due}", "on": f"{run_day(due):%A %Y-%m-%d}"},
        "ledger": {
            "records": len(records),
            "last": f"{records[-1].action} {records[-1].subject[:40]}" if records else None,
        },
    }


def _release(platform: Platform) -> dict[str, Any]:
    """Where the release in hand stands; its full state is `leadscore release status`."""
    state = present_release(platform)
    return {
        "in_hand": state.in_hand,
        "phase": state.phase,
        "version": state.candidate.version if state.candidate else None,
        "next": state.next_step,
        "next_at": state.next_at.isoformat() if state.next_at else None,
        "because": state.reason,
    }


def _release_line(found: dict[str, Any]) -> str:
    if not found["in_hand"]:
        return "nothing is in hand"
    what = f"version {found['version']}, {found['phase']}" if found["version"] else "the champion is watched"
    when = f", {found['next_at'][:16].replace('T', ' ')} UTC at the earliest" if found["next_at"] else ""
    return f"{what}; next: {found['next']}{when}"


def _drift(platform: Platform, manifests: Sequence[WeekManifest]) -> dict[str, str] | None:
    """The newest drift report's verdict."""
    for manifest in reversed(manifests):
        report = find_drift(platform, manifest.week)
        if report:
            verdict = report.verdict
            return {"week": f"{manifest.week}", "verdict": verdict.decision, "because": verdict.sentence}
    return None


def _drift_line(found: dict[str, str] | None) -> str:
    if found is None:
        return "not looked for yet; run 'leadscore drift'"
    return f"{found['verdict'].replace('_', ' ')} in week {found['week']}: {found['because']}"


def _report(platform: Platform) -> str | None:
    """The newest week's page."""
    weeks = reported_weeks(platform)
    return f"{platform.lake.local_path(page_path(weeks[0].week))}" if weeks else None


def _champion(champion: dict[str, Any]) -> str:
    spearman = champion["metrics"].get("spearman")
    shown = f", Spearman {spearman:.4f}" if spearman is not None else ""
    return f"version {champion['version']} ({champion['semver']}) of week {champion['week']}{shown}"
