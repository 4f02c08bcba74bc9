"""How models are made and kept: training jobs, bundles by digest, and the registry with one package in production."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from leadscore_assets.backends.ports.storage import FileStore
from leadscore_assets.domain.facts import Decision, Package, Slice


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
