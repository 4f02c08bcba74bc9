"""How deployments of emulated endpoints go: stage by stage, one at every look, forward or back.

An emulator written from AWS's documents: what is new must answer its ping before it gets traffic, alarms send it back.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol

from moto.cloudwatch.models import cloudwatch_backends
from moto.core import DEFAULT_ACCOUNT_ID

from leadscore_assets_tests.aws.emulated_containers import Hollow, Processes
from leadscore_assets_tests.aws.emulated_metrics import REGION, Metrics

LOOK_SECONDS = 30.0
Stages = Iterator[str]
_SICK = (
    "The primary container for production variant primary did not pass the ping health check. Please check CloudWatch "
    "logs for this endpoint."
)


@dataclass
class Fleet:
    """The instances of one configuration, with its variants as production and shadow."""

    configuration: str
    production: list[dict[str, Any]]
    shadow: list[dict[str, Any]]
    capture: dict[str, Any]

    @property
    def instances(self) -> int:
        return sum(item["InitialInstanceCount"] for item in (*self.production, *self.shadow))


@dataclass
class Endpoint:
    """One endpoint: what serves, what comes in its place with how much of the traffic (percent), and how far it is."""

    name: str
    configuration: str
    status: str = "Creating"
    fleet: Fleet | None = None
    coming: Fleet | None = None
    share: float = 0.0
    reason: str = ""
    stage: str = ""
    stages: Stages | None = None


class Around(Protocol):
    """What a deployment sees of its account."""

    metrics: Metrics
    models: dict[str, dict[str, Any]]
    containers: Hollow | Processes
    rollback_name: str
    surprise: str
    traffic: Callable[[], object]


def creating(world: Around, endpoint: Endpoint, fleet: Fleet) -> Stages:
    """A new endpoint: in service once all its containers answer, failed when one does not."""
    healthy = yield from _starting(world, fleet)
    endpoint.coming = None
    if not healthy or _surprised(world, "failed"):
        endpoint.status, endpoint.reason = "Failed", _SICK
        return
    endpoint.status, endpoint.fleet = "InService", fleet


def updating(world: Around, endpoint: Endpoint, fleet: Fleet, deployment: Mapping[str, Any]) -> Stages:
    """A new fleet in the place of the old one: traffic moves as the policy says, alarms watching."""
    healthy = yield from _starting(world, fleet)
    if not healthy:
        yield from _back(world, endpoint, _SICK)
        return
    for kind in ("silent", "mixed"):
        if _surprised(world, kind):
            yield from _back(world, endpoint, "A deployment error occurred.", mixed=kind == "mixed")
            return
    alarms = [item["AlarmName"] for item in deployment.get("AutoRollbackConfiguration", {}).get("Alarms", ())]
    for endpoint.share, wait in _shares(deployment.get("BlueGreenUpdatePolicy", {})):
        yield "ActivatingTraffic"
        for _ in range(ceil(wait / LOOK_SECONDS)):
            world.traffic()
            yield "Baking"
            fired = _fired(world, alarms)
            if fired:
                yield from _back(world, endpoint, f"Alarms in ALARM state: {', '.join(fired)}")
                return
    endpoint.status, endpoint.fleet, endpoint.configuration = "InService", fleet, fleet.configuration
    endpoint.coming, endpoint.share = None, 0.0


def _back(world: Around, endpoint: Endpoint, reason: str, *, mixed: bool = False) -> Stages:
    endpoint.status, endpoint.share = world.rollback_name, 0.0
    yield "Deleting"
    endpoint.reason, endpoint.coming = reason, None
    endpoint.status = "UpdateRollbackFailed" if mixed else "InService"


def _starting(world: Around, fleet: Fleet) -> Any:
    while True:
        yield "Creating"
        models = [world.models[item["ModelName"]] for item in (*fleet.production, *fleet.shadow)]
        seen = [world.containers.healthy(model) for model in models]
        if False in seen:
            return False
        if all(seen):
            return True


def _surprised(world: Around, kind: str) -> bool:
    surprised = world.surprise == kind
    world.surprise = "" if surprised else world.surprise
    return surprised


def _fired(world: Around, names: list[str]) -> list[str]:
    world.metrics.evaluate_alarms()
    alarms = cloudwatch_backends[DEFAULT_ACCOUNT_ID][REGION].alarms
    return [name for name in names if name in alarms and alarms[name].state_value == "ALARM"]


def _shares(policy: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """Yield the new fleet's share of the traffic (percent), step by step, and how long (seconds) each is watched."""
    routing = policy.get("TrafficRoutingConfiguration", {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0})
    wait = routing.get("WaitIntervalInSeconds", 0)
    if routing["Type"] == "CANARY":
        yield float(routing["CanarySize"]["Value"]), wait
    elif routing["Type"] == "LINEAR":
        step = routing["LinearStepSize"]["Value"]
        yield from ((float(share), wait) for share in range(step, 100, step))
    yield 100.0, policy.get("TerminationWaitInSeconds", 0)
