"""The ASGI application: routes of a scoring container and of SageMaker Runtime, and nothing that changes state."""

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple

from leadscore_assets.serving import runtime
from leadscore_assets.serving.answers import Reply, problem, refusal
from leadscore_assets.serving.body import MAXIMUM_BYTES, ClientGoneError, Receive, Scope, Send, TooLarge, read_body
from leadscore_assets.serving.desk import Desk
from leadscore_assets.serving.front import Front
from leadscore_assets.serving.gate import Gate
from leadscore_assets.serving.invocation import Asked, Done, naming
from leadscore_assets.serving.keeping import Keeper
from leadscore_assets.serving.models import Live, Serving
from leadscore_assets.serving.pages import NOT_READY, PAGES, Page
from leadscore_assets.serving.refusals import RefusedRequest, shortened
from leadscore_assets.serving.station import Station

Headers = dict[bytes, bytes]


class Ended(NamedTuple):
    """A request's reply and, where a model was asked, what it said to which request."""

    reply: Reply
    done: Done | None = None
    asked: Asked | None = None


class ScoringApp:
    """A bare ASGI callable around the one reference to what is served."""

    pages: ClassVar[Mapping[str, Page]] = PAGES
    endpoint_of = staticmethod(runtime.endpoint_of)

    def __init__(
        self,
        *,
        name: str,
        instance: str,
        live: Live,
        station: Station | None = None,
        waiting: Callable[[], int] | None = None,
        front: Front | None = None,
        desk: Desk | None = None,
    ) -> None:
        self.name = name
        self.instance = instance
        self.live = live
        self.station = station or Station(live)
        self.front = front
        self._desk = desk or Desk()
        self._gate = Gate(waiting)
        self.keeper = Keeper(self.station, self._desk.later)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what else is to be done with it comes after the answer."""
        if scope["type"] != "http":
            return
        headers: Headers = dict(scope["headers"])
        try:
            ended = await self._answer(scope["path"], scope["method"], headers, receive)
        except ClientGoneError:
            return
        reply = ended.reply
        length = (b"content-length", b"%d" % len(reply.body))
        shown = [(b"content-type", reply.content_type.encode()), length, *reply.headers]
        await send({"type": "http.response.start", "status": reply.status, "headers": shown})
        await send({"type": "http.response.body", "body": reply.body})
        if ended.done and ended.asked:
            self.keeper.keep(((ended.done, ended.asked),))

    def close(self) -> None:
        """End the threads that score batches."""
        self._desk.close()

    async def _answer(self, path: str, method: str, headers: Headers, receive: Receive) -> Ended:
        endpoint = self.endpoint_of(path)
        try:
            if path in self.pages:
                _allow(method, ("GET", "HEAD"))
                return Ended(self.pages[path](self.name, self.instance, self.station))
            if endpoint is None and path != "/invocations":
                front = await self.front.answer(path, method, headers, receive) if self.front else None
                return Ended(front or problem(404, f"{shortened(path)} does not exist; post leads to /invocations"))
            _allow(method, ("POST",))
        except RefusedRequest as error:
            return Ended(refusal(error))
        ended = await (self._plain(headers, receive) if endpoint is None else self._runtime(endpoint, headers, receive))
        self.station.requests.note(ended.reply.status)
        return ended

    async def _plain(self, headers: Headers, receive: Receive) -> Ended:
        serving = self.live.serving
        if serving is None:
            return Ended(problem(503, NOT_READY))
        if unknown := _unknown_variant(headers, serving):
            return Ended(problem(400, unknown))
        try:
            done, asked = await self._invoke(serving, headers, receive)
        except RefusedRequest as error:
            return Ended(refusal(error))
        return Ended(naming(done), done, asked)

    async def _runtime(self, endpoint: str, headers: Headers, receive: Receive) -> Ended:
        serving = self.live.serving
        if broken := self._not_invoked(endpoint, headers, serving):
            return Ended(runtime.validation_error(broken))
        if serving is None:
            return Ended(runtime.unavailable(NOT_READY))
        try:
            done, asked = await self._invoke(serving, headers, receive)
        except TooLarge:
            return Ended(runtime.too_large(MAXIMUM_BYTES))
        except RefusedRequest as error:
            if error.status == 503:
                return Ended(runtime.unavailable(str(error)))
            variant = serving.heaviest.placed.name
            return Ended(runtime.model_error(refusal(error), endpoint=endpoint, variant=variant))
        attributes = headers.get(runtime.CUSTOM_ATTRIBUTES, b"")
        reply = runtime.answered(done.reply, endpoint=endpoint, variant=done.model.placed.name, attributes=attributes)
        return Ended(naming(done._replace(reply=reply)), done, asked)

    def _not_invoked(self, endpoint: str, headers: Headers, serving: Serving | None) -> str | None:
        """Say what InvokeEndpoint names that there is not, or which of its headers is wrong."""
        if endpoint != self.name:
            return f"Endpoint {shortened(endpoint)} not found; this server is {self.name}."
        return runtime.header_problem(headers) or (_unknown_variant(headers, serving) if serving else None)

    async def _invoke(self, serving: Serving, headers: Headers, receive: Receive) -> tuple[Done, Asked]:
        """Ask a model; raise RefusedRequest when the server is full or the body does not come whole."""
        large = self._gate.enter(headers)
        try:
            body = await read_body(headers, receive)
            target = headers.get(runtime.TARGET_VARIANT)
            asked = Asked(
                serving,
                body,
                headers.get(b"content-type", b"").decode("latin-1"),
                headers.get(b"accept", b"").decode("latin-1"),
                serving.named(target.decode("latin-1")) if target else None,
                runtime.inference_id(headers),
            )
            return await self._desk.answer(asked), asked
        finally:
            self._gate.leave(large=large)


def _allow(method: str, methods: tuple[str, ...]) -> None:
    if method not in methods:
        raise RefusedRequest(f"{method} is not allowed here; use {methods[0]}", status=405, allow=", ".join(methods))


def _unknown_variant(headers: Headers, serving: Serving) -> str | None:
    """Say that the variant which the client names is none of the endpoint's."""
    target = headers.get(runtime.TARGET_VARIANT)
    if not target or serving.named(target.decode("latin-1")):
        return None
    names = ", ".join(model.placed.name for model in serving.models)
    return f"Variant {shortened(target.decode('latin-1'))} not found; this endpoint has {names}."
