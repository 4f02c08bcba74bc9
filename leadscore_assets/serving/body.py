"""Reads a request's headers and body off the wire, within bounds of size and time."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from leadscore_assets.serving.refusals import RefusedRequest

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAXIMUM_BYTES = 6_291_456
_SECONDS = 60.0
_DIGITS = 12


class TooLarge(RefusedRequest):
    """The body is above a limit, in bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"the body has more than {most:,} bytes; send less at once", status=413)


class ClientGoneError(Exception):
    """The client closed the connection before its request was whole; nobody is left to answer."""


def declared_bytes(headers: dict[bytes, bytes]) -> int | None:
    """Return the length that a request says its body has; None where it says none; more digits count as too many."""
    said = headers.get(b"content-length", b"")
    if not said.isdigit():
        return None
    digits = said.lstrip(b"0")
    return int(digits or b"0") if len(digits) <= _DIGITS else 10**_DIGITS


async def read_body(headers: dict[bytes, bytes], receive: Receive, *, most: int = MAXIMUM_BYTES) -> bytes:
    """Return a request's body; raise RefusedRequest (413 too large, 415 compressed, 408 slow) or ClientGoneError."""
    encoding = headers.get(b"content-encoding", b"identity").lower()
    if encoding not in (b"", b"identity"):
        raise RefusedRequest("compressed bodies are not read; send the body as it is", status=415)
    if (declared_bytes(headers) or 0) > most:
        raise TooLarge(most)
    try:
        async with asyncio.timeout(_SECONDS):
            return await _received(receive, most)
    except TimeoutError:
        raise RefusedRequest(f"the body did not arrive within {_SECONDS:.0f} seconds", status=408) from None


async def _received(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGoneError
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise TooLarge(most)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
