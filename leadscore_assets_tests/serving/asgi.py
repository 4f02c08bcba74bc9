"""Calls an ASGI application in process, as a server would."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadscore_assets.serving.app import ScoringApp

INVOKE = "/endpoints/leadscore/invocations"


@dataclass(frozen=True)
class Got:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(
    app: ScoringApp,
    path: str,
    body: bytes | Any = b"",
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    pieces: int = 1,
) -> Got:
    """Send one request; a body that is not bytes goes as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"content-type": "application/json", **(headers or {})}
    return asyncio.run(_call(app, path, content, method, [(k.encode(), v.encode()) for k, v in sent.items()], pieces))


async def _call(app: ScoringApp, path: str, body: bytes, method: str, headers: list[Any], pieces: int) -> Got:
    step = max(1, -(-len(body) // pieces))
    parts = [body[at : at + step] for at in range(0, len(body), step)] or [b""]
    incoming = [
        {"type": "http.request", "body": part, "more_body": at < len(parts) - 1} for at, part in enumerate(parts)
    ]
    outgoing: list[Any] = []

    async def receive() -> Any:
        return incoming.pop(0) if incoming else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        outgoing.append(message)

    await app({"type": "http", "method": method, "path": path, "headers": headers}, receive, send)
    start, end = outgoing
    return Got(start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, end["body"])
