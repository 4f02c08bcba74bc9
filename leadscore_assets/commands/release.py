"""`leadscore release`: where the release in hand stands, and what a person says to it."""

from typing import Any

import click

from leadscore_assets.commands.approvals import approval_json, approval_rows, commands
from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json, say_table
from leadscore_assets.domain.release_state import ReleaseState
from leadscore_assets.resources import open_platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.releasing import release
from leadscore_assets.steps.rolling_out import Moved


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
    _say(state)
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
    _told(release(open_platform(open_home(ctx))).moved, as_json=as_json)


def _told(moved: Moved, *, as_json: bool) -> None:
    if as_json:
        say_json({"reason": moved.reason, "problems": list(moved.problems), "release": moved.state.to_json()})
        return
    say(moved.reason or "Nothing is in hand.")
    for problem in moved.problems:
        say(f"Warning: {problem}")
    _say(moved.state)


def _say(state: ReleaseState) -> None:
    rows: list[tuple[str, Any]] = [
        ("Champion", _version(state.champion)),
        ("Candidate", _version(state.candidate)),
        ("Waiting", _version(state.waiting.model if state.waiting else None)),
        ("Phase", state.phase),
        ("Decision", f"{state.decision or 'none'}: {state.reason}"),
    ]
    if state.next_step:
        when = f"{state.next_at:%Y-%m-%d %H:%M} UTC at the earliest" if state.next_at else "not known yet"
        rows.append(("Next", f"{state.next_step}, {when}"))
    if state.deadline:
        rows.append(("Ends by", f"{state.deadline:%Y-%m-%d %H:%M} UTC"))
    for name, value in rows:
        say(f"{name:<10}{value}")


def _version(model: Any) -> str:
    return f"version {model.version} ({model.digest[:12]})" if model else "none"


for _item in commands(_told):
    command.add_command(_item)
