"""What a person sees of the server and does there: the live page, its data, the rollback's request, signed links.

Nothing here is on the way of a lead: work is done in threads, and no answer counts as a scoring request.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from leadscore_assets.serving.answers import Reply, json_reply, problem, refusal
from leadscore_assets.serving.approval_door import PATH, ApprovalDoor
from leadscore_assets.serving.body import Receive
from leadscore_assets.serving.folder import StateFolder
from leadscore_assets.serving.history import HistoryFile, Sampler
from leadscore_assets.serving.home_command import HomeCommand
from leadscore_assets.serving.live_page import STRICT, live_page
from leadscore_assets.serving.live_view import live_view
from leadscore_assets.serving.page_token import PageToken
from leadscore_assets.serving.refusals import RefusedRequest
from leadscore_assets.serving.rollback_order import Headers, Unauthorized, read_order, rollback_arguments
from leadscore_assets.serving.station import Station, all_counts
from leadscore_assets.serving.story_file import read_story

_FRESH_SECONDS = 0.5
_NO_HOME = "this server knows no home to roll back in; run 'leadscore rollback' there"
log = logging.getLogger(__name__)


class Front:
    """The pages of one server's folder; `home` is where rollbacks and the answers of signed links are carried out."""

    def __init__(self, folder: StateFolder, station: Station, *, name: str, home: Path | None = None) -> None:
        self._folder = folder
        self._station = station
        self._name = name
        self._history = HistoryFile(folder.history_file)
        self._token = PageToken(folder.token_file)
        self._run = HomeCommand(home, folder.path / "rollback.lock", "rollback") if home else None
        self._door = ApprovalDoor(home, folder.path / "approval.lock") if home else None
        self._reading = threading.Lock()
        self._kept: tuple[float, Reply] | None = None

    async def answer(self, path: str, method: str, headers: Headers, receive: Receive) -> Reply | None:
        """Answer a request for one of these pages; None for any other path."""
        if path == "/rollback":
            return await self._rollback(method, headers, receive)
        if path.startswith(PATH) and self._door:
            return await self._door.answer(path, method, headers, receive)
        pages: dict[str, Callable[[], Reply]] = {"/": live_page, "/live.json": self._read}
        if path not in pages:
            return None
        if method not in ("GET", "HEAD"):
            return refusal(_not_allowed(method, "GET", "HEAD"))
        if path == "/live.json" and (fresh := self._fresh()):
            return fresh
        return await asyncio.to_thread(pages[path])

    def sampler(self) -> Sampler:
        """Return what samples the whole server's counts; one process of a server does."""
        station = self._station
        return Sampler(
            HistoryFile(self._folder.history_file),
            configuration=lambda: station.book.configuration,
            counts=lambda: all_counts(station.everyone()),
        )

    def _fresh(self) -> Reply | None:
        return self._kept[1] if self._kept and time.monotonic() - self._kept[0] < _FRESH_SECONDS else None

    def _read(self) -> Reply:
        """Return a reading; one that is fresh serves everybody who asks."""
        with self._reading:
            return self._fresh() or self._read_anew()

    def _read_anew(self) -> Reply:
        view = live_view(
            self._station,
            name=self._name,
            history=self._history.samples(),
            story=read_story(self._folder),
            rollback=self._run is not None,
        )
        reply = json_reply(200, view, headers=STRICT)
        self._kept = time.monotonic(), reply
        return reply

    async def _rollback(self, method: str, headers: Headers, receive: Receive) -> Reply:
        try:
            if method != "POST":
                raise _not_allowed(method, "POST")
            order = await read_order(headers, receive, token=self._token)
            if self._run is None:
                return _strict(problem(501, _NO_HOME))
            log.info("a rollback is asked for on the page")
            done = await asyncio.to_thread(self._run.carry_out, *rollback_arguments(order))
        except Unauthorized as error:
            challenge = (b"www-authenticate", b'Bearer realm="leadscore rollback"')
            return _strict(refusal(error), challenge)
        except RefusedRequest as error:
            return _strict(refusal(error))
        except OSError as error:
            log.error("the rollback could not be started: %s", error)
            return _strict(problem(500, "the rollback could not be started; run 'leadscore rollback'"))
        self._kept = None
        return json_reply(200, done, headers=STRICT)


def _strict(reply: Reply, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(reply.status, reply.body, reply.content_type, (*reply.headers, *headers, *STRICT))


def _not_allowed(method: str, *methods: str) -> RefusedRequest:
    return RefusedRequest(f"{method} is not allowed here; use {methods[0]}", status=405, allow=", ".join(methods))
