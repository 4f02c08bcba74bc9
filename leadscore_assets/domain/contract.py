"""The contract: which columns a lead has, what each may hold, and when its outcome is known.

A contract is data. Another data set is another contract file, never other code.
"""

import tomllib
from functools import cached_property
from importlib import resources
from typing import Annotated, Any, Literal, Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from leadscore_assets.domain.derived import KINDS
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.texts import spelled

Kind = Literal["numeric", "integer", "boolean", "categorical", "timestamp"]
Name = Annotated[str, Field(pattern=r"^[^\W\d][\w.\- ]{0,127}$")]
TIMESTAMP = pa.timestamp("us", tz="UTC")
_ARROW: dict[str, pa.DataType] = {
    "numeric": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "categorical": pa.string(),
    "timestamp": TIMESTAMP,
}


class Frozen(BaseModel):
    """A fact that cannot change after it is read, and that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Feature(Frozen):
    """One column a lead comes with.

    `missing` is the largest share (0 to 1) of a week's rows that may lack the value; 0 forbids a missing value in any
    row. `minimum` and `maximum` are hard limits: a row outside breaks the contract. `open_levels` accepts levels that
    are not listed (they score as unseen); otherwise an unlisted level breaks the contract.
    """

    name: Name
    kind: Kind
    minimum: float | None = None
    maximum: float | None = None
    levels: tuple[str, ...] = ()
    open_levels: bool = False
    missing: float = Field(default=0.0, ge=0, le=1)
    pii: bool = False
    unit: str = ""
    description: str = ""

    @field_validator("levels")
    @classmethod
    def _spelled(cls, levels: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(spelled(level) for level in levels))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.kind == "categorical" and not self.levels and not self.open_levels:
            raise ValueError(f"feature {self.name}: list its levels or set open_levels = true")
        if self.levels and self.kind != "categorical":
            raise ValueError(f"feature {self.name}: levels belong to a categorical feature, not to a {self.kind} one")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"feature {self.name}: minimum {self.minimum} is above maximum {self.maximum}")
        return self

    @property
    def arrow_type(self) -> pa.DataType:
        """The column's type in the lake."""
        return _ARROW[self.kind]


class Derived(Frozen):
    """A feature computed from a lead's own columns; `kind` names one function of domain/derived.py."""

    name: Name
    kind: Name
    of: tuple[Name, ...] = Field(min_length=1)
    by: Name | None = None
    quantile: float | None = Field(default=None, gt=0, lt=1)
    description: str = ""

    @model_validator(mode="after")
    def _of_a_known_kind(self) -> Self:
        kind = KINDS.get(self.kind)
        if kind is None:
            raise ValueError(f"derived feature {self.name}: no kind {self.kind}; there are {', '.join(KINDS)}")
        if kind.columns not in (None, len(self.of)):
            raise ValueError(
                f"derived feature {self.name}: {self.kind} is made of {kind.columns} columns, not {len(self.of)}"
            )
        absent = [need for need in kind.needs if getattr(self, need) is None]
        if absent:
            raise ValueError(f"derived feature {self.name}: {self.kind} needs {' and '.join(absent)}")
        return self


class Contract(Frozen):
    """What a lead is: key, time, features, label and outcome, and how long an outcome takes to be known.

    `revenue` (what a lead brought, any currency) and `feedback` (whether sales found it good) are columns that are
    known later, like the outcome; they are reported and never learnt from.
    """

    name: Name = "leads"
    version: int = 1
    key: Name = "lead_id"
    created_at: Name = "created_at"
    label: Name = "lead_score"
    label_minimum: int = 1
    label_maximum: int = 5
    outcome: Name | None = "converted"
    revenue: Name | None = None
    feedback: Name | None = None
    horizon_days: int = Field(default=14, ge=0, le=365)
    features: tuple[Feature, ...] = Field(min_length=1)
    derived: tuple[Derived, ...] = ()

    @field_validator("outcome", "revenue", "feedback", mode="before")
    @classmethod
    def _no_column(cls, value: object) -> object:
        """Read "" as no such column: TOML has no null, and a key left out takes its default."""
        return None if value == "" else value

    @model_validator(mode="after")
    def _names_are_one_of_a_kind(self) -> Self:
        reserved = [self.key, self.created_at, self.label, *self.known_later[1:]]
        names = reserved + [feature.name for feature in self.features] + [extra.name for extra in self.derived]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"column names stand twice: {', '.join(twice)}")
        self._check_derived({feature.name: feature for feature in self.features})
        return self

    def _check_derived(self, features: dict[str, Feature]) -> None:
        for extra in self.derived:
            for name in (*extra.of, *([extra.by] if extra.by else [])):
                if name not in features and name != self.created_at:
                    raise ValueError(f"derived feature {extra.name}: {name} is no feature of this contract")

    def unbounded(self) -> "Contract":
        """Return a contract of the same columns without limits, for leads that another contract let in."""
        content = self.model_dump()
        for feature in content["features"]:
            feature.update(minimum=None, maximum=None, missing=1.0, open_levels=feature["kind"] == "categorical")
        return contract_from(content)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the contract's content; which columns are personal changes no data and is no part of it."""
        content = self.model_dump(mode="json", exclude={"features": {"__all__": {"pii"}}})
        absent = [name for name in ("revenue", "feedback") if content[name] is None]
        return digest_of({name: value for name, value in content.items() if name not in absent})

    @cached_property
    def by_name(self) -> dict[str, Feature]:
        """Features by their name."""
        return {feature.name: feature for feature in self.features}

    @cached_property
    def needs_created_at(self) -> bool:
        """Whether a lead cannot be scored without the moment it was created: a timestamp or derived feature uses it."""
        derived = any(self.created_at in extra.of for extra in self.derived)
        return derived or any(feature.kind == "timestamp" for feature in self.features)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Feature names in contract order: the order of a CSV row at the endpoint."""
        return tuple(feature.name for feature in self.features)

    @property
    def known_later(self) -> tuple[str, ...]:
        """The columns that nobody knows when a lead is scored: label first, then outcome, revenue and feedback."""
        return (self.label, *(name for name in (self.outcome, self.revenue, self.feedback) if name))

    @cached_property
    def personal(self) -> frozenset[str]:
        """Names of the features that are personal data."""
        return frozenset(feature.name for feature in self.features if feature.pii)

    @cached_property
    def schema(self) -> pa.Schema:  # type: ignore[override]
        """The lake's schema: key, created_at, features, label and, where there are, outcome, revenue and feedback."""
        fields: list[Any] = [
            pa.field(self.key, pa.string(), nullable=False),
            pa.field(self.created_at, TIMESTAMP, nullable=False),
        ]
        fields += [pa.field(feature.name, feature.arrow_type) for feature in self.features]
        fields.append(pa.field(self.label, pa.int64()))
        if self.outcome:
            fields.append(pa.field(self.outcome, pa.bool_()))
        if self.revenue:
            fields.append(pa.field(self.revenue, pa.float64()))
        if self.feedback:
            fields.append(pa.field(self.feedback, pa.bool_()))
        return pa.schema(fields)


def default_contract() -> Contract:
    """Read the built-in contract: 50 features of a B2B lead."""
    text = resources.files("leadscore_assets.domain").joinpath("default_contract.toml").read_text()
    return contract_from(tomllib.loads(text))


def contract_from(content: dict[str, Any]) -> Contract:
    """Build a contract from a parsed TOML or JSON document; raise pydantic.ValidationError naming each bad key."""
    return Contract.model_validate(content)
