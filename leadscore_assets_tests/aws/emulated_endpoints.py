"""SageMaker's endpoints, emulated: models, configurations, deployments with their states, and what is refused.

An emulator written from AWS's documents, strict where they leave room. A deployment moves on with every look at the
endpoint, and every such look lets half a minute pass on the emulated clock.
"""

import random
import threading
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import AWSValidationException, SagemakerClientError
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from leadscore_assets_tests.aws import emulated_metrics
from leadscore_assets_tests.aws.emulated_containers import Hollow, Processes
from leadscore_assets_tests.aws.emulated_deployments import LOOK_SECONDS, Endpoint, Fleet, creating, updating
from leadscore_assets_tests.aws.emulated_metrics import REGION, Metrics
from leadscore_assets_tests.aws.emulator import Emulator

_ARN = f"arn:aws:sagemaker:{REGION}:{DEFAULT_ACCOUNT_ID}"
_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_PROCESSES = Processes()


@dataclass
class World:
    """All endpoints of the emulated account, and what the test wants to go wrong."""

    metrics: Metrics
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    configurations: dict[str, dict[str, Any]] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    containers: Hollow | Processes = field(default_factory=Hollow)
    rollback_name: str = "RollingBack"
    # What the next update does instead of ending well, and how often what is new is not found.
    surprise: str = ""
    forgetful: int = 0
    # Errors that an operation answers with, oldest first: (operation, code).
    faults: list[tuple[str, str]] = field(default_factory=list)
    # Called at every look while a deployment bakes: the traffic of that minute.
    traffic: Callable[[], object] = lambda: None
    told: list[str] = field(default_factory=list)
    lock: Any = field(default_factory=threading.RLock)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def running(self) -> int:
        """How many instances are billed for now."""
        fleets = [fleet for item in self.endpoints.values() for fleet in (item.fleet, item.coming) if fleet]
        return sum(fleet.instances for fleet in fleets)

    def use_processes(self) -> None:
        """Let every model be a real container from now on."""
        self.containers = _PROCESSES

    def forget(self) -> None:
        """Return to an empty account."""
        fresh = World(self.metrics)
        for name in vars(fresh):
            if name not in ("metrics", "lock"):
                setattr(self, name, getattr(fresh, name))

    def fail_on_demand(self, operation: str) -> None:
        """Raise the next error that the test wants of an operation."""
        for at, (name, code) in enumerate(self.faults):
            if name == operation:
                del self.faults[at]
                raise SagemakerClientError(code, "on demand")

    # Models and configurations

    def create_model(self, given: dict[str, Any]) -> dict[str, Any]:
        name = given["ModelName"]
        _refuse_if(name in self.models, f'Cannot create already existing model "{_ARN}:model/{name}".')
        self.models[name] = deepcopy(given)
        # Transform jobs look their model up in moto itself.
        sagemaker_backends[DEFAULT_ACCOUNT_ID][REGION].create_model(
            model_name=name,
            execution_role_arn=given["ExecutionRoleArn"],
            primary_container=given["PrimaryContainer"],
            vpc_config=given.get("VpcConfig", {}),
            containers=[],
            tags=given.get("Tags", []),
        )
        return {"ModelArn": f"{_ARN}:model/{name}"}

    def describe_model(self, given: dict[str, Any]) -> dict[str, Any]:
        return {**self._known(self.models, given["ModelName"], "model"), "ModelArn": f"{_ARN}:model/x"}

    def delete_model(self, given: dict[str, Any]) -> None:
        name = given["ModelName"]
        self._known(self.models, name, "model")
        live = [fleet for item in self.endpoints.values() for fleet in (item.fleet, item.coming) if fleet]
        used = {item["ModelName"] for fleet in live for item in (*fleet.production, *fleet.shadow)}
        _refuse_if(name in used, f'Cannot delete model "{name}": an endpoint uses it.')
        del self.models[name]
        sagemaker_backends[DEFAULT_ACCOUNT_ID][REGION].delete_model(name)

    def create_endpoint_config(self, given: dict[str, Any]) -> dict[str, Any]:
        name = given["EndpointConfigName"]
        _refuse_if(name in self.configurations, f'Cannot create already existing endpoint configuration "{name}".')
        for item in (*given["ProductionVariants"], *given.get("ShadowProductionVariants", ())):
            self._known(self.models, item["ModelName"], "model")
        self.configurations[name] = deepcopy(given)
        return {"EndpointConfigArn": f"{_ARN}:endpoint-config/{name}"}

    def describe_endpoint_config(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self._known(self.configurations, given["EndpointConfigName"], "endpoint configuration")
        return {**found, "EndpointConfigArn": f"{_ARN}:endpoint-config/x"}

    def delete_endpoint_config(self, given: dict[str, Any]) -> None:
        name = given["EndpointConfigName"]
        self._known(self.configurations, name, "endpoint configuration")
        used = {item.configuration for item in self.endpoints.values()}
        used |= {item.coming.configuration for item in self.endpoints.values() if item.coming}
        _refuse_if(name in used, f'Cannot delete endpoint configuration "{name}": an endpoint uses it.')
        del self.configurations[name]

    # Endpoints

    def create_endpoint(self, given: dict[str, Any]) -> dict[str, Any]:
        name = given["EndpointName"]
        _refuse_if(name in self.endpoints, f'Cannot create already existing endpoint "{name}".')
        fleet = self._fleet(given["EndpointConfigName"])
        endpoint = Endpoint(name, fleet.configuration, coming=fleet)
        endpoint.stages = creating(self, endpoint, fleet)
        self.endpoints[name] = endpoint
        return {"EndpointArn": f"{_ARN}:endpoint/{name}"}

    def update_endpoint(self, given: dict[str, Any]) -> dict[str, Any]:
        endpoint = self._endpoint(given["EndpointName"])
        settled = endpoint.status in ("InService", "UpdateRollbackFailed")
        _refuse_if(not settled, f'Cannot update in-progress endpoint "{endpoint.name}".')
        fleet = self._fleet(given["EndpointConfigName"])
        _refuse_if(endpoint.configuration == fleet.configuration, "The endpoint has this configuration already.")
        deployment = given.get("DeploymentConfig", {})
        if deployment and endpoint.fleet:
            _check_deployment(deployment, endpoint.fleet, fleet)
        self._check_scaling(endpoint, fleet)
        endpoint.status, endpoint.coming, endpoint.share, endpoint.reason = "Updating", fleet, 0.0, ""
        endpoint.stages = updating(self, endpoint, fleet, deployment)
        return {"EndpointArn": f"{_ARN}:endpoint/{endpoint.name}"}

    def delete_endpoint(self, given: dict[str, Any]) -> None:
        endpoint = self._endpoint(given["EndpointName"])
        busy = endpoint.status in ("Creating", "Updating", "RollingBack", "Deleting")
        _refuse_if(busy, f'Cannot update in-progress endpoint "{endpoint.name}".')
        endpoint.status, endpoint.fleet, endpoint.coming = "Deleting", None, None
        endpoint.stages = iter(("Deleting",))

    def describe_endpoint(self, given: dict[str, Any]) -> dict[str, Any]:
        name = given["EndpointName"]
        self._pass_time(self._endpoint(name))
        endpoint = self._endpoint(name)
        now = self.metrics.clock.now()
        found: dict[str, Any] = {
            "EndpointName": name,
            "EndpointArn": f"{_ARN}:endpoint/{name}",
            "EndpointConfigName": endpoint.configuration,
            "EndpointStatus": endpoint.status,
            "CreationTime": now,
            "LastModifiedTime": now,
        }
        if endpoint.reason:
            found["FailureReason"] = endpoint.reason
        if endpoint.coming:
            stages = [
                {"VariantName": item["VariantName"], "VariantStatus": [{"Status": endpoint.stage}]}
                for item in endpoint.coming.production
            ]
            found["PendingDeploymentSummary"] = {
                "EndpointConfigName": endpoint.coming.configuration,
                "ProductionVariants": stages,
            }
        return found

    def update_endpoint_weights_and_capacities(self, given: dict[str, Any]) -> dict[str, Any]:
        endpoint = self._endpoint(given["EndpointName"])
        _refuse_if(endpoint.status != "InService", f'Cannot update in-progress endpoint "{endpoint.name}".')
        fleets = {item["VariantName"]: item for item in (endpoint.fleet.production if endpoint.fleet else ())}
        for item in given["DesiredWeightsAndCapacities"]:
            _refuse_if(item["VariantName"] not in fleets, f"Could not find variant {item['VariantName']}.")
            fleet = fleets[item["VariantName"]]
            fleet["InitialVariantWeight"] = item.get("DesiredWeight", fleet.get("InitialVariantWeight", 1.0))
            fleet["InitialInstanceCount"] = item.get("DesiredInstanceCount", fleet["InitialInstanceCount"])
        return {"EndpointArn": f"{_ARN}:endpoint/{endpoint.name}"}

    def _pass_time(self, endpoint: Endpoint) -> None:
        if endpoint.stages is None:
            return
        self.metrics.clock.advance(LOOK_SECONDS)
        try:
            endpoint.stage = next(endpoint.stages)
            self.told.append(endpoint.stage)
        except StopIteration:
            endpoint.stages = None
            if endpoint.status == "Deleting":
                del self.endpoints[endpoint.name]

    # Looking up

    def _fleet(self, configuration: str) -> Fleet:
        if self.forgetful:
            self.forgetful -= 1
            raise AWSValidationException(f'Could not find endpoint configuration "{configuration}".')
        found = self._known(self.configurations, configuration, "endpoint configuration")
        shadow = found.get("ShadowProductionVariants", [])
        for item in (*found["ProductionVariants"], *shadow):
            self._known(self.models, item["ModelName"], "model")
        return Fleet(configuration, found["ProductionVariants"], shadow, found.get("DataCaptureConfig", {}))

    def _endpoint(self, name: str) -> Endpoint:
        if name not in self.endpoints:
            raise AWSValidationException(f'Could not find endpoint "{_ARN}:endpoint/{name}".')
        return self.endpoints[name]

    def _known(self, known: dict[str, dict[str, Any]], name: str, what: str) -> dict[str, Any]:
        if name not in known:
            raise AWSValidationException(f'Could not find {what} "{name}".')
        return deepcopy(known[name])

    def _check_scaling(self, endpoint: Endpoint, fleet: Fleet) -> None:
        targets = applicationautoscaling_backends[DEFAULT_ACCOUNT_ID][REGION].targets.get(_DIMENSION, {})
        machines = {item["VariantName"]: item["InstanceType"] for item in fleet.production}
        for item in endpoint.fleet.production if endpoint.fleet else ():
            scaled = f"endpoint/{endpoint.name}/variant/{item['VariantName']}" in targets
            changed = machines.get(item["VariantName"]) != item["InstanceType"]
            _refuse_if(scaled and changed, f"Variant {item['VariantName']} is registered as a scalable target.")


def _check_deployment(deployment: dict[str, Any], old: Fleet, new: Fleet) -> None:
    """Refuse what AWS's exclusions name, and what they leave open."""
    names = [{item["VariantName"] for item in fleet.production} for fleet in (old, new)]
    _refuse_if(names[0] != names[1], "The new endpoint configuration must have the same variant names as the old one.")
    _refuse_if(bool(old.shadow or new.shadow), "A deployment policy is not taken beside shadow variants.")
    kind = deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"]
    least = min(item["InitialInstanceCount"] for item in new.production)
    _refuse_if(kind == "CANARY" and least < 2, "A canary needs two instances of each variant.")
    alarms = cloudwatch_backends[DEFAULT_ACCOUNT_ID][REGION].alarms
    for item in deployment.get("AutoRollbackConfiguration", {}).get("Alarms", ()):
        _refuse_if(item["AlarmName"] not in alarms, f"Alarm {item['AlarmName']} does not exist.")


def _refuse_if(wrong: bool, message: str) -> None:
    if wrong:
        raise AWSValidationException(message)


_ANSWERED = (
    "create_model",
    "describe_model",
    "create_endpoint_config",
    "describe_endpoint_config",
    "create_endpoint",
    "update_endpoint",
    "describe_endpoint",
    "update_endpoint_weights_and_capacities",
)
_DELETED = ("delete_model", "delete_endpoint_config", "delete_endpoint")


def install(emulator: Emulator) -> None:
    """Take the place of moto's endpoints, where another extension has not asked for it already."""
    if "endpoints" in emulator.state:
        return
    emulated_metrics.install(emulator)
    world = World(emulator.state["metrics"])
    emulator.state["endpoints"] = world
    emulator.on_reset.append(world.forget)
    for operation in (*_ANSWERED, *_DELETED):
        setattr(SageMakerResponse, operation, _answering(world, operation))
    SageMakerResponse.list_endpoints = _listing(world, "endpoints", "EndpointName", "Endpoints")
    SageMakerResponse.list_models = _listing(world, "models", "ModelName", "Models")
    SageMakerResponse.list_endpoint_configs = _listing(world, "configurations", "EndpointConfigName", "EndpointConfigs")


def _answering(world: World, operation: str) -> Callable[[SageMakerResponse], ActionResult]:
    def answer(self: SageMakerResponse) -> ActionResult:
        with world.lock:
            world.fail_on_demand(operation)
            found = getattr(world, operation)(dict(self.params))
        return EmptyResult() if operation in _DELETED else ActionResult(found)

    return answer


def _listing(world: World, kept: str, name: str, key: str) -> Callable[[SageMakerResponse], ActionResult]:
    def answer(self: SageMakerResponse) -> ActionResult:
        part, now = dict(self.params).get("NameContains", ""), world.metrics.clock.now()
        names = [item for item in getattr(world, kept) if part in item]
        arn = name.replace("Name", "Arn")
        about = {"CreationTime": now, "LastModifiedTime": now, "EndpointStatus": "InService"}
        return ActionResult({key: [{name: item, arn: f"{_ARN}:x/{item}", **about} for item in names]})

    return answer
