"""Takes invocations within bounds: small ones at once, large ones in two threads, and no more than can wait."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from leadscore_assets.serving.invocation import Asked, Done, Invocation
from leadscore_assets.serving.refusals import RefusedRequest

INLINE_BYTES = 64 * 1024
INLINE_ROWS = 64
_THREADS = 2
_WAITING = 32
_SECONDS = 30.0


class Desk:
    """Answers invocations; refuses (503) when too many large ones wait, or one waits for long."""

    def __init__(self, *, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="batch")
        self._waiting = 0

    async def answer(self, asked: Asked) -> Done:
        """Answer one invocation, whatever happens in it."""
        invocation = Invocation(asked)
        try:
            if len(asked.body) > INLINE_BYTES:
                return await self._in_a_thread(invocation.whole)
            invocation.read()
            if invocation.rows > INLINE_ROWS or invocation.explains:
                return await self._in_a_thread(invocation.finish)
            return invocation.finish()
        except RefusedRequest as error:
            return invocation.refused(error)
        except Exception as error:  # noqa: BLE001 - the entry point: a fault in one request must not end others
            return invocation.failed(error)

    def later(self, work: Callable[[], None]) -> None:
        """Do in a thread what no client waits for; it is left out when too much waits."""
        if self._waiting < _WAITING:
            self._pool.submit(work)

    def close(self) -> None:
        """End the threads after what they do."""
        self._pool.shutdown()

    async def _in_a_thread(self, work: Callable[[], Done]) -> Done:
        if self._waiting >= _WAITING:
            raise RefusedRequest(f"{_WAITING} large requests wait already; try again in a moment", status=503)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except TimeoutError:
            raise RefusedRequest(
                f"no score within {self._seconds:.0f} seconds; send fewer at once", status=503
            ) from None
        finally:
            self._waiting -= 1
