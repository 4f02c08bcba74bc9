"""What a month on AWS costs, estimated: machines by the policy, how often it retrains and releases, and what stands.

Quantities come from the policy and the site's habits, prices from a dated table that a site may lay its own over. It is
an estimate, never a bill, and says what it does not count.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from leadscore_assets.domain.release_policy import ReleasePolicy
from leadscore_assets.domain.resources_policy import ResourcesPolicy

HOURS = 730.0
WEEKS = 52 / 12
# Where prices are known when a region has none of its own.
STAND_IN = "us-east-1"
NOT_COUNTED = (
    "taxes, discounts, free tiers and support",
    "requests to S3, SageMaker Runtime, CloudWatch and SNS",
    "metrics per instance that the endpoint publishes",
    "data that leaves the region",
    "instances that load adds above endpoint_instances",
    "what spot machines save",
    "endpoint and jobs that were left over by hand",
)
# As services.yaml sizes them: processors and GB of memory of the three services together, and of a run.
SERVICES_CPU, SERVICES_GB = 2.0, 8.0
RUN_CPU, RUN_GB = 2.0, 8.0
DATABASE_GB = 20.0
_MOVES = {"canary": 2, "all_at_once": 1}
_PROVISION_HOURS = 0.25
_TRANSFORM_HOURS = 0.25
_LEAST_LINEAR_PERCENT = 10
_ALARMS = 10
_IMAGES_GB = 3.0


class PriceTable(Protocol):
    """US dollars by region; None where the table holds no price."""

    @property
    def as_of(self) -> str:
        """The month of the prices."""
        ...

    def hourly(self, instance: str, region: str) -> float | None:
        """Return the price of an instance-hour."""
        ...

    def unit(self, name: str, region: str) -> float | None:
        """Return the price of one unit of something else, such as a GB-month."""
        ...


@dataclass(frozen=True)
class Habits:
    """What a site does in a month; `releases` are candidates that went the whole way of the release policy."""

    region: str
    retrainings: float = WEEKS
    training_minutes: float = 15.0
    releases: float = 2.0
    storage_gb: float = 50.0
    logs_gb: float = 5.0
    run_hours: float = 20.0
    traffic_gb: float = 20.0
    dagster: bool = True


@dataclass(frozen=True)
class CostLine:
    """One thing of a month: so many units at a price. `cost` is None where the price is not known."""

    area: str
    what: str
    quantity: float
    unit: str
    price: float | None

    @property
    def cost(self) -> float | None:
        """Dollars a month."""
        return None if self.price is None else self.quantity * self.price


@dataclass(frozen=True)
class MonthlyCost:
    """An estimate: its lines, the date of its prices, the region, and the region that the prices are of."""

    region: str
    prices_of: str
    as_of: str
    lines: tuple[CostLine, ...]
    not_counted: tuple[str, ...]

    @property
    def total(self) -> float:
        """Dollars a month of every line whose price is known."""
        return sum(line.cost or 0.0 for line in self.lines)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What has no price in the table, so that the total lacks it."""
        return tuple(line.what for line in self.lines if line.price is None)


def monthly_cost(
    habits: Habits, *, resources: ResourcesPolicy, release: ReleasePolicy, prices: PriceTable
) -> MonthlyCost:
    """Return what a month costs; a region that the table does not know is priced as STAND_IN, and says so."""
    known = prices.hourly(resources.endpoint_instance, habits.region) is not None
    priced = _Priced(prices, habits.region if known else STAND_IN)
    lines = [*_training(habits, resources, priced), *_endpoint(habits, resources, release, priced)]
    lines += [*_kept(habits, priced), *(_dagster(habits, priced) if habits.dagster else ())]
    return MonthlyCost(habits.region, priced.region, prices.as_of, tuple(lines), NOT_COUNTED)


@dataclass(frozen=True)
class _Priced:
    """A table looked at from one region."""

    prices: PriceTable
    region: str

    def machine(self, area: str, what: str, instance: str, hours: float) -> CostLine:
        price = self.prices.hourly(instance, self.region)
        return CostLine(area, f"{what} ({instance})", hours, "instance-hours", price)

    def unit(self, area: str, what: str, name: str, quantity: float, unit: str) -> CostLine:
        return CostLine(area, what, quantity, unit, self.prices.unit(name, self.region))


def _training(habits: Habits, resources: ResourcesPolicy, priced: _Priced) -> Iterator[CostLine]:
    hours = habits.retrainings * habits.training_minutes / 60 * resources.training_hosts
    yield priced.machine("training", "jobs", resources.training_instance, hours)
    volume = resources.training_volume_gb * hours / HOURS
    yield priced.unit("training", "volumes of jobs", "ml_storage_gb_month", volume, "GB-months")
    if resources.batch_scoring == "transform":
        hours = WEEKS * _TRANSFORM_HOURS
        yield priced.machine("scoring", "transform jobs", resources.transform_instance, hours)


def _endpoint(
    habits: Habits, resources: ResourcesPolicy, release: ReleasePolicy, priced: _Priced
) -> Iterator[CostLine]:
    fleet, machine = resources.endpoint_instances, resources.endpoint_instance
    yield priced.machine("endpoint", "the fleet that answers", machine, fleet * HOURS)
    if release.shadow:
        hours = fleet * release.shadow_days * 24 * habits.releases
        yield priced.machine("releases", "shadow fleets", machine, hours)
    if release.steps:
        hours = fleet * sum(step.minimum_hours for step in release.steps) * habits.releases
        yield priced.machine("releases", "fleets of candidates that take a share", machine, hours)
    hours = fleet * changes(release) * doubled_hours(resources) * habits.releases
    yield priced.machine("releases", "second fleets while traffic moves", machine, hours)


def changes(release: ReleasePolicy) -> int:
    """Return how many times a release changes the endpoint's configuration, each time by a second fleet."""
    return int(release.shadow) + len(release.steps) + 1


def doubled_hours(resources: ResourcesPolicy) -> float:
    """Return for how many hours a change keeps two fleets: until the new one stands, and while alarms watch it."""
    linear = ceil(100 / max(resources.cutover_percent, _LEAST_LINEAR_PERCENT))
    return _PROVISION_HOURS + resources.bake_seconds * (_MOVES.get(resources.cutover, linear) + 1) / 3600


def _kept(habits: Habits, priced: _Priced) -> Iterator[CostLine]:
    yield priced.unit("storage", "the bucket", "s3_gb_month", habits.storage_gb, "GB-months")
    yield priced.unit("storage", "images", "ecr_gb_month", _IMAGES_GB, "GB-months")
    yield priced.unit("watching", "log lines", "logs_gb", habits.logs_gb, "GB")
    yield priced.unit("watching", "alarms", "alarm_month", _ALARMS, "alarm-months")


def _dagster(habits: Habits, priced: _Priced) -> Iterator[CostLine]:
    cpu = SERVICES_CPU * HOURS + RUN_CPU * habits.run_hours
    memory = SERVICES_GB * HOURS + RUN_GB * habits.run_hours
    yield priced.unit("dagster", "processors of services and runs", "fargate_cpu_hour", cpu, "processor-hours")
    yield priced.unit("dagster", "memory of services and runs", "fargate_gb_hour", memory, "GB-hours")
    yield priced.unit("dagster", "PostgreSQL", "database_hour", HOURS, "hours")
    yield priced.unit("dagster", "PostgreSQL's storage", "database_gb_month", DATABASE_GB, "GB-months")
    yield priced.unit("dagster", "the NAT gateway", "nat_hour", HOURS, "hours")
    yield priced.unit("dagster", "the NAT gateway's traffic", "nat_gb", habits.traffic_gb, "GB")
    yield priced.unit("dagster", "the NAT gateway's address", "address_hour", HOURS, "hours")
    yield priced.unit("dagster", "the secret", "secret_month", 1, "secret-months")
    yield priced.unit("dagster", "private names", "private_zone_month", 1, "zone-months")
