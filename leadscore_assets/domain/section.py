"""A section of the policy that may start from a named preset."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, model_validator

from leadscore_assets.domain.contract import Frozen
from leadscore_assets.domain.presets import DEFAULT, preset


class Section(Frozen):
    """A section of the policy that may start from a named preset; keys that stand beside the name are set on top."""

    section: ClassVar[str]
    preset: str = Field(default=DEFAULT, description="'leadscore policy presets' lists them")

    @model_validator(mode="before")
    @classmethod
    def _on_top_of_its_preset(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        name = given.get("preset", DEFAULT)
        return {**preset(cls.section, name).values, **given} if isinstance(name, str) else given
