"""Hands connections on to a port of this container's loopback, where the scoring server listens: FROM_PORT TO_PORT."""

import asyncio
import contextlib
import sys

_BYTES = 65536


async def forward(port: int, target: int) -> None:
    """Listen on every address of the container and hand each connection on, for ever."""

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError):
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", target)
            with contextlib.closing(there_writer):
                await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))

    server = await asyncio.start_server(hand_on, "0.0.0.0", port)  # noqa: S104 - of a container; compose publishes the proxy alone
    async with server:
        await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, and say the end."""
    while data := await reader.read(_BYTES):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


if __name__ == "__main__":
    asyncio.run(forward(int(sys.argv[1]), int(sys.argv[2])))
