"""`leadscore release`: where the release in hand stands, and what a person says to it."""

import click

from leadscore_assets.commands.approval_links import answer, link
from leadscore_assets.commands.approvals import SAID, approval_json, approval_rows
from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json, say_table
from leadscore_assets.commands.release_output import say_state, told
from leadscore_assets.resources import open_platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.releasing import release


@click.group("release")
def command() -> None:
    """See and steer how a candidate comes to answer leads.

    \b
    Example:
      leadscore release status
      leadscore release approve 4 --role ml_lead --comment "figures looked at"
      leadscore release link 4 --role business --for ben
      leadscore release decline 4 --reason "launch week"
      leadscore release look
    """


@command.command()
@json_option
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Show what is on its way, where it stands, what comes next and when.

    \b
    Example:
      leadscore release status --json
    """
    platform = open_platform(open_home(ctx))
    state, endpoint = present_release(platform), platform.endpoint.status()
    if as_json:
        say_json({"release": state.to_json(), "endpoint": endpoint.to_json(), "approval": approval_json(platform)})
        return
    say_state(state)
    for name, value in approval_rows(platform):
        say(f"{name:<10}{value}")
    roles = [(item, f"{item.weight:.0%} of leads") for item in endpoint.variants]
    roles += [(endpoint.shadow, "shadow")] if endpoint.shadow else []
    say_table(("variant", "version", "serves"), [(item.name, item.version, role) for item, role in roles])


@command.command()
@json_option
@click.pass_context
def look(ctx: click.Context, *, as_json: bool) -> None:
    """Look at the release in hand now: judge what was counted, go on or back, repair the endpoint.

    \b
    Example:
      leadscore release look
    """
    told(release(open_platform(open_home(ctx))).moved, as_json=as_json)


for _item in (*SAID, link, answer):
    command.add_command(_item)
