"""What can happen to a release, and what a release asks for in return.

Events carry their facts; nothing here reads a clock. An action is a wish that may be carried out twice: `serve` means
"bring the endpoint to `desired(state)`", the others name a package.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.release_counts import LiveCounts
from leadscore_assets.domain.release_state import Model, ReleaseState

ActionKind = Literal["serve", "promote", "stage", "archive", "alarm", "notify"]


@dataclass(frozen=True)
class Registered(Record):
    """A package passed its gates; `approved` where the policy asks no person."""

    model: Model
    approved: bool = True
    actor: str = "platform"


@dataclass(frozen=True)
class Approved(Record):
    """A person approved a version."""

    version: int
    actor: str


@dataclass(frozen=True)
class Declined(Record):
    """A version is not to be released: a person said so, or its evidence no longer holds."""

    version: int
    actor: str
    reason: str


@dataclass(frozen=True)
class Tick(Record):
    """A look at the endpoint; `counts` is None where they could not be read."""

    counts: LiveCounts | None = None


@dataclass(frozen=True)
class RolledBack(Record):
    """A person goes back: to a model that the caller has checked, or to what answered before the release in hand."""

    actor: str
    reason: str
    to: Model | None = None


@dataclass(frozen=True)
class Failed(Record):
    """The endpoint could not be brought to the state; the caller kept the state and says why."""

    reason: str


Event = Registered | Approved | Declined | Tick | RolledBack | Failed


@dataclass(frozen=True)
class Action(Record):
    """One wish: serve the state; promote, stage or archive a package; alarm or notify a person."""

    kind: ActionKind
    reason: str
    model: Model | None = None


class Advance(NamedTuple):
    """The state after an event, what to do about it, and why."""

    state: ReleaseState
    actions: tuple[Action, ...]
    reason: str
