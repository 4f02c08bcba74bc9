"""The ASGI application: routes of a scoring container and of SageMaker Runtime, and nothing that changes state."""

import logging
import os
import time
import traceback

from leadscore_assets.serving import runtime
from leadscore_assets.serving.answers import Reply, json_reply, problem, refusal
from leadscore_assets.serving.body import MAXIMUM_BYTES, ClientGoneError, Receive, Scope, Send, TooLarge, read_body
from leadscore_assets.serving.invocation import Desk, Invocation
from leadscore_assets.serving.models import Live, Model, Serving
from leadscore_assets.serving.refusals import RefusedRequest, shortened
from leadscore_assets.serving.status import Counts, ServerStatus

NOT_READY = "no model serves yet; deploy one or try again in a moment"
_INTERNAL = "the server failed on this request; its log names the place"
_READ = ("GET", "HEAD")
log = logging.getLogger(__name__)


class ScoringApp:
    """A bare ASGI callable around the one reference to what is served."""

    def __init__(self, *, name: str, instance: str, live: Live) -> None:
        self.name = name
        self.instance = instance
        self.live = live
        self.counts = Counts()
        self._desk = Desk()
        self._started = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            reply = await self._answer(scope, receive)
        except ClientGoneError:
            return
        length = (b"content-length", str(len(reply.body)).encode())
        headers = [(b"content-type", reply.content_type.encode()), length, *reply.headers]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    def close(self) -> None:
        """End the threads that score batches."""
        self._desk.close()

    def status(self) -> ServerStatus:
        """Say what is served."""
        serving = self.live.serving
        return ServerStatus(
            name=self.name,
            instance=self.instance,
            pid=os.getpid(),
            generation=serving.generation if serving else 0,
            variants=tuple(model.placed.variant for model in serving.models) if serving else (),
            uptime_seconds=round(time.monotonic() - self._started, 3),
            requests=self.counts,
            error=self.live.error,
            error_generation=self.live.error_generation,
        )

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        path, method = scope["path"], scope["method"]
        try:
            if path == "/ping":
                _allow(method, _READ)
                return Reply(200, b"") if self.live.serving else problem(503, NOT_READY)
            if path == "/status":
                _allow(method, _READ)
                return json_reply(200, self.status())
            endpoint = runtime.endpoint_of(path)
            if endpoint is None and path != "/invocations":
                return problem(404, f"{shortened(path)} does not exist; post leads to /invocations")
            _allow(method, ("POST",))
        except RefusedRequest as error:
            return refusal(error)
        headers = dict(scope["headers"])
        reply = await (self._plain(headers, receive) if endpoint is None else self._runtime(endpoint, headers, receive))
        self.counts.note(reply.status)
        return reply

    async def _plain(self, headers: dict[bytes, bytes], receive: Receive) -> Reply:
        serving = self.live.serving
        if serving is None:
            return problem(503, NOT_READY)
        try:
            body = await read_body(headers, receive)
        except RefusedRequest as error:
            return refusal(error)
        return await self._score(serving.chosen(), headers, body)

    async def _runtime(self, endpoint: str, headers: dict[bytes, bytes], receive: Receive) -> Reply:
        if endpoint != self.name:
            return runtime.validation_error(f"Endpoint {shortened(endpoint)} not found; this server is {self.name}.")
        if broken := runtime.header_problem(headers):
            return runtime.validation_error(broken)
        serving = self.live.serving
        if serving is None:
            return runtime.unavailable(NOT_READY)
        target = headers.get(runtime.TARGET_VARIANT, b"").decode("latin-1")
        model = serving.named(target) if target else serving.chosen()
        if model is None:
            return runtime.validation_error(_unknown_variant(target, serving))
        try:
            reply = await self._score(model, headers, await read_body(headers, receive))
        except TooLarge:
            return runtime.too_large(MAXIMUM_BYTES)
        except RefusedRequest as error:
            reply = refusal(error)
        attributes = headers.get(runtime.CUSTOM_ATTRIBUTES, b"")
        return runtime.answered(reply, endpoint=endpoint, variant=model.placed.name, attributes=attributes)

    async def _score(self, model: Model, headers: dict[bytes, bytes], body: bytes) -> Reply:
        asked = Invocation(
            body=body,
            content_type=headers.get(b"content-type", b"").decode("latin-1"),
            accept=headers.get(b"accept", b"").decode("latin-1"),
        )
        try:
            return await self._desk.answer(asked, model)
        except RefusedRequest as error:
            return refusal(error)
        except Exception as error:  # noqa: BLE001 - the entry point: a fault in one request must not end others
            _log_fault(error)
            return problem(500, _INTERNAL)


def _allow(method: str, methods: tuple[str, ...]) -> None:
    if method not in methods:
        raise RefusedRequest(f"{method} is not allowed here; use {methods[0]}", status=405, allow=", ".join(methods))


def _unknown_variant(target: str, serving: Serving) -> str:
    names = ", ".join(model.placed.name for model in serving.models)
    return f"Variant {shortened(target)} not found; this endpoint has {names}."


def _log_fault(error: Exception) -> None:
    """Log where a request failed, without the exception's text: it may quote a lead."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    log.error("a request failed with %s at %s", type(error).__name__, places)
