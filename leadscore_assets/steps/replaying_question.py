"""Replaying, the question: which policies, by name, decide which weeks again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from leadscore_assets.domain.calendar import weeks_between
from leadscore_assets.domain.errors import InvalidInput, Missing, oneline
from leadscore_assets.domain.other_policy import with_preset
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.domain.presets import DEFAULT, PRESETS
from leadscore_assets.settings import read_toml
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.replaying_ledger import PastDecisions
from leadscore_assets.steps.slicing import window_start

HOME = "home"


@dataclass(frozen=True)
class ReplayQuestion:
    """Which policies decide which weeks again, both ends included."""

    policies: tuple[tuple[str, Policy], ...]
    first: date
    last: date


def ask_replay(
    platform: Platform, names: Sequence[str], first: date | None = None, last: date | None = None
) -> ReplayQuestion:
    """Check a question; without weeks it is about those that the ledger judged, without names about the home's policy.

    Raises InvalidInput for names and weeks that cannot be, Missing where no week was ever judged.
    """
    if first is None or last is None:
        judged = PastDecisions(platform).weeks
        if not judged:
            raise Missing("no week was ever judged, so there is no past to replay; run 'leadscore backfill' first")
        first, last = first or judged[0], last or judged[-1]
    if first > last:
        raise InvalidInput(f"the first week {first} is after the last week {last}; exchange them")
    for week in (first, last):
        platform.check_week(week)
    chosen = tuple(dict.fromkeys(names)) or (HOME,)
    return ReplayQuestion(tuple((name, named_policy(platform.policy, name)) for name in chosen), first, last)


def named_policy(home: Policy, name: str) -> Policy:
    """Return a policy by name: `home`, a policy file, or a preset put on the home's policy; raise InvalidInput."""
    if name == HOME:
        return home
    if Path(name).is_file():
        return read_toml(Path(name), policy_from)
    try:
        return with_preset(home, name)
    except ValidationError as error:
        said = oneline([item["msg"] for item in error.errors()])
        raise InvalidInput(f"preset {name} does not fit this home's policy ({said}); name a policy file") from None
    except ValueError:
        known = ", ".join(sorted({item.name for item in PRESETS}))
        raise InvalidInput(f"{name!r} is no file and no preset; give {HOME}, {DEFAULT} or one of {known}") from None


def first_week_needed(platform: Platform, question: ReplayQuestion) -> date:
    """Return the first week that any of the policies reads."""
    others = (replace(platform, policy=policy) for _, policy in question.policies)
    return min(window_start(item, question.first) for item in (platform, *others))


def weeks_absent(platform: Platform, question: ReplayQuestion) -> list[date]:
    """Return the weeks that the policies read and that are not in the lake, up to the newest there or in the source."""
    first = first_week_needed(platform, question)
    held = {manifest.week for manifest in platform.lake.manifests(first, question.last)}
    absent = [week for week in weeks_between(first, question.last) if week not in held]
    newest = max(held, default=first)
    in_source = platform.source.weeks() if any(week > newest for week in absent) else {}
    return [week for week in absent if week < newest or week in in_source]
