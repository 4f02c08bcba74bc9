"""A home's settings: where it lies, where leads come from, which contract and policy hold, which ports are used.

The only reader of environment variables.
"""

import getpass
import os
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from leadscore_assets.domain.calendar import week_of
from leadscore_assets.domain.contract import Contract, Frozen, contract_from, default_contract
from leadscore_assets.domain.errors import InvalidInput, oneline
from leadscore_assets.domain.events import Event
from leadscore_assets.domain.policy import Policy, policy_from

DEFAULT_HOME = "leadscore_home"
SETTINGS_FILE = "leadscore.toml"
Model = TypeVar("Model", bound=BaseModel)


class SourceSettings(Frozen):
    """Where leads come from: files (a file, a folder or a pattern), or the generator."""

    kind: Literal["files", "generator"] = "generator"
    path: str | None = None
    format: Literal["auto", "parquet", "csv"] = "auto"
    seed: int = 42
    preset: Literal["b2b", "small"] = "b2b"
    events: tuple[Event, ...] = ()


class EndpointSettings(Frozen):
    """The scoring server's address; it listens on loopback."""

    name: str = Field(default="leadscore", pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")
    host: Literal["127.0.0.1", "::1", "localhost"] = "127.0.0.1"
    port: int = Field(default=8321, ge=1, le=65535)
    workers: int = Field(default=2, ge=1, le=64)


class AwsSettings(Frozen):
    """The AWS account that the platform runs on; credentials come from AWS's own chain, never from here.

    `role` is what training jobs and the endpoint run as. `owner` is the account that the bucket must belong to.
    `endpoint_url` stands for all of AWS: a private endpoint (https), or an emulator on loopback.
    """

    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    prefix: str = Field(default="leadscore", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.=/-]{0,127}$")
    owner: str | None = Field(default=None, pattern=r"^\d{12}$")
    role: str = Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")
    profile: str | None = None
    endpoint_url: str | None = Field(default=None, pattern=r"^(https://\S+|http://(127\.0\.0\.1|localhost)(:\d+)?)$")
    training_image: str | None = Field(default=None, description="XGBoost 3.2 of the region by default")
    serving_image: str | None = Field(default=None, description="built from deploy/serving, in the account's registry")
    kms_key: str | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    topic: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:sns:\S+$", description="where notices go")
    tags: dict[str, str] = {}


class LedgerSettings(Frozen):
    """Where decisions are recorded: a SQLAlchemy URL without a password, SQLite in the home where there is none.

    The password of a PostgreSQL user comes from PGPASSWORD, a .pgpass file or the driver's own ways.
    """

    url: str | None = None

    @field_validator("url")
    @classmethod
    def _holds_no_secret(cls, value: str | None) -> str | None:
        if value and re.search(r"://[^/@]*:[^/@]*@", value):
            raise ValueError("a password stands in the URL; leave it out and give it by PGPASSWORD or a .pgpass file")
        return value


class UiSettings(Frozen):
    """The Dagster UI's address; it listens on loopback."""

    port: int = Field(default=3000, ge=1, le=65535)


class HomeSettings(Frozen):
    """The content of leadscore.toml."""

    start_week: date = date(2026, 1, 5)
    contract: str = "contract.toml"
    policy: str = "policy.toml"
    platform: Literal["local", "aws"] = "local"
    source: SourceSettings = SourceSettings()
    endpoint: EndpointSettings = EndpointSettings()
    ui: UiSettings = UiSettings()
    ledger: LedgerSettings = LedgerSettings()
    aws: AwsSettings | None = None

    @model_validator(mode="after")
    def _knows_its_account(self) -> Self:
        if self.platform == "aws" and self.aws is None:
            raise ValueError("platform is aws and there is no [aws] section; write region, bucket and role there")
        return self

    @field_validator("start_week")
    @classmethod
    def _is_a_monday(cls, value: date) -> date:
        if value.weekday():
            raise ValueError(f"{value} is a {value:%A}; write the Monday of its week, {week_of(value)}")
        return value


@dataclass(frozen=True)
class Settings:
    """A home with its typed settings; contract and policy are read when first asked for."""

    home: Path
    values: HomeSettings
    actor: str = "unknown"

    @property
    def exists(self) -> bool:
        """Whether the home was initialised."""
        return (self.home / SETTINGS_FILE).is_file()

    @property
    def ledger_url(self) -> str:
        """Where the ledger lies: what the settings say, else a SQLite file in the home."""
        return self.values.ledger.url or f"sqlite:///{self.home / 'ledger.db'}"

    def contract(self) -> Contract:
        """Read the contract; the built-in one where there is no home yet."""
        path = self.home / self.values.contract
        return read_toml(path, contract_from) if self.exists else default_contract()

    def policy(self) -> Policy:
        """Read the policy; the default one where there is no home yet."""
        path = self.home / self.values.policy
        return read_toml(path, policy_from) if self.exists else Policy()


def home_path(home: str | Path | None = None) -> Path:
    """Return where the home lies: the argument, else LEADSCORE_HOME, else ./leadscore_home."""
    return Path(home or os.environ.get("LEADSCORE_HOME") or DEFAULT_HOME).expanduser().absolute()


def load_settings(home: str | Path | None = None) -> Settings:
    """Read a home's settings: the argument, else LEADSCORE_HOME, else ./leadscore_home; defaults where no file is."""
    place = home_path(home)
    actor = os.environ.get("LEADSCORE_USER") or _login()
    path = place / SETTINGS_FILE
    values = read_toml(path, HomeSettings.model_validate) if path.is_file() else HomeSettings()
    return Settings(home=place, values=values, actor=actor)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def read_toml(path: Path, build: Callable[[dict[str, Any]], Model]) -> Model:
    """Read a typed TOML file; raise InvalidInput naming the file, each key, its value and what is wrong with it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidInput(
            f"{path} does not exist; put it back, or run 'leadscore init --force' to draft it again"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} is not valid TOML: {error}; mend the line or run 'leadscore init' again") from None
    try:
        return build(content)
    except ValidationError as error:
        raise InvalidInput(f"{path}: {oneline([_problem(item) for item in error.errors()])}") from None


def _problem(item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"]) or "the file"
    value = item.get("input")
    unshown = isinstance(value, dict) or item["type"] == "missing" or place.endswith("url")
    shown = "" if unshown else f" = {value!r}"
    remedy = "; remove the key or correct its spelling" if item["type"] == "extra_forbidden" else ""
    return f"{place}{shown}: {item['msg']}{remedy}"
