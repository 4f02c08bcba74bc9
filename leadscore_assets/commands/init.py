"""`leadscore init`: a home, for generated leads or for a user's own, wherever they lie."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from leadscore_assets.backends.home_files import write_home
from leadscore_assets.backends.sources.allowed import Allowed
from leadscore_assets.commands.opening import WEEK_TYPE
from leadscore_assets.commands.output import json_option, say, say_json
from leadscore_assets.domain.calendar import WEEK, week_of
from leadscore_assets.domain.contract import Contract, default_contract
from leadscore_assets.domain.drafting import Draft, draft
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.generator import small_contract, small_policy
from leadscore_assets.lead_sources import chosen_source, sample_of
from leadscore_assets.resources import system_clock
from leadscore_assets.settings import Settings, load_settings
from leadscore_assets.source_settings import SourceSettings


@click.command("init")
@click.option(
    "--data",
    metavar="PLACE",
    help="Your leads: a Parquet or CSV file, a folder, a pattern, s3://bucket/prefix/, a Delta table (a folder, "
    "delta:///folder or delta+s3://bucket/table), or a database's URL.",
)
@click.option("--query", metavar="SELECT_OR_FILE", help="For a database: one SELECT, or a .sql file that holds it.")
@click.option("--region", help="For S3: the AWS region; by default AWS's own configuration tells.")
@click.option("--label", help="The column with the score to learn (whole numbers, 1 to 5 by default).")
@click.option("--outcome", help="The column that says whether a lead converted.")
@click.option("--time", help="The column with the moment a lead was created.")
@click.option("--key", help="The column that identifies a lead.")
@click.option("--horizon", type=click.IntRange(0, 365), help="Days until an outcome is known.")
@click.option(
    "--preset",
    type=click.Choice(["b2b", "small"]),
    default="b2b",
    show_default=True,
    help="Without --data: which leads to generate.",
)
@click.option("--start-week", type=WEEK_TYPE, help="The first week; drafted from the data by default.")
@click.option("--port", type=click.IntRange(1, 65535), default=8321, show_default=True, help="The endpoint's port.")
@click.option("--force", is_flag=True, help="Write the home's files again over those that are there.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    data: str | None,
    start_week: date | None,
    port: int,
    preset: str,
    *,
    force: bool,
    as_json: bool,
    **named: Any,
) -> None:
    """Make a home: settings, contract and policy, drafted from your data where you give some.

    It says what it guessed and what it left out; correct contract.toml and policy.toml where a guess is wrong.

    \b
    Example:
      leadscore --home my_home init --data leads.parquet
      leadscore --home my_home init --data 'exports/*.csv' --label score --outcome won --time created
      leadscore --home my_home init --data s3://acme-leads/crm/
      leadscore --home my_home init --data postgresql://crm.acme.org/crm --query leads.sql
    """
    home = load_settings(ctx.obj).home
    drafted: Draft | None = None
    if data:
        source = chosen_source(data, query=named["query"], region=named["region"])
        drafted = _draft(source, home, named)
        contract, policy, first = drafted.contract, drafted.policy, drafted.start_week
        place = source.model_dump(include=source.model_fields_set)
    else:
        _check_alone(named)
        contract, policy = (small_contract(), small_policy()) if preset == "small" else (default_contract(), {})
        first = week_of(system_clock().date()) - WEEK * 12
        place = {"kind": "generator", "preset": preset}
    settings = {"endpoint": {"port": port}, "start_week": start_week or first, "source": place}
    written = write_home(home, settings=settings, contract=contract, policy=policy, overwrite=force)
    _report(load_settings(home), contract, drafted, written, as_json=as_json)


def _check_alone(named: dict[str, Any]) -> None:
    for option in ("query", "region"):
        if named[option] is not None:
            raise InvalidInput(f"--{option} says how --data is read, and there is no --data; name it too")


def _draft(source: SourceSettings, home: Path, named: dict[str, Any]) -> Draft:
    return draft(
        sample_of(source, home=home, aws=None, allowed=Allowed()),
        label=named["label"],
        outcome=named["outcome"],
        time=named["time"],
        key=named["key"],
        horizon_days=named["horizon"],
    )


def _report(
    settings: Settings, contract: Contract, drafted: Draft | None, written: list[Path], *, as_json: bool
) -> None:
    guesses = list(drafted.guesses) if drafted else []
    left_out = [{"column": item.column, "why": item.why} for item in drafted.left_out] if drafted else []
    warnings = list(drafted.warnings) if drafted else []
    if as_json:
        shown = {"home": f"{settings.home}", "features": list(contract.names), "start_week": settings.values.start_week}
        say_json(
            {
                **shown,
                "guesses": guesses,
                "left_out": left_out,
                "warnings": warnings,
                "files": [f"{p}" for p in written],
            }
        )
        return
    say(f"Home: {settings.home}, {len(contract.features)} features, first week {settings.values.start_week}")
    for text in guesses:
        say(f"  guessed: {text}")
    for item in left_out:
        say(f"  left out: {item['column']}: {item['why']}")
    for text in warnings:
        say(f"  look at: {text}")
    say(
        f"Correct a guess in {settings.home / settings.values.contract} "
        f"or {settings.home / settings.values.policy}; then:"
    )
    say(f"  leadscore --home {settings.home} retrain")
