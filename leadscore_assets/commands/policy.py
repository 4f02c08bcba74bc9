"""`leadscore policy`: every threshold with its origin, the presets with their error rates, and what cannot work."""

import json
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json, say_table
from leadscore_assets.domain.claims import rule_phrase
from leadscore_assets.domain.feasibility import Volume, impossible, kpi_conditions, unchecked_release
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.domain.presets import PRESETS, Preset, measured_rates, presets
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.domain.setting import Setting, differences, settings_of
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import load_settings, read_toml
from leadscore_assets.steps.past_weeks import newest_evaluation

_RATES = ("promotes_equal", "promotes_002", "promotions", "worse_005", "regret_1", "regret_2", "regret_3")


@click.group("policy")
def command() -> None:
    """Show and check the thresholds that every decision rests on.

    \b
    Example:
      leadscore policy show
      leadscore policy presets
      leadscore policy check --rows 3000 --rate 0.15
      leadscore policy diff home any_gain
    """


@command.command()
@click.option("--changed", is_flag=True, help="Only what is not the default.")
@json_option
@click.pass_context
def show(ctx: click.Context, *, changed: bool, as_json: bool) -> None:
    """Show every effective value with its origin, and the policy's digest.

    \b
    Example:
      leadscore policy show --changed
    """
    content = _home_content(ctx)
    found = [item for item in settings_of(content) if not changed or item.origin != "default"]
    digest = policy_from(content).digest
    if as_json:
        say_json({"digest": digest, "settings": [item.to_json() for item in found]})
        return
    say_table(("key", "value", "origin"), [(item.name, _shown(item), item.origin) for item in found])
    say(f"Digest {digest}")


@command.command("presets")
@click.option("--section", type=click.Choice(sorted({item.section for item in PRESETS})), help="Only this section.")
@json_option
def list_presets(section: str | None, *, as_json: bool) -> None:
    """List the presets, what each decides, and the promotion rules' measured error rates.

    Write `preset = "NAME"` at the top of policy.toml or in a section; keys beside it are set on top.

    \b
    Example:
      leadscore policy presets --section promotion
    """
    chosen = [section] if section else list(dict.fromkeys(item.section for item in PRESETS))
    found = {name: list(presets(name).values()) for name in chosen}
    if as_json:
        say_json({name: [_preset_json(item) for item in items] for name, items in found.items()})
        return
    for name, items in found.items():
        say_table(("preset", "decides"), [(item.name, _decides(item)) for item in items], title=f"[{name}]")
        say("")
    if "promotion" in found:
        _say_rates(found["promotion"])


@command.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rows", type=click.IntRange(1), help="Test rows of a usual week; the newest evaluation's by default.")
@click.option("--rate", type=click.FloatRange(0, 1), help="Share of the best tenth that converts, 0 to 1.")
@click.option("--leads", type=click.FloatRange(0, min_open=True), help="Distinct leads that the endpoint scores a day.")
@click.option("--conversion", type=click.FloatRange(0, 1), help="Share of all leads that converts, 0 to 1.")
@click.pass_context
def check(
    ctx: click.Context,
    file: Path | None,
    *,
    rows: int | None,
    rate: float | None,
    leads: float | None,
    conversion: float | None,
) -> None:
    """Check a policy file, the home's by default; exit code 1 when it is refused.

    Refused are unknown keys, wrong units, and what cannot work: a rung that never speaks, a KPI gate that the site's
    rows would answer less often than `minimum_power` says, or a step of a release that the site's leads cannot decide.

    \b
    Example:
      leadscore policy check
      leadscore policy check other_policy.toml --rows 3000 --rate 0.15
      leadscore policy check --leads 1000 --conversion 0.05
    """
    policy = read_toml(file, policy_from) if file else policy_from(_home_content(ctx))
    volume = replace(_volume(ctx, rows, rate) or Volume(), leads_a_day=leads, conversion=conversion)
    problems = impossible(policy, volume)
    for problem in problems:
        say(f"Refused: {problem}.")
    if kpi_conditions(policy.promotion) and volume.top_rate is None:
        say("A KPI gate could not be checked: no week is judged yet; give --rows and --rate.")
    if unchecked_release(policy, volume):
        say("The release's steps could not be checked: give --leads and --conversion.")
    if problems:
        sys.exit(1)
    say(f"The policy is sound; digest {policy.digest}")


@command.command()
@click.argument("first")
@click.argument("second")
@json_option
@click.pass_context
def diff(ctx: click.Context, first: str, second: str, *, as_json: bool) -> None:
    """Show where two policies differ; each is a file, a preset, 'home' or 'default'.

    \b
    Example:
      leadscore policy diff default home
      leadscore policy diff any_gain automatic_5
    """
    found = differences(_named_content(ctx, first), _named_content(ctx, second))
    if as_json:
        say_json([{"key": one.name, "first": one.value, "second": other.value} for one, other in found])
        return
    if not found:
        say(f"{first} and {second} set the same values.")
        return
    say_table(("key", first, second), [(one.name, _shown(one), _shown(other)) for one, other in found])


def _home_content(ctx: click.Context) -> dict[str, Any]:
    settings = open_home(ctx)
    path = settings.home / settings.values.policy
    return _content(path) if path.is_file() else {}


def _content(path: Path) -> dict[str, Any]:
    read_toml(path, policy_from)
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _named_content(ctx: click.Context, name: str) -> dict[str, Any]:
    if name == "home":
        return _home_content(ctx)
    if Path(name).is_file():
        return _content(Path(name))
    try:
        policy_from({"preset": name})
    except ValueError as error:
        known = ", ".join(sorted({item.name for item in PRESETS}))
        raise click.UsageError(f"{name!r} is no file and no preset; give home, default or one of {known}") from error
    return {"preset": name}


def _volume(ctx: click.Context, rows: int | None, rate: float | None) -> Volume | None:
    """The site's usual week: what was given, else the newest evaluation's."""
    if rows is not None:
        return Volume(rows, rate)
    settings = load_settings(ctx.obj)
    newest = newest_evaluation(open_platform(settings)) if settings.exists else None
    if newest is None:
        return None
    measured = newest.champion_metrics or newest.candidate_metrics
    return Volume(newest.rows, measured.get("precision_top_decile") if rate is None else rate)


def _shown(item: Setting) -> str:
    if item.key == "rungs":
        return rule_phrase(PromotionPolicy.model_validate({"rungs": item.value}))
    return json.dumps(item.value, ensure_ascii=False) if item.value is not None else "not set"


def _decides(item: Preset) -> str:
    if item.section == "promotion" and not item.values:
        return rule_phrase(Policy().promotion)
    return item.decides


def _preset_json(item: Preset) -> dict[str, Any]:
    rates = measured_rates().get(item.name, {}) if item.section == "promotion" else {}
    return {"name": item.name, "decides": _decides(item), "values": dict(item.values), "measured": rates}


def _say_rates(items: list[Preset]) -> None:
    head = ("preset", "P at 0", "P at +0.02", "a year", "worse a year", "regret 1", "regret 2", "regret 3")
    rows = [(item.name, *(measured_rates().get(item.name, {}).get(key) for key in _RATES)) for item in items]
    say_table(head, rows, title="Measured on 3,000 test rows a week")
    say(
        "P: share of weeks that promote a candidate truly better by 0 or 0.02 in Spearman. A year: promotions when\n"
        "nothing changes. Worse: promotions a year of models truly worse by more than 0.005, in the worst of three\n"
        "worlds. Regret: Spearman lost on average over a year; 1 nothing changes, 2 slow decay, 3 fast decay and two\n"
        "shifts. A rule that asks a person is counted as if nobody answered. See docs/decisions.md."
    )
