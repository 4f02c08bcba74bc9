"""`leadscore why`: why there was, or was not, a retraining."""

from typing import Any

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import json_option, say, say_json
from leadscore_assets.domain.triggers import should_retrain
from leadscore_assets.resources import open_platform
from leadscore_assets.steps.retraining import last_answers, retraining_state

_MARKS = {"for": "+", "against": "-", "nothing": " "}


@click.command("why")
@click.option("--limit", type=click.IntRange(1), default=3, show_default=True, help="How many of the last answers.")
@click.option("--now", "at_once", is_flag=True, help="Ask the question now, recording nothing.")
@json_option
@click.pass_context
def command(ctx: click.Context, limit: int, *, at_once: bool, as_json: bool) -> None:
    """Say why there was a retraining, or none: every reason for (+) and against (-) with its figure.

    \b
    Example:
      leadscore why
      leadscore why --now
    """
    platform = open_platform(open_home(ctx))
    if at_once:
        found = should_retrain(retraining_state(platform), platform.policy, platform.now())
        answers: list[dict[str, Any]] = [{"at": platform.now().isoformat(), "asker": "you", **found.to_json()}]
    else:
        answers = [{"at": item.at.isoformat(), **item.evidence} for item in last_answers(platform, limit=limit)]
    if as_json:
        say_json(answers)
        return
    for answer in answers:
        say(f"{answer['at'][:16]} UTC, week {answer['week']}, asked by {answer['asker']}: {answer['decision'].upper()}")
        for reason in answer["reasons"]:
            say(f"  {_MARKS[reason['speaks']]} {reason['sentence']}")
    if not answers:
        say("Nobody has asked yet; 'leadscore why --now' asks, and 'leadscore ui' runs the schedules that ask.")
