"""The facts that cross layers: what a week, a slice, a training, an evaluation and a package are, as frozen records.

Each one is written as JSON beside what it describes; reading it back gives an equal record.
"""

from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from types import UnionType
from typing import Any, Self, Union, get_args, get_origin, get_type_hints


class Record:
    """A frozen dataclass that goes to JSON and comes back."""

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values; dates and times are ISO strings."""
        return {name: _plain(value) for name, value in asdict(self).items()}  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Build the record again; raise TypeError or KeyError when the content is of another shape."""
        hints = get_type_hints(cls)
        known = {item.name for item in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: _typed(hints[name], value) for name, value in content.items() if name in known})


@dataclass(frozen=True)
class DataFile(Record):
    """One stored Parquet file: where it lies below the lake's root, its rows, and the SHA-256 of its bytes."""

    path: str
    sha256: str
    rows: int
    day: date
    labelled: int = 0


@dataclass(frozen=True)
class StoredFile(Record):
    """One thing in a store: its path below the store's root, its bytes, and when it was last written."""

    path: str
    size: int
    at: datetime


@dataclass(frozen=True)
class WeekManifest(Record):
    """One stored week of leads: the pointer that makes its files visible.

    `digest` is of the content, not of the files' bytes; `source_digest` is of the rows as the source gave them, `terms`
    of the contract and the quality policy they were measured by. `findings` maps missing and outliers to the features
    that stand out, with their shares; `labels` counts rows by label.
    """

    week: date
    digest: str
    source_digest: str
    contract: str
    rows: int
    files: tuple[DataFile, ...]
    quarantined: int = 0
    quarantine_file: str | None = None
    reasons: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    late: int = 0
    corrected: int = 0
    unlabelled: int = 0
    generation: int = 1
    first_at: datetime | None = None
    last_at: datetime | None = None
    quality: dict[str, float] = field(default_factory=dict)
    findings: dict[str, dict[str, float]] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    source: str = ""
    terms: str = ""


@dataclass(frozen=True)
class Slice(Record):
    """Some days of leads, by address: which files hold them and what they contain."""

    name: str
    week: date
    days: tuple[date, ...]
    files: tuple[DataFile, ...]
    rows: int
    digest: str


@dataclass(frozen=True)
class Variant(Record):
    """One bundle as the endpoint serves it."""

    name: str
    digest: str
    version: int
    weight: float = 1.0


@dataclass(frozen=True)
class Decision(Record):
    """What was decided on a package: approved or refused, by whom (a person, or the platform), when (UTC) and why."""

    version: int
    approved: bool
    by: str
    at: datetime
    comment: str = ""


@dataclass(frozen=True)
class Package(Record):
    """A bundle's registry entry: what was trained, from what, how good it is and where it stands.

    `stage` is one of candidate, staging, shadow, canary, production, archive. `decision` is the last one that was
    marked on it, None while nobody had to decide. `kept` is false once retention
    removed the bundle: the version stays as a record.
    """

    version: int
    digest: str
    week: date
    semver: str
    stage: str
    created_at: datetime
    metrics: dict[str, float] = field(default_factory=dict)
    lineage: dict[str, Any] = field(default_factory=dict)
    run_id: str = ""
    decision: Decision | None = None
    kept: bool = True


@dataclass(frozen=True)
class LedgerRecord(Record):
    """One decision: who did what to which thing, when, why, and on what evidence."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    reason: str
    evidence: dict[str, Any]
    previous: str
    hash: str
    key: str


@dataclass(frozen=True)
class EndpointStatus(Record):
    """What the endpoint says of itself; `generation` is 0 where nothing was ever deployed.

    `shadow` gets a copy of every request and answers none; `salt` is what deals the leads to the variants. `stopped` is
    true while a person wants it not to run.
    """

    running: bool
    address: str
    generation: int = 0
    variants: tuple[Variant, ...] = ()
    pid: int | None = None
    error: str | None = None
    shadow: Variant | None = None
    salt: str = ""
    stopped: bool = False


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _typed(hint: Any, value: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        return None if value is None else _typed(next(arg for arg in get_args(hint) if arg is not type(None)), value)
    if get_origin(hint) is tuple:
        return tuple(_typed(get_args(hint)[0], item) for item in value)
    if hint in (date, datetime) and isinstance(value, str):
        return hint.fromisoformat(value)
    if isinstance(hint, type) and issubclass(hint, Record) and isinstance(value, dict):
        return hint.from_json(value)
    return value
