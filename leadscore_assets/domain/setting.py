"""A policy key by key: what holds, and where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.domain.presets import DEFAULT, preset
from leadscore_assets.domain.section import Section


@dataclass(frozen=True)
class Setting(Record):
    """One effective key: its section ("" for the policy's own), its value as JSON, and its origin.

    The origin is `default`, `preset NAME` or `policy`, which is the policy file.
    """

    section: str
    key: str
    value: Any
    origin: str

    @property
    def name(self) -> str:
        """Section and key in one."""
        return f"{self.section}.{self.key}" if self.section else self.key


def settings_of(content: Mapping[str, Any]) -> list[Setting]:
    """Return every effective key of a parsed policy file, in the policy's order; raises as `policy_from` does."""
    policy = policy_from(dict(content))
    found: list[Setting] = []
    for name in Policy.model_fields:
        value, given = getattr(policy, name), content.get(name)
        if isinstance(value, BaseModel):
            found += _of_section(name, value, given if isinstance(given, Mapping) else {})
        else:
            found.append(Setting("", name, value, DEFAULT if given is None else "policy"))
    return found


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[Setting, Setting]]:
    """Return the keys that hold different values under two policies, the presets' names left aside."""
    pairs = zip(settings_of(first), settings_of(second), strict=True)
    return [(one, other) for one, other in pairs if one.value != other.value and one.key not in ("preset", "name")]


def _of_section(name: str, section: BaseModel, given: Mapping[str, Any]) -> list[Setting]:
    chosen = getattr(section, "preset", DEFAULT)
    taken = preset(name, chosen).values if isinstance(section, Section) else {}
    values = section.model_dump(mode="json", exclude_none=True)
    origins = dict.fromkeys(taken, f"preset {chosen}") | dict.fromkeys(given, "policy")
    return [Setting(name, key, values.get(key), origins.get(key, DEFAULT)) for key in type(section).model_fields]
