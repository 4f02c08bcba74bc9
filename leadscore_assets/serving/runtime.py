"""SageMaker Runtime's InvokeEndpoint on the wire, so that boto3's sagemaker-runtime client works unchanged.

Shapes are those of the service model 2017-05-13: errors carry `x-amzn-errortype` and a `Message`, and what the model
itself refused is a ModelError (424) with the original status and body.
"""

import re
import uuid

from leadscore_assets.serving.answers import Reply, json_reply, retry_after

INVOKED_VARIANT = b"x-amzn-invoked-production-variant"
TARGET_VARIANT = b"x-amzn-sagemaker-target-variant"
CUSTOM_ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"
INFERENCE_ID = b"x-amzn-sagemaker-inference-id"
_PATH = re.compile(r"/endpoints/([^/]+)/invocations")
_VISIBLE = re.compile(rb"[\x20-\x7e]*")
_CUSTOM_ATTRIBUTES_LENGTH = 1024
INFERENCE_ID_LENGTH = 64
_MESSAGE_CHARACTERS = 2_000


def endpoint_of(path: str) -> str | None:
    """Return the endpoint's name in a path of InvokeEndpoint."""
    found = _PATH.fullmatch(path)
    return found.group(1) if found else None


def inference_id(headers: dict[bytes, bytes]) -> str:
    """Return the client's own id of a request, cut to the length that InvokeEndpoint allows; empty without one."""
    return headers.get(INFERENCE_ID, b"")[:INFERENCE_ID_LENGTH].decode("latin-1")


def header_problem(headers: dict[bytes, bytes]) -> str | None:
    """Say which of InvokeEndpoint's own headers breaks its rule."""
    for name, longest in ((CUSTOM_ATTRIBUTES, _CUSTOM_ATTRIBUTES_LENGTH), (INFERENCE_ID, INFERENCE_ID_LENGTH)):
        value = headers.get(name, b"")
        if len(value) > longest or not _VISIBLE.fullmatch(value):
            return f"header {name.decode()} must have at most {longest} visible ASCII characters"
    return None


def validation_error(message: str) -> Reply:
    """Refuse what names no endpoint or variant of this server."""
    return _error(400, "ValidationError", {"Message": message})


def unavailable(message: str) -> Reply:
    """Say that no model serves yet, or that too many requests wait."""
    return _error(503, "ServiceUnavailable", {"Message": message}, retry_after(503))


def too_large(limit: int) -> Reply:
    """Refuse a body above the limit as the service's front door does: 413 without an error type."""
    return json_reply(413, {"Message": f"HTTP content length exceeded {limit} bytes."}, headers=(_request_id(),))


def answered(reply: Reply, *, endpoint: str, variant: str, attributes: bytes) -> Reply:
    """Dress a model's answer as InvokeEndpoint's."""
    if reply.status != 200:
        return model_error(reply, endpoint=endpoint, variant=variant)
    extra = [_request_id()]
    if attributes:
        extra.append((CUSTOM_ATTRIBUTES, attributes))
    return Reply(reply.status, reply.body, reply.content_type, (*reply.headers, *extra))


def model_error(reply: Reply, *, endpoint: str, variant: str) -> Reply:
    """Dress a model's refusal or failure as ModelError, with what the model said."""
    original = reply.body.decode()
    side = "client" if reply.status < 500 else "server"
    stream = f"local:endpoint/{endpoint}/{variant}"
    told = f'Received {side} error ({reply.status}) from {variant} with message "{original[:_MESSAGE_CHARACTERS]}"'
    return _error(
        424,
        "ModelError",
        {
            "ErrorCode": "CLIENT_ERROR_FROM_MODEL" if reply.status < 500 else "INTERNAL_FAILURE_FROM_MODEL",
            "Message": f"{told}. See {stream} for more information.",
            "OriginalStatusCode": reply.status,
            "OriginalMessage": original,
            "LogStreamArn": stream,
        },
    )


def _error(status: int, kind: str, content: dict[str, object], headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reply:
    return json_reply(status, content, headers=((b"x-amzn-errortype", kind.encode()), _request_id(), *headers))


def _request_id() -> tuple[bytes, bytes]:
    return b"x-amzn-requestid", str(uuid.uuid4()).encode()
