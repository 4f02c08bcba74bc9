"""What is known of the platform at work: the live champion at one look, its leads' age, its runs and what they took."""

from dataclasses import dataclass, field
from datetime import date, datetime

from leadscore_assets.domain.accompanying import Look
from leadscore_assets.domain.facts import Record


@dataclass(frozen=True)
class Usage(Record):
    """What processes take of this machine: processor seconds since they began, resident megabytes, how many."""

    cpu_seconds: float
    megabytes: float
    processes: int


@dataclass(frozen=True)
class Freshness(Record):
    """How old the newest lead is, in whole hours, and which weeks since the first stored one are not there."""

    newest: datetime | None
    hours: int | None
    missing: tuple[date, ...] = ()


@dataclass(frozen=True)
class LiveLook(Record):
    """The champion at one look: what it answered, what was found, and what a person should look at."""

    version: int
    digest: str
    at: datetime
    look: Look
    running: bool
    requests: int = 0
    errors: int = 0
    p99_ms: float | None = None
    usage: Usage | None = None
    drift: str = ""
    realised: float | None = None
    expected: float | None = None
    problems: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The look in one sentence."""
        found = f"{self.look.stage} look {self.look.number} at version {self.version}: "
        served = f"{self.requests:,} requests, {self.errors:,} failed"
        return found + ("; ".join(self.problems) if self.problems else f"all is well; {served}")


@dataclass(frozen=True)
class StepFact(Record):
    """One step of a run: how it ended and how long it took."""

    name: str
    ended: str
    seconds: float


@dataclass(frozen=True)
class RunFact(Record):
    """One run: its job, the week it was about, how it ended, when it began and how long it took."""

    run_id: str
    job: str
    ended: str
    begun: datetime
    seconds: float
    week: date | None = None
    steps: tuple[StepFact, ...] = ()


@dataclass(frozen=True)
class TrainingFact(Record):
    """One training: seconds, what it cost in US dollars (None unknown), and what the machine says of its process."""

    week: date
    bundle: str
    seconds: float
    cost: float | None
    cpu_seconds: float | None = None
    peak_megabytes: float | None = None


@dataclass(frozen=True)
class RunsOfAWeek(Record):
    """What the platform did in the seven days of a week, and what that took."""

    week: date
    runs: tuple[RunFact, ...] = ()
    trainings: tuple[TrainingFact, ...] = ()
    endpoint: Usage | None = None

    @property
    def cost(self) -> float | None:
        """The charge of all trainings in US dollars; None where one of them is not known."""
        found = [item.cost for item in self.trainings]
        return None if any(item is None for item in found) else float(sum(item for item in found if item is not None))

    @property
    def failed(self) -> tuple[RunFact, ...]:
        """The runs that failed."""
        return tuple(item for item in self.runs if item.ended == "FAILURE")


@dataclass(frozen=True)
class JobMoments(Record):
    """When a job last ended well and last failed, UTC; None for never."""

    succeeded: datetime | None = None
    failed: datetime | None = None


@dataclass(frozen=True)
class Automation(Record):
    """What Dagster knows: each job's last ends, and each running schedule's and sensor's last tick (None for none)."""

    jobs: dict[str, JobMoments] = field(default_factory=dict)
    ticks: dict[str, datetime | None] = field(default_factory=dict)
