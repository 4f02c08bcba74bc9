"""The application in a container: /ping, /invocations and /metrics; what belongs to an endpoint is the platform's."""

from collections.abc import Mapping
from typing import ClassVar

from leadscore_assets.serving.app import ScoringApp
from leadscore_assets.serving.body import Receive, Scope, Send
from leadscore_assets.serving.pages import PAGES, Page
from leadscore_assets.serving.runtime import TARGET_VARIANT


class ContainerApp(ScoringApp):
    """A scoring application that knows no endpoint, no variant but its own, and no page for a person."""

    pages: ClassVar[Mapping[str, Page]] = {path: PAGES[path] for path in ("/ping", "/metrics")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the variant that its client named was chosen by the platform already."""
        scope["headers"] = [pair for pair in scope.get("headers", ()) if pair[0] != TARGET_VARIANT]
        await super().__call__(scope, receive, send)

    @staticmethod
    def endpoint_of(_path: str) -> str | None:
        """Return no endpoint: the platform has InvokeEndpoint's path, the container has /invocations."""
        return None
