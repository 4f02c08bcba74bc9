"""Everything a step may touch: the site's rules and one adapter a port."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from leadscore_assets.backends.ports import (
    BatchScorer,
    BundleStore,
    Captures,
    Channel,
    EndpointHost,
    Lake,
    LeadSource,
    Ledger,
    MetricPublisher,
    ModelRegistry,
    Outbox,
    Trainer,
)
from leadscore_assets.domain.calendar import WEEK, week_of
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.policy import Policy


@dataclass(frozen=True)
class Platform:
    """A site at work: contract, policy and adapters, opened once a run or command.

    Without an outbox nobody is told, without metrics no numbers are published; without captures nothing is known of
    single answers. `holders` are the names that
    may approve in each role, anyone where there are none; `actor` is in whose name it was opened.
    """

    contract: Contract
    policy: Policy
    start_week: date
    source: LeadSource
    lake: Lake
    trainer: Trainer
    bundles: BundleStore
    registry: ModelRegistry
    scorer: BatchScorer
    endpoint: EndpointHost
    ledger: Ledger
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    captures: Captures | None = None
    holders: Mapping[str, Sequence[str]] = field(default_factory=dict)
    actor: str = "unknown"
    outbox: Outbox | None = None
    channels: Mapping[str, Channel] = field(default_factory=dict)
    metrics: MetricPublisher | None = None

    def acting(self, actor: str) -> "Platform":
        """Return this platform at work in another's name: that of the schedule or sensor that ticks."""
        return replace(self, actor=actor, ledger=self.ledger.signed(actor))

    def today(self) -> date:
        """Return today's date in UTC."""
        return self.now().astimezone(UTC).date()

    def last_finished_week(self) -> date:
        """Return the newest week that is over."""
        return week_of(self.today()) - WEEK

    def check_week(self, week: date) -> date:
        """Return the week if it lies between the start week and the last finished one; raise InvalidInput."""
        if week < self.start_week:
            raise InvalidInput(
                f"week {week} is before the start week {self.start_week}; "
                "choose a later week or set start_week in leadscore.toml"
            )
        if week > self.last_finished_week():
            raise InvalidInput(f"week {week} is not over; the last finished week is {self.last_finished_week()}")
        return week
