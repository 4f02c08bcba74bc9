"""`leadscore release approve, decline, withdraw`: what people say to a version that waits."""

from typing import Any

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option
from leadscore_assets.commands.release_output import told
from leadscore_assets.domain.approval_policy import ROLES
from leadscore_assets.resources import open_platform
from leadscore_assets.steps.approvals import awaiting, clearance_now, standing_now
from leadscore_assets.steps.approving import Said, decline_version, give_approval, withdraw_approval
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release

_ROLE = click.Choice(ROLES)


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
    told(give_approval(*_said(ctx, version, role, comment)), as_json=as_json)


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
    told(decline_version(*_said(ctx, version, role, reason)), as_json=as_json)


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
    told(withdraw_approval(*_said(ctx, version, role, comment)), as_json=as_json)


SAID = (approve, decline, withdraw)


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


def _said(ctx: click.Context, version: int, role: str | None, comment: str) -> tuple[Platform, int, Said]:
    settings = open_home(ctx)
    return open_platform(settings), version, Said(settings.actor, role or "", comment)


def _holders(platform: Platform, role: str) -> str:
    names = platform.holders.get(role, ())
    return f" by {' or '.join(names)}" if names else ""
