"""`leadscore release approve, decline, withdraw, link`: what people say to a version that waits."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json
from leadscore_assets.domain.approval_link import opened, sealed
from leadscore_assets.domain.approval_policy import ROLES
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import Settings
from leadscore_assets.steps.approvals import awaiting, clearance_now, standing_now
from leadscore_assets.steps.approving import Said, decline_version, give_approval, withdraw_approval
from leadscore_assets.steps.inviting import answer_invitation, invite, plain, shown
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.rolling_out import Moved

Teller = Callable[..., None]
_ROLE = click.Choice(ROLES)


def commands(told: Teller) -> list[click.Command]:
    """Return the commands of people's words; `told` says what a release did."""

    @click.command()
    @click.argument("version", type=click.IntRange(1))
    @click.option("--role", type=_ROLE, default=None, help="Your role; the one that is missing by default.")
    @click.option("--comment", default="", help="Why; it stands in the ledger.")
    @json_option
    @click.pass_context
    def approve(ctx: click.Context, version: int, role: str | None, comment: str, *, as_json: bool) -> None:
        """Approve a version that waits for people, in your name (LEADSCORE_USER).

        \b
        Example:
          leadscore release approve 4 --role ml_lead --comment "figures looked at"
        """
        _said(ctx, give_approval, version, role, comment, told, as_json=as_json)

    @click.command()
    @click.argument("version", type=click.IntRange(1))
    @click.option("--role", type=_ROLE, default=None, help="Your role.")
    @click.option("--reason", "--comment", required=True, help="Why; it stands in the ledger.")
    @json_option
    @click.pass_context
    def decline(ctx: click.Context, version: int, role: str | None, reason: str, *, as_json: bool) -> None:
        """End a version's way to production.

        \b
        Example:
          leadscore release decline 4 --reason "launch week"
        """
        _said(ctx, decline_version, version, role, reason, told, as_json=as_json)

    @click.command()
    @click.argument("version", type=click.IntRange(1))
    @click.option("--role", type=_ROLE, default=None, help="The role; all of yours by default.")
    @click.option("--comment", default="", help="Why; it stands in the ledger.")
    @json_option
    @click.pass_context
    def withdraw(ctx: click.Context, version: int, role: str | None, comment: str, *, as_json: bool) -> None:
        """Take your approval of a version back; one that is on its way is taken back with it.

        \b
        Example:
          leadscore release withdraw 4 --comment "the wrong week"
        """
        _said(ctx, withdraw_approval, version, role, comment, told, as_json=as_json)

    return [approve, decline, withdraw, link, answer]


@click.command()
@click.argument("version", type=click.IntRange(1))
@click.option("--role", type=_ROLE, required=True, help="The role that is asked.")
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


def approval_rows(platform: Platform) -> list[tuple[str, str]]:
    """Return what `release status` says of a version that waits: who agreed, until when, and who is missing."""
    state = present_release(platform)
    model = awaiting(state)
    if model is None:
        return []
    found = standing_now(platform, model)
    given = [
        ("Approved", f"by {item.who} as {item.role}, counts until {item.expires:%Y-%m-%d %H:%M} UTC")
        for item in found.given
        if item.expires
    ]
    missing = [("Missing", f"approval as {role}{_holders(platform, role)}") for role in found.missing]
    void = [("No more", why) for why in found.void]
    return [*given, *missing, *void, ("Release", clearance_now(platform, model, found).sentence)]


def approval_json(platform: Platform) -> dict[str, Any] | None:
    """Return the same as JSON values; None where nothing waits."""
    model = awaiting(present_release(platform))
    if model is None:
        return None
    found = standing_now(platform, model)
    return {**found.to_json(), "clearance": clearance_now(platform, model, found).to_json()}


def _said(
    ctx: click.Context,
    act: Callable[[Platform, int, Said], Moved],
    version: int,
    role: str | None,
    comment: str,
    told: Teller,
    *,
    as_json: bool,
) -> None:
    settings = open_home(ctx)
    moved = act(open_platform(settings), version, Said(settings.actor, role or "", comment))
    told(moved, as_json=as_json)


def _holders(platform: Platform, role: str) -> str:
    names = platform.holders.get(role, ())
    return f" by {' or '.join(names)}" if names else ""


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


def _secret(settings: Settings) -> Any:
    from leadscore_assets.serving.page_token import PageToken

    return PageToken(Path(settings.home) / "approval.key")
