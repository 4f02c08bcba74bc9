"""The ways to release a candidate, as data: the steps each one takes, and what each decides in a sentence.

Each one is a preset of the policy's [release] section. Shadow comes first in all of them.
"""

from typing import Any

_DAY = 24.0


def _step(name: str, weight: float, *, days: float, at_most: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "weight": weight, "minimum_hours": days * _DAY, "maximum_hours": at_most * _DAY, **more}


def _strategy(name: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"strategy": name, "shadow": True, "next_candidate": "wait", "steps": list(steps), **more}


STRATEGIES: dict[str, tuple[str, dict[str, Any]]] = {
    "immediate": ("7 days of shadow, then all traffic at once, watched for 48 hours", _strategy("immediate")),
    "canary": (
        "7 days of shadow, then 10 % of leads for a day, 50 % for two days and all of them",
        _strategy(
            "canary",
            _step("canary_10", 0.10, days=1, at_most=7),
            _step("canary_50", 0.50, days=2, at_most=7),
        ),
    ),
    "gradual": (
        "7 days of shadow, then 5, 15, 30, 50 and 75 % of leads, a day each, and all of them",
        _strategy(
            "gradual",
            *(_step(f"share_{share}", share / 100, days=1, at_most=4) for share in (5, 15, 30, 50, 75)),
        ),
    ),
    "ab": (
        "7 days of shadow, then every second lead until conversions name a winner, 12 weeks at most",
        _strategy("ab", _step("even", 0.50, days=7, at_most=84, ends="winner")),
    ),
    "champion_challenger": (
        "7 days of shadow, then the challenger keeps 10 % of leads until conversions name a winner, 26 weeks at most",
        _strategy("champion_challenger", _step("challenger_10", 0.10, days=7, at_most=182, ends="winner")),
    ),
    "bandit": (
        "7 days of shadow, then a share of leads that rises week by week with the chance to be the better one "
        "(Thompson, 5 % floor for either) until conversions name a winner, 12 weeks at most",
        _strategy(
            "bandit", _step("bandit", 0.35, days=7, at_most=84, ends="winner", allocation="thompson"), floor=0.05
        ),
    ),
}
