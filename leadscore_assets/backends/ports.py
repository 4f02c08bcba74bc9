"""What the product asks of the outside world: one small role each, named without saying where it is played."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

import pyarrow as pa

from leadscore_assets.domain.facts import (
    DataFile,
    Decision,
    EndpointStatus,
    LedgerRecord,
    Package,
    Slice,
    StoredFile,
    Variant,
    WeekManifest,
)
from leadscore_assets.domain.notices import Claim, Delivery, Notice, NoticeKind
from leadscore_assets.domain.release_story import Story
from leadscore_assets.domain.serving_counts import ServingCounts


@dataclass(frozen=True)
class RawWeek:
    """A week's rows as the source holds them.

    `table` has the source's own columns and types, in the source's order, plus `__file` and `__row` (1-based row within
    that file) so that an error can name the place. `digest` is the SHA-256 of these rows' content.
    """

    week: date
    table: pa.Table
    digest: str


class LeadSource(Protocol):
    """Where leads come from. It is read only, a week at a time."""

    @property
    def address(self) -> str:
        """The source in one line without secrets, for messages and lineage."""
        ...

    def weeks(self) -> dict[date, str]:
        """Return the weeks that hold rows, each with a digest of its rows' content, oldest first."""
        ...

    def read(self, week: date) -> RawWeek:
        """Return a week's rows, none if the week is empty; raise InvalidInput naming file, column and remedy."""
        ...


class FileStore(Protocol):
    """Something that holds files, and from which they can be removed for good."""

    def files(self, under: str = "") -> Iterator[StoredFile]:
        """Yield what is stored below a folder, unfinished things too, in the order of the paths."""
        ...

    def remove(self, path: str) -> None:
        """Remove one stored thing; removing what is not there is removing nothing."""
        ...


class Lake(FileStore, Protocol):
    """Where weeks, slices and reports are kept; writes are all or nothing, content-addressed files never replaced."""

    def lock(self, name: str) -> AbstractContextManager[Any]:
        """Hold a named lock; raise TransientError when another process holds it for long."""
        ...

    def write_table(self, table: pa.Table, *, under: str) -> tuple[str, str]:
        """Store a table as Parquet below a folder and return its path (named by its content) and SHA-256."""
        ...

    def read_files(self, files: Sequence[DataFile], *, columns: Sequence[str] | None = None) -> pa.Table:
        """Read stored files in order after checking that their bytes are what was written; raise CorruptArtefact."""
        ...

    def holds(self, path: str) -> bool:
        """Tell whether a file is there."""
        ...

    def local_path(self, path: str) -> Path:
        """Return a file's path on this machine, fetched first where the lake is remote."""
        ...

    def manifest(self, week: date) -> WeekManifest | None:
        """Return the current manifest of a week, None where it was never written."""
        ...

    def manifests(self, first: date, last: date) -> list[WeekManifest]:
        """Return the manifests of the weeks from `first` to `last` that exist, oldest first."""
        ...

    def publish(self, manifest: WeekManifest) -> None:
        """Make a week visible; all files it names must have been written."""
        ...

    def write_slice(self, item: Slice) -> None:
        """Store a slice's address."""
        ...

    def slice(self, week: date, name: str) -> Slice:
        """Return a stored slice; raise Missing with the remedy."""
        ...

    def write_json(self, path: str, content: Mapping[str, Any]) -> str:
        """Store a JSON document at a path and return where it lies."""
        ...

    def read_json(self, path: str) -> dict[str, Any] | None:
        """Read a JSON document, None where there is none."""
        ...

    def write_bytes(self, path: str, content: bytes) -> str:
        """Store a file at a path and return where it lies."""
        ...


@dataclass(frozen=True)
class TrainingJob:
    """What a training job is given: channels of files, documents, and hyperparameters as strings.

    `name` comes from the content of everything below, so that a repeated job is the same job. More than one of `hosts`
    fit one model together, which is another model than one host's.
    """

    name: str
    week: date
    train: Slice
    validation: Slice
    documents: dict[str, dict[str, Any]]
    hyperparameters: dict[str, str]
    maximum_minutes: int
    hosts: int = 1


@dataclass(frozen=True)
class TrainingResult:
    """A finished training job: the bundle's digest, seconds spent, and whether an earlier run had made it already.

    `cost` is an estimate in US dollars, None where no price is known; `facts` are what else the platform tells of the
    job, by name.
    """

    digest: str
    seconds: float
    reused: bool
    cost: float | None = 0.0
    facts: Mapping[str, str | float] = field(default_factory=dict)


class Trainer(Protocol):
    """Runs a training job and leaves its bundle in the bundle store."""

    @property
    def leftovers(self) -> FileStore:
        """What trainings leave beside their bundles: `<job>/result.json`, and attempts that were cut short."""
        ...

    def train(self, job: TrainingJob, *, on_line: Callable[[str], None]) -> TrainingResult:
        """Run the job to its end; raise PermanentError with the job's own failure reason."""
        ...


class BundleStore(FileStore, Protocol):
    """Where bundles are kept, by digest; its files are whole bundles, and what was set aside or left unfinished."""

    def add(self, folder: Path) -> str:
        """Verify a bundle's folder, move it in under its digest and return that digest; adding twice is adding once."""
        ...

    def path(self, digest: str) -> Path:
        """Return a bundle's folder on this machine; raise Missing."""
        ...

    def digests(self) -> Iterator[str]:
        """Return the digests of all bundles kept."""
        ...


class ModelRegistry(Protocol):
    """Every package, with exactly one in production."""

    def register(
        self,
        *,
        digest: str,
        week: date,
        metrics: dict[str, float],
        lineage: dict[str, Any],
        stage: str = "candidate",
    ) -> Package:
        """Register a bundle once, as candidate or staging; registering it again returns the package it has."""
        ...

    def find(self, digest: str) -> Package | None:
        """Return the package of a bundle."""
        ...

    def get(self, version: int) -> Package:
        """Return a version's package; raise Missing naming the versions there are."""
        ...

    def packages(self) -> list[Package]:
        """Return every package, oldest first."""
        ...

    def production(self) -> Package | None:
        """Return the one package in production."""
        ...

    def promote(self, version: int) -> Package:
        """Put a version into production and archive the one before it; doing it twice is doing it once."""
        ...

    def stage(self, version: int, stage: str) -> None:
        """Mark a version that is not in production as candidate, staging, shadow, canary or archive."""
        ...

    def decisions(self) -> list[Decision]:
        """Return what people decided in the registry's own pages and nobody marked yet, oldest first."""
        ...

    def mark(self, decision: Decision) -> None:
        """Note a decision with its package, so that the registry's own pages show it; an older one changes nothing."""
        ...

    def withdraw(self, version: int) -> None:
        """Note that the bundle of a version that is not in production is kept no more; the version itself stays."""
        ...

    def track(
        self, *, name: str, week: date, params: dict[str, Any], metrics: dict[str, float], files: Sequence[Path]
    ) -> str:
        """Record one training run in the experiment (once a name) and return the run's id."""
        ...


class BatchScorer(Protocol):
    """Scores many leads at once."""

    def score(self, package: Package, leads: pa.Table, *, reasons: int) -> pa.Table:
        """Score leads, which have the columns of the package's contract, each with so many reasons.

        Returns the columns of domain.batch.SCORED, row by row. Raises PermanentError with the reason of a batch that
        failed, TransientError where trying again may help; nothing goes on being paid for after either.
        """
        ...


class EndpointHost(Protocol):
    """Starts, stops and configures the scoring endpoint."""

    @property
    def captured(self) -> FileStore:
        """The files of captured requests and answers."""
        ...

    @property
    def deals_by(self) -> Literal["lead", "request"]:
        """What decides the variant: a lead's key, always the same way, or chance at every request."""
        ...

    def deploy(
        self, variants: Sequence[Variant], *, shadow: Variant | None = None, salt: str | None = None
    ) -> EndpointStatus:
        """Serve these variants, starting the server when needed; return once it answers with them, or raise.

        The shadow gets a copy of every request. The salt deals leads to variants; without one the present one stays.
        """
        ...

    def counts(self) -> ServingCounts:
        """Return what was counted by variant since the present configuration serves."""
        ...

    def tell(self, story: Story) -> None:
        """Keep the release's story where the endpoint shows it, in the place of the one before."""
        ...

    def token(self, *, new: bool = False) -> str:
        """Return the secret that allows a rollback from the endpoint's page; a new one in its place when asked to."""
        ...

    def start(self) -> EndpointStatus:
        """Start the server with what was deployed last; raise Missing when nothing was."""
        ...

    def stop(self) -> EndpointStatus:
        """Stop the server after the requests in flight; stopping twice is stopping once."""
        ...

    def status(self) -> EndpointStatus:
        """Ask the server what it serves."""
        ...


class Captures(Protocol):
    """What the endpoint was asked and answered, as its capture kept it."""

    def read(self, first: datetime, last: datetime) -> Iterator[pa.Table]:
        """Yield what was answered from `first` to before `last`, in tables of CAPTURED's columns, oldest files first.

        A line that cannot be read is counted and left out, never guessed.
        """
        ...

    @property
    def unreadable(self) -> int:
        """How many lines could not be read so far."""
        ...

    def masked(self, key: str) -> str:
        """Return what stands for a lead's key in these captures."""
        ...


class Notifier(Protocol):
    """Tells people what happened."""

    def send(self, notice: Notice, *, page: Path | None = None) -> None:
        """Deliver a notice; raise TransientError when a later try may succeed, PermanentError when it cannot.

        `notice.key` is the same at every try, and the receiver is given it; `page` is a file that goes with it.
        """
        ...


@dataclass(frozen=True)
class Channel:
    """One way to people: its adapter, and the kinds that it takes; every kind where none are named."""

    notifier: Notifier
    kinds: tuple[NoticeKind, ...] | None = None

    def takes(self, kind: NoticeKind) -> bool:
        """Tell whether notices of a kind go this way."""
        return self.kinds is None or kind in self.kinds


class Outbox(Protocol):
    """Notices on their way: put in once by key, delivered at least once a channel, by one deliverer at a time."""

    def put(self, notice: Notice, *, letter: str, due: datetime, channels: Sequence[str]) -> bool:
        """Keep a notice for channels; False where one of its key was put in before.

        Notices of one letter go together. One whose letter was tried already goes in a letter of its own.
        """
        ...

    def claim(
        self, now: datetime, *, lease: timedelta, skip: Set[str] = frozenset(), early: bool = False
    ) -> Claim | None:
        """Take the letter that waited longest and is due, for the length of a lease; None where nothing is.

        `skip` are channels that are left alone; `early` takes what is not due yet too.
        """
        ...

    def delivered(self, claim: Claim, now: datetime) -> bool:
        """Note that a claimed letter arrived; False where the lease had ended and another deliverer has it."""
        ...

    def failed(self, claim: Claim, now: datetime, *, problem: str, again: datetime | None) -> bool:
        """Note that it did not arrive, why, and when to try again; None gives it up."""
        ...

    def deliveries(self, *, limit: int, open_only: bool = False) -> list[Delivery]:
        """Return how far letters came on each channel, the newest last."""
        ...


class Ledger(Protocol):
    """The append-only, hash-chained record of every decision."""

    def append(
        self,
        action: str,
        subject: str,
        *,
        reason: str,
        evidence: Mapping[str, Any],
        key: str | None = None,
        expect: tuple[int, str] | None = None,
    ) -> LedgerRecord:
        """Add one record; the same key again returns the record that stands, so that a repeated step adds nothing.

        `expect` is the head that the decision stands on; raise Overtaken, naming who was first, when it has moved on.
        """
        ...

    def records(
        self,
        *,
        action: str | None = None,
        subject: str | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        oldest: bool = False,
    ) -> list[LedgerRecord]:
        """Return records, oldest first, from `since` to before `until`; with a limit the newest, or the `oldest`."""
        ...

    def head(self) -> tuple[int, str]:
        """Return the newest record's number and hash; (0, zeros) for an empty ledger."""
        ...

    def verify(self, *, head: tuple[int, str] | None = None) -> list[str]:
        """Return what is wrong with the chain, one sentence a finding; it must hold a head that was kept elsewhere."""
        ...
