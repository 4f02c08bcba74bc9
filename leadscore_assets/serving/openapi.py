"""The description of what an endpoint serves, as OpenAPI 3.1 made from the contract of the variant most leads get."""

from collections.abc import Sequence
from typing import Any

from leadscore_assets.domain.contract import Contract, Feature
from leadscore_assets.serving.body import MAXIMUM_BYTES
from leadscore_assets.serving.models import Model
from leadscore_assets.serving.openapi_rollback import ROLLBACK, TOKEN
from leadscore_assets.serving.payload import MAXIMUM_RECORDS
from leadscore_assets.serving.runtime import INFERENCE_ID_LENGTH

Schema = dict[str, Any]


def described(name: str, contract: Contract, models: Sequence[Model]) -> Schema:
    """Describe an endpoint: every path, the lead it takes and the answer it gives."""
    versions = ", ".join(f"{model.placed.name} version {model.placed.version}" for model in models)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Endpoint {name}", "version": f"{contract.version}", "description": f"Serves {versions}."},
        "paths": {**_invocations(name, models), **_READ, "/rollback": {"post": ROLLBACK}},
        "components": {
            "securitySchemes": {"token": TOKEN},
            "schemas": {
                "Lead": _lead(contract),
                "Prediction": _prediction(contract),
                "Answer": _ANSWER,
                "Problem": _PROBLEM,
            },
        },
    }


def _invocations(name: str, models: Sequence[Model]) -> Schema:
    target = {
        "name": "X-Amzn-SageMaker-Target-Variant",
        "in": "header",
        "schema": {"type": "string", "enum": [*(model.placed.name for model in models), ""]},
        "description": "The variant that answers; empty is as if it were not there.",
    }
    identity = {"name": "X-Amzn-SageMaker-Inference-Id", "in": "header", "schema": {"type": "string"}}
    cut = {**identity, "description": f"The client's own id; its first {INFERENCE_ID_LENGTH} characters."}
    bounded = {**identity, "schema": {"type": "string", "pattern": f"^[ -~]{{0,{INFERENCE_ID_LENGTH}}}$"}}
    invoke = _invoke([target, cut])
    runtime = {**_invoke([target, bounded], runtime=True), "operationId": "invokeEndpoint"}
    return {"/invocations": {"post": invoke}, f"/endpoints/{name}/invocations": {"post": runtime}}


def _invoke(parameters: list[Schema], *, runtime: bool = False) -> Schema:
    lead = {"$ref": "#/components/schemas/Lead"}
    leads = {"type": "array", "items": lead, "minItems": 1, "maxItems": MAXIMUM_RECORDS}
    instances: Schema = {"type": "object", "properties": {"instances": leads}, "required": ["instances"]}
    instances["additionalProperties"] = False
    codes = (
        {"400": "The request itself is wrong.", "424": "The model refused the leads."}
        if runtime
        else {"400": "A lead breaks the contract, or the request names no variant of this endpoint."}
    )
    codes |= {"406": "No such form of answer.", "408": "The body came too slowly."} if not runtime else {}
    codes |= {"413": f"More than {MAXIMUM_BYTES:,} bytes."} | ({} if runtime else {"415": "No such content type."})
    return {
        "operationId": "score",
        "summary": "Score one lead or up to 10,000, all by one model.",
        "parameters": parameters,
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"oneOf": [lead, leads, instances]}},
                "application/jsonlines": {"schema": {"type": "string"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        },
        "responses": {
            "200": {
                "description": "Scores in the request's order.",
                "headers": {"X-Amzn-Invoked-Production-Variant": {"schema": {"type": "string"}}},
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Answer"}},
                    "application/jsonlines": {"schema": {"type": "string"}},
                    "application/x-ndjson": {"schema": {"type": "string"}},
                    "text/csv": {"schema": {"type": "string"}},
                },
            },
            **{code: _refusal(about) for code, about in codes.items()},
            "503": {**_refusal("Too much is in hand; come back."), "headers": {"Retry-After": _INTEGER}},
        },
    }


def _read(operation: str, about: str, kind: str | None, *, also: Schema | None = None) -> Schema:
    found: Schema = {"description": about}
    if kind:
        found["content"] = {kind: {"schema": {"type": "object" if kind.endswith("json") else "string"}}}
    return {"operationId": operation, "summary": about, "responses": {"200": found, **(also or {})}}


def _refusal(about: str) -> Schema:
    return {"description": about, "content": {"application/json": {"schema": {"type": "object"}}}}


def _lead(contract: Contract) -> Schema:
    properties: Schema = {
        contract.key: {
            "type": ["string", "integer", "null"],
            "pattern": r"\S",
            "description": "The lead's id; it comes back as text.",
        },
        contract.created_at: {
            **_moment(required=contract.needs_created_at),
            "description": "When the lead was created.",
        },
    }
    properties |= {feature.name: _feature(feature) for feature in contract.features}
    required = [feature.name for feature in contract.features if not feature.missing]
    if contract.needs_created_at:
        required.insert(0, contract.created_at)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _feature(feature: Feature) -> Schema:
    known = not feature.missing
    about = feature.description + (f" ({feature.unit})" if feature.unit else "")
    found: Schema = {"description": about} if about else {}
    if feature.kind == "timestamp":
        return found | _moment(required=known)
    if feature.kind == "categorical" and not feature.open_levels:
        return found | {"enum": [*feature.levels, *([] if known else [None])]}
    kind = {"numeric": "number", "integer": "integer", "boolean": "boolean", "categorical": "string"}[feature.kind]
    found["type"] = kind if known else [kind, "null"]
    if feature.kind == "categorical":
        return found | {"minLength": 1}
    bounds = {"minimum": feature.minimum, "maximum": feature.maximum}
    return found | {name: bound for name, bound in bounds.items() if bound is not None}


def _moment(*, required: bool) -> Schema:
    return {"type": "string" if required else ["string", "null"], "format": "date-time"}


def _prediction(contract: Contract) -> Schema:
    return {
        "type": "object",
        "properties": {
            "lead_id": {"type": "string"},
            "score": {"type": "number", "minimum": contract.label_minimum, "maximum": contract.label_maximum},
            "score_rounded": {"type": "integer"},
            "band": {"type": "string"},
            "conversion_probability": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        },
        "required": ["score", "score_rounded", "band", "conversion_probability"],
    }


_READ: Schema = {
    "/ping": {"get": _read("ping", "Whether a model serves.", None, also={"503": _refusal("No model serves.")})},
    "/status": {"get": _read("status", "What is served, by which processes.", "application/json")},
    "/counts": {"get": _read("counts", "What was counted by variant, for the release.", "application/json")},
    "/metrics": {"get": _read("metrics", "The counts as Prometheus reads them.", "text/plain")},
    "/": {"get": _read("page", "The live page, for a person.", "text/html")},
    "/live.json": {"get": _read("live", "What the live page shows.", "application/json")},
    "/openapi.json": {"get": _read("describe", "This description.", "application/json")},
}
_INTEGER: Schema = {"schema": {"type": "integer"}}
_ANSWER: Schema = {
    "type": "object",
    "properties": {
        "model_version": {"type": "integer"},
        "model_digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "predictions": {"type": "array", "items": {"$ref": "#/components/schemas/Prediction"}},
    },
    "required": ["model_version", "model_digest", "predictions"],
}
_PROBLEM: Schema = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "violations": {"type": "array", "items": {"type": "object"}}},
    "required": ["error"],
}
