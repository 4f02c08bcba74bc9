"""`leadscore endpoint`: the scoring server's life."""

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json
from leadscore_assets.domain.facts import EndpointStatus
from leadscore_assets.resources import open_platform


@click.group("endpoint")
def command() -> None:
    """Start, stop and look at the scoring endpoint.

    \b
    Example:
      leadscore endpoint status
      leadscore endpoint stop
    """


@command.command()
@json_option
@click.pass_context
def start(ctx: click.Context, *, as_json: bool) -> None:
    """Start the endpoint with what was deployed last.

    \b
    Example:
      leadscore endpoint start
    """
    _say(open_platform(open_home(ctx)).endpoint.start(), as_json=as_json)


@command.command()
@json_option
@click.pass_context
def stop(ctx: click.Context, *, as_json: bool) -> None:
    """Stop the endpoint after the requests in flight.

    \b
    Example:
      leadscore endpoint stop
    """
    _say(open_platform(open_home(ctx)).endpoint.stop(), as_json=as_json)


@command.command()
@json_option
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Say whether the endpoint runs and what it serves.

    \b
    Example:
      leadscore endpoint status --json
    """
    _say(open_platform(open_home(ctx)).endpoint.status(), as_json=as_json)


@command.command()
@click.option("--new", is_flag=True, help="Make another one; the one before is worth nothing then.")
@click.pass_context
def token(ctx: click.Context, *, new: bool) -> None:
    """Print the token that allows a rollback from the endpoint's page.

    \b
    Example:
      leadscore endpoint token
      leadscore endpoint token --new
    """
    say(open_platform(open_home(ctx)).endpoint.token(new=new))


def _say(found: EndpointStatus, *, as_json: bool) -> None:
    if as_json:
        say_json(found.to_json())
        return
    say(f"{found.address} {'is running' if found.running else 'is not running'}, generation {found.generation}")
    for variant in found.variants:
        say(f"  {variant.name}: version {variant.version}, bundle {variant.digest[:12]}, weight {variant.weight:g}")
    if found.error:
        say(f"  error: {found.error}")
