"""Requests for models, endpoint configurations and updates, as pure functions of what is asked and where it runs.

A request without its name is called a layout; names come from its content, so that the same content has the same name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from leadscore_assets.domain.capture_policy import CapturePolicy
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.facts import Variant
from leadscore_assets.domain.resources_policy import ResourcesPolicy

# The server reads the version; the digest is for whoever reads the model in AWS.
VERSION, DIGEST = "LEADSCORE_VERSION", "LEADSCORE_DIGEST"
Layout = dict[str, Any]
_JSON_TYPES = ("application/json", "application/jsonlines", "application/x-ndjson")
_STARTUP_SECONDS = 600
_METRIC_SECONDS = 60
_LONGEST_UPDATE, _SHORTEST_UPDATE = 28_800, 600
_PROVISION_SECONDS = 1_800
_LEAST_LINEAR_PERCENT = 10
_LONGEST_BAKE = 3_600


@dataclass(frozen=True)
class EndpointPlace:
    """Where an endpoint runs: role, image (with `serve` as its command), and the folder of the bucket that is ours.

    `bucket` is an `s3://bucket/prefix` without a slash at its end. `topic` is told of alarms where there is one.
    """

    role: str
    image: str
    bucket: str
    kms_key: str | None = None
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    topic: str | None = None

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """The tags as AWS takes them."""
        return [{"Key": key, "Value": value} for key, value in sorted(self.tags.items())]


def model_request(endpoint: str, variant: Variant, url: str, *, place: EndpointPlace, isolated: bool) -> dict[str, Any]:
    """Return a create_model request for a variant's bundle at `url`; the same content has the same name."""
    network = {"VpcConfig": {"Subnets": [*place.subnets], "SecurityGroupIds": [*place.groups]}} if place.subnets else {}
    content: dict[str, Any] = {
        "PrimaryContainer": {
            "Image": place.image,
            "ModelDataUrl": url,
            "Environment": {DIGEST: variant.digest, VERSION: f"{variant.version}"},
        },
        "ExecutionRoleArn": place.role,
        "EnableNetworkIsolation": isolated,
        **network,
    }
    name = f"{endpoint}-v{variant.version}-{digest_of(content)[:8]}"
    return {"ModelName": name, **content, **_tagged(place)}


def layout(
    models: Mapping[tuple[str, int], str],
    variants: Sequence[Variant],
    *,
    shadow: Variant | None,
    place: EndpointPlace,
    resources: ResourcesPolicy,
    capture: CapturePolicy,
) -> Layout:
    """Return what an endpoint configuration says; `models` names the model of a digest and version.

    Variants that answer nobody are left out. A shadow gets every request, so it has as many instances as production.
    """
    heavy = [item for item in variants if item.weight > 0]
    alone = len(heavy) == 1
    shown: Layout = {
        "ProductionVariants": [
            _fleet(item.name, models[item.digest, item.version], 1.0 if alone else item.weight, resources)
            for item in heavy
        ],
        "MetricsConfig": {"EnableEnhancedMetrics": True, "MetricPublishFrequencyInSeconds": _METRIC_SECONDS},
    }
    if shadow:
        model = models[shadow.digest, shadow.version]
        shown["ShadowProductionVariants"] = [_fleet(shadow.name, model, 1.0, resources)]
    if capture.percent > 0:
        shown["DataCaptureConfig"] = _capture(capture, place)
    return shown | ({"KmsKeyId": place.kms_key} if place.kms_key else {})


def configuration_name(endpoint: str, generation: int, content: Layout) -> str:
    """Return the name of a configuration with this content that a generation makes."""
    return f"{endpoint}-g{generation}-{layout_digest(content)}"


def layout_digest(content: Layout) -> str:
    """Return eight hexadecimal digits of a layout's content."""
    return digest_of(content)[:8]


def configuration_request(name: str, content: Layout, place: EndpointPlace) -> dict[str, Any]:
    """Return a create_endpoint_config request."""
    return {"EndpointConfigName": name, **content, **_tagged(place)}


def create_request(endpoint: str, configuration: str, place: EndpointPlace) -> dict[str, Any]:
    """Return a create_endpoint request."""
    return {"EndpointName": endpoint, "EndpointConfigName": configuration, **_tagged(place)}


def update_request(
    endpoint: str, configuration: str, *, deployment: dict[str, Any] | None, scaled: bool
) -> dict[str, Any]:
    """Return an update_endpoint request; where load scales the variants, their instance counts stay as they are."""
    found: dict[str, Any] = {"EndpointName": endpoint, "EndpointConfigName": configuration}
    if deployment:
        found["DeploymentConfig"] = deployment
    if scaled:
        kinds = ("DesiredWeight", "DataCaptureConfig")
        found["RetainAllVariantProperties"] = True
        found["ExcludeRetainedVariantProperties"] = [{"VariantPropertyType": kind} for kind in kinds]
    return found


def guarded_deployment(resources: ResourcesPolicy, alarms: Sequence[str]) -> dict[str, Any]:
    """Return how traffic moves to a new fleet while alarms watch it: the policy's way, with the policy's bake.

    All waits together stay within the eight hours that AWS allows an update.
    """
    kind, percent = resources.cutover.upper(), resources.cutover_percent
    steps = 1
    routing: dict[str, Any] = {"Type": kind}
    if kind == "CANARY":
        steps, routing["CanarySize"] = 2, {"Type": "CAPACITY_PERCENT", "Value": percent}
    elif kind == "LINEAR":
        percent = max(percent, _LEAST_LINEAR_PERCENT)
        steps, routing["LinearStepSize"] = ceil(100 / percent), {"Type": "CAPACITY_PERCENT", "Value": percent}
    bake = min(resources.bake_seconds, _LONGEST_BAKE, (_LONGEST_UPDATE - _PROVISION_SECONDS) // (steps + 1))
    routing["WaitIntervalInSeconds"] = bake
    longest = min(max(bake * (steps + 1) + _PROVISION_SECONDS, _SHORTEST_UPDATE), _LONGEST_UPDATE)
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": bake,
            "MaximumExecutionTimeoutInSeconds": longest,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]},
    }


def longest_move(resources: ResourcesPolicy) -> float:
    """Return after how many seconds one update has ended, whichever way it went, machines found in good time."""
    policy = guarded_deployment(resources, ())["BlueGreenUpdatePolicy"]
    return float(policy["MaximumExecutionTimeoutInSeconds"] + _PROVISION_SECONDS)


def way_back() -> dict[str, Any]:
    """Return how traffic moves back: all at once, with no wait."""
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 0}}


def _fleet(name: str, model: str, weight: float, resources: ResourcesPolicy) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": model,
        "InitialInstanceCount": resources.endpoint_instances,
        "InstanceType": resources.endpoint_instance,
        "InitialVariantWeight": weight,
        "ContainerStartupHealthCheckTimeoutInSeconds": _STARTUP_SECONDS,
        "ModelDataDownloadTimeoutInSeconds": _STARTUP_SECONDS,
    }


def _capture(rules: CapturePolicy, place: EndpointPlace) -> dict[str, Any]:
    """Return the rules of data capture; types that are not named as text would be kept as base64."""
    found: dict[str, Any] = {
        "EnableCapture": True,
        "InitialSamplingPercentage": max(1, round(rules.percent)),
        "DestinationS3Uri": f"{place.bucket}/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": [*_JSON_TYPES]},
    }
    return found | ({"KmsKeyId": place.kms_key} if place.kms_key else {})


def _tagged(place: EndpointPlace) -> dict[str, Any]:
    return {"Tags": place.tag_list} if place.tags else {}
