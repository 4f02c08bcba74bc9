"""`leadscore doctor`: everything a home needs, looked at, changing nothing."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict

import click

from leadscore_assets.automation.stale_runs import stale_runs
from leadscore_assets.aws_account import account_check
from leadscore_assets.commands.notices import sentence, silent_ticks, undelivered
from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json
from leadscore_assets.commands.running import open_instance
from leadscore_assets.domain.errors import InvalidInput, LeadscoreError, oneline
from leadscore_assets.notice_channels import channel_problems
from leadscore_assets.resources import open_platform, open_source
from leadscore_assets.settings import Settings, load_settings
from leadscore_assets.steps.delivering import deliveries
from leadscore_assets.steps.releasing import forgotten, serves_the_champion
from leadscore_assets.steps.upkeep_inventory import PLAN

_FREE_BYTES = 1 << 30
_MARKS = {True: "ok  ", False: "MEND", None: "?   "}


@click.command("doctor")
@click.option("--aws", is_flag=True, help="Look at the AWS account of [aws] instead; changes nothing there either.")
@json_option
@click.pass_context
def command(ctx: click.Context, *, aws: bool, as_json: bool) -> None:
    """Check settings, source, storage, ledger, registry and endpoint, and say what to mend; changes nothing.

    \b
    Example:
      leadscore --home my_home doctor
      leadscore --home my_home doctor --aws
    """
    if aws:
        _say_account(open_home(ctx), as_json=as_json)
        return
    results = list(_results(ctx.obj))
    if as_json:
        say_json([{"check": name, "passed": passed, "found": found} for name, passed, found in results])
    else:
        for name, passed, found in results:
            say(f"{'ok  ' if passed else 'MEND'} {name}: {found}")
    if not all(passed for _, passed, _ in results):
        sys.exit(1)


def _say_account(settings: Settings, *, as_json: bool) -> None:
    """Say what a look at the account found; what could not be looked at is told apart and fails nothing."""
    if settings.values.aws is None:
        raise InvalidInput(
            f"{settings.home}/leadscore.toml has no [aws] section; write region, bucket and role there, as docs/aws.md "
            "says"
        )
    found = account_check(settings, settings.values.aws)()
    if as_json:
        say_json([asdict(item) for item in found])
    else:
        for item in found:
            say(f"{_MARKS[item.passed]} {item.check}: {item.found}" + (f"; {item.remedy}" if item.remedy else ""))
    if any(item.passed is False for item in found):
        sys.exit(1)


def _results(home: str | None) -> Iterator[tuple[str, bool, str]]:
    """Ask check after check; without a home, or without its rules, no other one has anything to look at."""
    for name, check in _CHECKS.items():
        passed, found = _ask(check, home)
        yield name, passed, found
        if not passed and check in (_home, _rules):
            return


def _ask(check: Callable[[Settings], str], home: str | None) -> tuple[bool, str]:
    try:
        return True, check(load_settings(home))
    except LeadscoreError as error:
        return False, f"{error}"


def _home(settings: Settings) -> str:
    if not settings.exists:
        raise InvalidInput(f"{settings.home} is no home yet; run 'leadscore --home {settings.home} init'")
    if not os.access(settings.home, os.W_OK):
        raise InvalidInput(f"{settings.home} cannot be written; give this user the right to write there")
    free = shutil.disk_usage(settings.home).free
    if free < _FREE_BYTES:
        raise InvalidInput(f"only {free / 1e9:.1f} GB are free at {settings.home}; make room for at least 1 GB")
    return f"{settings.home}, {free / 1e9:.0f} GB free"


def _rules(settings: Settings) -> str:
    contract, policy = settings.contract(), settings.policy()
    return f"contract {contract.name} with {len(contract.features)} features, policy {policy.name} {policy.digest[:12]}"


def _source(settings: Settings) -> str:
    source = open_source(settings)
    weeks = source.weeks()
    if not weeks:
        raise InvalidInput(f"{source.address} holds no leads; look at [source] in leadscore.toml")
    return f"{source.address}, {len(weeks)} weeks from {min(weeks)} to {max(weeks)}"


def _dagster(settings: Settings) -> str:
    with open_instance(settings) as instance:
        stale = stale_runs(instance)
        if stale:
            raise InvalidInput(
                f"run {stale[0].run_id[:8]} of {stale[0].job_name} is marked as running and its process is gone; start "
                "the Dagster daemon, whose sensor runs_whose_process_is_gone ends it, or run any command that trains"
            )
        return f"{instance.get_runs_count()} runs so far"


def _upkeep(settings: Settings) -> str:
    platform = open_platform(settings)
    if platform.lake.read_json(PLAN) is not None:
        raise InvalidInput("a cleaning was cut short; run 'leadscore clean --yes', which goes on with it")
    done = platform.ledger.records(action="cleaned", limit=1)
    return f"last cleaned on {done[0].at:%Y-%m-%d}" if done else "never cleaned; 'leadscore clean' shows what would go"


def _ledger(settings: Settings) -> str:
    ledger = open_platform(settings).ledger
    findings = ledger.verify() + forgotten(open_platform(settings))
    if findings:
        raise InvalidInput(findings[0])
    return f"{len(ledger.records())} records, the chain is sound"


def _live(settings: Settings) -> str:
    platform = open_platform(settings)
    champion = platform.registry.production()
    if champion is None and platform.endpoint.status().variants:
        raise InvalidInput("the endpoint has a model and the registry has none; restore registry/ from a backup")
    if champion is None:
        return "no model yet; 'leadscore retrain' makes the first"
    findings = serves_the_champion(platform)
    if findings:
        raise InvalidInput(findings[0])
    return f"version {champion.version} is live at {platform.endpoint.status().address}"


def _notices(settings: Settings) -> str:
    problems = [*channel_problems(settings), *(f"{item.channel}: {item.problem}" for item in undelivered(settings))]
    if problems:
        raise InvalidInput(problems[0])
    waiting = len(deliveries(open_platform(settings), limit=1000, open_only=True))
    return f"{len(settings.values.told_by)} channels, {waiting} letters wait"


def _ticks(settings: Settings) -> str:
    found = silent_ticks(settings)
    if found:
        raise InvalidInput(oneline([sentence(item) for item in found], limit=3))
    return "every sensor and schedule that runs ticks on time"


_CHECKS = {
    "home": _home,
    "contract and policy": _rules,
    "source": _source,
    "dagster": _dagster,
    "sensors and schedules": _ticks,
    "ledger": _ledger,
    "upkeep": _upkeep,
    "notices": _notices,
    "registry and endpoint": _live,
}
