"""The door of signed links: a look shows what would be approved, a post answers, and the link is checked before either.

Nothing is started for a link that was not made here; the home's own command does the rest.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs

from leadscore_assets.domain.approval_link import KEY_FILE, opened
from leadscore_assets.domain.errors import Refused
from leadscore_assets.serving.answers import Reply
from leadscore_assets.serving.approval_page import asking_page, told_page
from leadscore_assets.serving.body import Receive, read_body
from leadscore_assets.serving.home_command import HomeCommand
from leadscore_assets.serving.page_token import PageToken
from leadscore_assets.serving.refusals import RefusedRequest
from leadscore_assets.serving.rollback_order import Headers, check_origin

PATH = "/approval/"
_FORM = b"application/x-www-form-urlencoded"
_MAXIMUM_BYTES = 8192
_COMMAND = ("release", "answer")
log = logging.getLogger(__name__)


def _clock() -> datetime:
    return datetime.now(UTC)


class ApprovalDoor:
    """Answers the links of one home; `lock` keeps its answers one at a time."""

    def __init__(self, home: Path, lock: Path, *, now: Callable[[], datetime] = _clock) -> None:
        self._secret = PageToken(home / KEY_FILE)
        self._run = HomeCommand(home, lock, "approval")
        self._now = now

    async def answer(self, path: str, method: str, headers: Headers, receive: Receive) -> Reply:
        """Return the page of a link: 200, 403 for one that does not count, 405, 409 where it is refused."""
        token = path.removeprefix(PATH)
        try:
            if method not in ("GET", "HEAD", "POST"):
                raise RefusedRequest(f"{method} is not allowed here; use GET", status=405, allow="GET, HEAD, POST")
            opened(token, self._secret.present() or "", self._now())
            if method != "POST":
                return asking_page(await asyncio.to_thread(self._said, {"token": token}))
            decision, comment = await _form(headers, receive)
            done = await asyncio.to_thread(self._said, {"token": token, "decision": decision, "comment": comment})
        except Refused as error:
            return told_page(403, "This link does not count", f"{error}")
        except RefusedRequest as error:
            reply = told_page(error.status, HTTPStatus(error.status).phrase, f"{error}")
            return reply._replace(
                headers=(*reply.headers, *([(b"allow", error.allow.encode())] if error.allow else []))
            )
        except OSError as error:
            log.error("the approval could not be started: %s", error)
            return told_page(500, "Not done", "The approval could not be started; try again.")
        title = "Approved" if decision == "approved" else "Declined"
        return told_page(200, title, f"{done['reason']}. Thank you; this page can be closed.")

    def _said(self, asked: dict[str, str]) -> dict[str, object]:
        # By the standard input: a process's arguments are read by everybody on the machine.
        return self._run.carry_out(*_COMMAND, said=json.dumps(asked))


async def _form(headers: Headers, receive: Receive) -> tuple[str, str]:
    check_origin(headers, "answer")
    if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != _FORM:
        raise RefusedRequest("an answer is a form's; use the page's buttons", status=415)
    body = await read_body(headers, receive, most=_MAXIMUM_BYTES)
    found = parse_qs(body.decode("utf-8", errors="replace"), max_num_fields=8)
    decision = found.get("decision", [""])[0]
    if decision not in ("approved", "declined"):
        raise RefusedRequest("the answer is neither approved nor declined; use the page's buttons", status=400)
    return decision, found.get("comment", [""])[0]
