"""`leadscore cost`: what a month on AWS costs, estimated from a dated table of prices."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from leadscore_assets.aws_account import price_table
from leadscore_assets.commands.output import json_option, say, say_json, say_table
from leadscore_assets.domain.monthly_cost import STAND_IN, WEEKS, Habits, MonthlyCost, monthly_cost
from leadscore_assets.settings import load_settings

_PATH = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("cost")
@click.option("--prices", type=_PATH, help="Your own table, laid over the product's.")
@click.option("--region", help=f"The region; that of [aws] by default, else {STAND_IN}.")
@click.option("--retrainings", type=click.FloatRange(0), default=round(WEEKS, 2), show_default=True, help="A month.")
@click.option("--minutes", type=click.FloatRange(0), default=15.0, show_default=True, help="Of one training.")
@click.option(
    "--releases", type=click.FloatRange(0), default=2.0, show_default=True, help="Candidates that go all the way."
)
@click.option("--storage-gb", type=click.FloatRange(0), default=50.0, show_default=True, help="In the bucket.")
@click.option("--dagster/--no-dagster", default=True, show_default=True, help="With Dagster on ECS, or elsewhere.")
@json_option
@click.pass_context
def command(  # noqa: PLR0913 - one option a habit
    ctx: click.Context,
    *,
    prices: Path | None,
    region: str | None,
    retrainings: float,
    minutes: float,
    releases: float,
    storage_gb: float,
    dagster: bool,
    as_json: bool,
) -> None:
    """Estimate a month on AWS under the home's policy, the default one without a home; asks AWS nothing.

    \b
    Example:
      leadscore cost --minutes 20 --releases 1
      leadscore cost --prices our_prices.toml --no-dagster --json
    """
    settings = load_settings(ctx.obj)
    policy, aws = settings.policy(), settings.values.aws
    habits = Habits(
        region=region or (aws.region if aws else STAND_IN),
        retrainings=retrainings,
        training_minutes=minutes,
        releases=releases,
        storage_gb=storage_gb,
        dagster=dagster,
    )
    found = monthly_cost(habits, resources=policy.resources, release=policy.release, prices=price_table(prices))
    if as_json:
        say_json(_json(found))
    else:
        _say(found)


def _json(found: MonthlyCost) -> dict[str, Any]:
    return {
        "estimate": True,
        "as_of": found.as_of,
        "region": found.region,
        "prices_of": found.prices_of,
        "total": round(found.total, 2),
        "lines": [{**asdict(line), "cost": line.cost} for line in found.lines],
        "unknown": list(found.unknown),
        "not_counted": list(found.not_counted),
    }


def _say(found: MonthlyCost) -> None:
    rows = [
        (line.area, line.what, f"{line.quantity:,.1f} {line.unit}", _dollars(line.price, 4), _dollars(line.cost, 2))
        for line in found.lines
    ]
    say_table(("for", "what", "a month", "US$ each", "US$"), rows)
    say("")
    say(f"Estimate: US$ {found.total:,.0f} a month in {found.region}, by prices of {found.as_of}; never a bill.")
    if found.prices_of != found.region:
        say(f"The table has no prices of {found.region}: those of {found.prices_of} stand in. Give --prices.")
    if found.unknown:
        say(f"Without a price, and not in the sum: {', '.join(found.unknown)}. Give --prices.")
    say(f"Not counted: {'; '.join(found.not_counted)}.")


def _dollars(value: float | None, digits: int) -> str:
    return "?" if value is None else f"{value:,.{digits}f}"
