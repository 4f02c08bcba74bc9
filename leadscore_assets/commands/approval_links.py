"""`leadscore release link`: a signed link by which one person answers once, and the command behind its page."""

import json
import sys
from datetime import UTC, datetime

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json
from leadscore_assets.domain.approval_link import KEY_FILE, opened, sealed
from leadscore_assets.domain.approval_policy import ROLES
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.resources import open_platform
from leadscore_assets.serving.page_token import PageToken
from leadscore_assets.settings import Settings
from leadscore_assets.steps.inviting import answer_invitation, invite, plain, shown


@click.command()
@click.argument("version", type=click.IntRange(1))
@click.option("--role", type=click.Choice(ROLES), required=True, help="The role that is asked.")
@click.option("--for", "who", default=None, metavar="NAME", help="The person; the role's only holder by default.")
@click.option("--hours", type=float, default=24.0, show_default=True, help="How long the link counts.")
@json_option
@click.pass_context
def link(ctx: click.Context, version: int, role: str, who: str | None, hours: float, *, as_json: bool) -> None:
    """Print a link by which one person approves or declines a version, once.

    \b
    Example:
      leadscore release link 4 --role business --for ben --hours 24
    """
    settings = open_home(ctx)
    person = who or _only_holder(settings, role)
    found = invite(open_platform(settings), version, role=role, who=person, hours=hours)
    url = f"{_address(settings)}/approval/{sealed(found, _secret(settings).made())}"
    if as_json:
        say_json({"url": url, "role": role, "who": person, "expires": found.expires.isoformat()})
        return
    say(url)
    say(f"For {person} as {role}, once, until {found.expires:%Y-%m-%d %H:%M} UTC. Whoever has it may use it.")


@click.command(hidden=True)
@click.pass_context
def answer(ctx: click.Context) -> None:
    """Read a link and its answer from the standard input as JSON; without an answer, say what its page shows."""
    settings = open_home(ctx)
    asked = json.load(sys.stdin)
    secret = _secret(settings).present() or ""
    invitation = opened(asked["token"], secret, datetime.now(UTC))
    platform = open_platform(settings, actor=invitation.who)
    if not asked.get("decision"):
        say_json(plain(shown(platform, invitation)))
        return
    moved = answer_invitation(platform, invitation, decision=asked["decision"], comment=asked.get("comment", ""))
    say_json({"reason": moved.reason, "phase": moved.state.phase})


def _only_holder(settings: Settings, role: str) -> str:
    names = {str(name): holders for name, holders in settings.values.approval.roles.items()}.get(role, ())
    if len(names) != 1:
        raise InvalidInput(
            f"{len(names)} people are named as {role} in [approval.roles]; say who the link is for: --for"
        )
    return names[0]


def _address(settings: Settings) -> str:
    if settings.values.approval.address:
        return settings.values.approval.address.rstrip("/")
    host = settings.values.endpoint.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.values.endpoint.port}"


def _secret(settings: Settings) -> PageToken:
    return PageToken(settings.home / KEY_FILE)
