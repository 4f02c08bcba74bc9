"""What is asked of the ledger: an export for others, which model was live then, and why a lead got its score then."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from leadscore_assets.commands.moments import TIME_TYPE, Time
from leadscore_assets.commands.opening import WEEK_TYPE, open_home
from leadscore_assets.commands.output import check_folder, json_option, say, say_json, say_table, write_file
from leadscore_assets.domain.live_history import Live, Stretch
from leadscore_assets.resources import open_platform, system_clock
from leadscore_assets.steps.audit import LiveThen, live_then
from leadscore_assets.steps.lead_history import LeadThen, lead_then
from leadscore_assets.steps.ledger_export import exported

_SAME = {True: "the same bits", False: "NOT the same", None: "nothing to compare with"}


@click.command()
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option("--since", type=TIME_TYPE, help="Only from this date or time on (UTC).")
@click.option("--until", type=TIME_TYPE, help="Only up to this date, or before this time (UTC).")
@click.option("--action", help="Only this action.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.pass_context
def export(
    ctx: click.Context, form: str, *, since: Time | None, until: Time | None, action: str | None, output: Path | None
) -> None:
    """Write records as JSON Lines or CSV, with the ledger's head.

    JSON Lines end with one line that holds the head and the number of records; CSV has the head in its last column.

    \b
    Example:
      leadscore ledger export --since 2026-01-01 --until 2026-03-31 --output quarter.jsonl
      leadscore ledger export --format csv --action promoted
    """
    check_folder(output)
    ledger = open_platform(open_home(ctx)).ledger
    content = exported(ledger, form, action=action, since=since and since.first, until=until and until.last)
    if output:
        write_file(output, content)
    else:
        click.echo(content, nl=False)


@click.command()
@click.option("--on", "then", type=TIME_TYPE, help="A date (the whole day) or a time (UTC); now by default.")
@json_option
@click.pass_context
def live(ctx: click.Context, then: Time | None, *, as_json: bool) -> None:
    """Say which model was live then, with its share of leads: since when, by whom and why; from the ledger alone.

    \b
    Example:
      leadscore ledger live --on 2026-03-02
      leadscore ledger live --on 2026-03-02T12:00 --json
    """
    now = system_clock()
    found = live_then(open_platform(open_home(ctx)), *(then or Time(now, now)))
    if as_json:
        say_json(found.to_json())
    else:
        _say_live(found)


@click.command()
@click.argument("key")
@click.option("--week", type=WEEK_TYPE, help="The lead's week; its newest week by default.")
@click.option("--on", "then", type=TIME_TYPE, help="As it was on this date, or at this time (UTC); now by default.")
@json_option
@click.pass_context
def lead(ctx: click.Context, key: str, week: date | None, then: Time | None, *, as_json: bool) -> None:
    """Say why the lead KEY got its score then: it is scored again by the model of then and compared bit by bit.

    Exit code 1 when the list that was kept, or its digest in the ledger, is not what the model gives.

    \b
    Example:
      leadscore ledger lead L20260302-000123
      leadscore ledger lead L20260302-000123 --on 2026-03-09
    """
    found = lead_then(open_platform(open_home(ctx)), key, week=week, before=then and then.last)
    if as_json:
        say_json(_lead_json(found))
    else:
        _say_lead(found, key)
    if found.differs:
        sys.exit(1)


def _say_live(found: LiveThen) -> None:
    rows = [row for item in found.stretches for row in _rows(item)]
    say_table(("from (UTC)", "until", "version", "serves", "since", "by", "why"), rows)
    for digest, evidence in found.evidence.items():
        say(f"Bundle {digest}")
        for name, value in evidence.items():
            if name != "bundle" and value is not None:
                say(f"  {name.replace('_', ' ')}: {value}")


def _rows(item: Stretch) -> list[tuple[str, ...]]:
    models = [(item.champion, f"{item.champion.share:.0%} of leads")]
    models += [(item.candidate, f"{item.candidate.share:.0%} of leads")] if item.candidate else []
    models += [(item.shadow, "copies only")] if item.shadow else []
    return [(_moment(item.since), _moment(item.until), *_place(model, serves)) for model, serves in models]


def _place(model: Live, serves: str) -> tuple[str, ...]:
    return f"{model.version}", serves, _moment(model.since), model.by, f"{model.reason[:80]} (record {model.seq})"


def _moment(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}" if value else "-"


def _lead_json(found: LeadThen) -> dict[str, Any]:
    return {
        **found.row,
        "week": f"{found.week}",
        "generation": found.manifest.generation,
        "leads_digest": found.manifest.digest,
        "leads_changed_since": found.leads_changed,
        "semver": found.package.semver,
        "bundle": found.package.digest,
        "list_recorded_at": found.recorded.at.isoformat() if found.recorded else None,
        "ledger_record": found.recorded.seq if found.recorded else None,
        "same_as_the_stored_list": found.same_row,
        "same_as_the_ledgers_digest": found.same_list,
        "evidence": found.evidence,
    }


def _say_lead(found: LeadThen, key: str) -> None:
    row, chance = found.row, found.row["conversion_probability"]
    say(f"Lead      {key}, created {found.created_at}, week {found.week}")
    say(f"Score     {row['score']!r}, {row['band']}, rank {row['rank']:,} of {found.manifest.rows:,}")
    if chance is not None:
        say(f"Chance    {chance!r} to convert")
    say(f"Reasons   {row['reasons']}")
    say(f"Model     version {found.package.version} ({found.package.semver}), bundle {found.package.digest}")
    say(f"Leads     generation {found.manifest.generation}, digest {found.manifest.digest}")
    for name in ("data", "policy", "evaluation", "verdict", "approved_by"):
        if found.evidence.get(name):
            say(f"  {name.replace('_', ' ')}: {found.evidence[name]}")
    if found.recorded is None:
        say("The lead was in no list by then: this is what the model that was live gives it.")
        return
    say(f"List      record {found.recorded.seq} of {found.recorded.at:%Y-%m-%d %H:%M:%S} UTC")
    if found.leads_changed:
        say("The week's leads of then were not kept: this is the week as it is now, and may differ.")
        return
    say(f"Replayed  the stored list: {_SAME[found.same_row]}; the ledger's digest: {_SAME[found.same_list]}")
