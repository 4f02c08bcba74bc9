"""A home's settings: where it lies, where leads come from, which contract and policy hold, which ports are used.

The only reader of environment variables.
"""

import getpass
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from leadscore_assets.aws_settings import AwsSettings
from leadscore_assets.domain.approval_policy import Role
from leadscore_assets.domain.calendar import week_of
from leadscore_assets.domain.contract import Contract, Frozen, contract_from, default_contract
from leadscore_assets.domain.errors import InvalidInput, oneline
from leadscore_assets.domain.notices import NoticeKind
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.source_settings import AllowedSettings, PlainUrl, SourceSettings

DEFAULT_HOME = "leadscore_home"
SETTINGS_FILE = "leadscore.toml"
Model = TypeVar("Model", bound=BaseModel)


class EndpointSettings(Frozen):
    """The scoring server's address; it listens on loopback."""

    name: str = Field(default="leadscore", pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")
    host: Literal["127.0.0.1", "::1", "localhost"] = "127.0.0.1"
    port: int = Field(default=8321, ge=1, le=65535)
    workers: int = Field(default=2, ge=1, le=64)


class ApprovalSettings(Frozen):
    """Who may hold which role of an approval, by the names that the ledger knows; anyone where a role names nobody.

    `address` is where people reach the endpoint's pages, for signed links; its own address on this machine by default.
    """

    roles: dict[Role, tuple[str, ...]] = {}
    address: str | None = Field(default=None, pattern=r"^https?://[^\s?#@]+$")


class LedgerSettings(Frozen):
    """Where decisions are recorded: a SQLAlchemy URL without a password, SQLite in the home where there is none.

    The password of a PostgreSQL user comes from PGPASSWORD, a .pgpass file or the driver's own ways.
    """

    url: PlainUrl | None = None


class NoticeSettings(Frozen):
    """Where notices go: channels by name, and the kinds that a channel takes where it takes not all.

    `env:NAME` and `file:PATH` hold one address as apprise writes it, such as mailtos:// or slack://, which is a secret
    and stands nowhere else; `log` is the log, `sns` the topic of [aws]; both hold where none are
    named and there is a topic. With an empty list nobody is told.
    """

    channels: tuple[Annotated[str, Field(pattern=r"^(log|sns|env:[A-Za-z_][A-Za-z0-9_]*|file:\S.*)$")], ...] = ("log",)
    kinds: dict[str, tuple[NoticeKind, ...]] = {}

    @model_validator(mode="after")
    def _names_its_own_channels(self) -> Self:
        unknown = sorted(set(self.kinds) - set(self.channels))
        if unknown:
            raise ValueError(f"kinds name {unknown[0]!r}, which is no channel of this home; write it as in channels")
        if len(set(self.channels)) != len(self.channels):
            raise ValueError("a channel stands twice; keep it once")
        return self


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
    allowed: AllowedSettings = AllowedSettings()
    endpoint: EndpointSettings = EndpointSettings()
    ui: UiSettings = UiSettings()
    ledger: LedgerSettings = LedgerSettings()
    approval: ApprovalSettings = ApprovalSettings()
    notices: NoticeSettings = NoticeSettings()
    aws: AwsSettings | None = None

    @property
    def told_by(self) -> tuple[str, ...]:
        """The channels in force."""
        topic = self.aws is not None and self.aws.topic is not None
        return ("log", "sns") if topic and "channels" not in self.notices.model_fields_set else self.notices.channels

    @property
    def metrics_namespace(self) -> str | None:
        """Where the platform's own numbers are published; None without such a place."""
        return self.aws.metrics_namespace if self.aws else None

    @model_validator(mode="after")
    def _knows_its_account(self) -> Self:
        if self.platform == "aws" and self.aws is None:
            raise ValueError("platform is aws and there is no [aws] section; write region, bucket and role there")
        if "sns" in self.notices.channels and (self.aws is None or self.aws.topic is None):
            raise ValueError("channel sns needs a topic; write its ARN as topic in the [aws] section")
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

    def address_of(self, channel: str) -> str:
        """Return the address that a channel's variable or file holds; raise InvalidInput where it holds none."""
        kind, _, place = channel.partition(":")
        try:
            found = os.environ.get(place, "") if kind == "env" else (self.home / place).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise InvalidInput(f"channel {channel} cannot be read ({why}); put its address into that file") from None
        lines = found.split()
        if len(lines) != 1:
            where = f"the variable {place}" if kind == "env" else "the file"
            raise InvalidInput(f"channel {channel}: {where} holds {len(lines)} addresses; put exactly one there")
        return lines[0]


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
