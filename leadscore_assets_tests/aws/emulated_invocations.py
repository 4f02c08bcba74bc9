"""Invocations of emulated endpoints: split over fleets and variants, mirrored to shadows, measured and captured.

An emulator written from AWS's documents. The capture lies in S3 as data capture lays it out; each file holds one line.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from leadscore_assets_tests.aws import emulated_endpoints
from leadscore_assets_tests.aws.emulated_containers import Answered
from leadscore_assets_tests.aws.emulated_endpoints import Endpoint, Fleet, World
from leadscore_assets_tests.aws.emulator import Emulator

_PASSED_ON = ("content-type", "accept", "x-amzn-sagemaker-inference-id", "x-amzn-sagemaker-custom-attributes")
_OVERHEAD = 1_500.0


@dataclass(frozen=True)
class Invoked:
    """What a client gets, and the variant that answered."""

    answered: Answered
    variant: str


def invoke(world: World, endpoint: str, body: bytes, headers: Mapping[str, str]) -> Invoked | None:
    """Answer one request and copy it to the shadow; None where no endpoint answers."""
    found = world.endpoints.get(endpoint)
    if found is None or found.fleet is None:
        return None
    fleet = _dealt(world, found)
    target = headers.get("x-amzn-sagemaker-target-variant")
    chosen = next((item for item in fleet.production if item["VariantName"] == target), None)
    chosen = (
        chosen
        or world.chance.choices(fleet.production, [item.get("InitialVariantWeight", 1.0) for item in fleet.production])[
            0
        ]
    )
    passed = {name: value for name, value in headers.items() if name in _PASSED_ON}
    event = str(uuid4())
    answered = _played(world, found, fleet, chosen, body, passed, event)
    for item in fleet.shadow:
        _played(world, found, fleet, item, body, passed, event)
    return Invoked(answered, chosen["VariantName"])


def _dealt(world: World, endpoint: Endpoint) -> Fleet:
    """The fleet that gets a request, by the new one's share of the traffic."""
    assert endpoint.fleet
    return endpoint.coming if endpoint.coming and world.chance.random() * 100 < endpoint.share else endpoint.fleet


def _played(
    world: World,
    endpoint: Endpoint,
    fleet: Fleet,
    variant: Mapping[str, Any],
    body: bytes,
    headers: Mapping[str, str],
    event: str,
) -> Answered:
    answered = world.containers.ask(world.models[variant["ModelName"]], body, headers)
    _measure(world, endpoint.name, variant["VariantName"], fleet.configuration, answered)
    _capture(world, endpoint.name, variant["VariantName"], fleet.capture, body, headers, answered, event)
    return answered


def _measure(world: World, endpoint: str, variant: str, configuration: str, answered: Answered) -> None:
    values = {
        "Invocations": 1.0,
        "Invocation4XXErrors": float(400 <= answered.status < 500),
        "Invocation5XXErrors": float(answered.status >= 500),
        "InvocationModelErrors": float(answered.status >= 300),
        "ModelLatency": answered.microseconds,
        "OverheadLatency": _OVERHEAD,
    }
    place = {"EndpointName": endpoint, "VariantName": variant}
    world.metrics.publish(place, values)
    world.metrics.publish({**place, "EndpointConfigName": configuration}, values)


def _capture(
    world: World,
    endpoint: str,
    variant: str,
    rules: Mapping[str, Any],
    body: bytes,
    headers: Mapping[str, str],
    answered: Answered,
    event: str,
) -> None:
    sampled = rules.get("EnableCapture") and world.chance.random() * 100 < rules["InitialSamplingPercentage"]
    if not sampled or answered.status >= 300:
        return
    now = world.metrics.clock.now()
    sides = {
        "endpointInput": _side(rules, "INPUT", body, headers.get("content-type", "")),
        "endpointOutput": _side(rules, "OUTPUT", answered.body, answered.content_type),
    }
    about = {"eventId": event, "inferenceTime": now.isoformat(timespec="seconds").replace("+00:00", "Z")}
    if named := headers.get("x-amzn-sagemaker-inference-id"):
        about["inferenceId"] = named
    line = json.dumps({"captureData": sides, "eventMetadata": about, "eventVersion": "0"})
    bucket, _, prefix = rules["DestinationS3Uri"].removeprefix("s3://").partition("/")
    key = f"{prefix}/{endpoint}/{variant}/{now:%Y/%m/%d/%H}/{now:%M-%S}-{now.microsecond // 1000:03d}-{uuid4()}.jsonl"
    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(bucket, key, f"{line}\n".encode())


def _side(rules: Mapping[str, Any], mode: str, data: bytes, kind: str) -> dict[str, str]:
    """One side of a line: as text where the configuration names its type, else as base64."""
    header = rules.get("CaptureContentTypeHeader", {})
    plain = kind.split(";", maxsplit=1)[0]
    names = {"JSON": header.get("JsonContentTypes", ()), "CSV": header.get("CsvContentTypes", ())}
    encoding = next((name for name, kinds in names.items() if plain in kinds), "BASE64")
    text = base64.b64encode(data).decode() if encoding == "BASE64" else data.decode()
    return {"observedContentType": kind, "mode": mode, "data": text, "encoding": encoding}


def install(emulator: Emulator) -> None:
    """Answer InvokeEndpoint with the endpoints' containers."""
    emulated_endpoints.install(emulator)
    world: World = emulator.state["endpoints"]

    def invoke_endpoint(self: SageMakerRuntimeResponse) -> tuple[int, dict[str, str], bytes | str]:
        name = self.path.split("/")[2]
        headers = {key.lower(): value for key, value in self.headers.items()}
        with world.lock:
            found = invoke(world, name, self.raw_body or b"", headers)
        if found is None:
            told = {"Message": f"Endpoint {name} of account {DEFAULT_ACCOUNT_ID} not found."}
            return 400, {"x-amzn-errortype": "ValidationError", "status": "400"}, json.dumps(told)
        answered = found.answered
        if answered.status >= 300:
            told = {"OriginalStatusCode": answered.status, "OriginalMessage": answered.body.decode()}
            about = {"x-amzn-errortype": "ModelError", "status": "424", "Content-Type": "application/json"}
            return 424, about, json.dumps({"Message": "Received an error from the model", **told})
        shown = {"Content-Type": answered.content_type, "x-Amzn-Invoked-Production-Variant": found.variant}
        return 200, shown, answered.body

    SageMakerRuntimeResponse.invoke_endpoint = invoke_endpoint
