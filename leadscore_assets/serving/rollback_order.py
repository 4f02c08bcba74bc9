"""What a rollback asked for over HTTP must bring: the token, the server's own page as origin, and a small JSON body."""

from typing import Annotated

import msgspec

from leadscore_assets.serving.body import Receive, read_body
from leadscore_assets.serving.page_token import PageToken
from leadscore_assets.serving.refusals import RefusedRequest

MAXIMUM_BYTES = 4096
REASON_CHARACTERS = 500
ACTOR = "endpoint page"
_SCHEME = "bearer "
Headers = dict[bytes, bytes]


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rollback: why, and to which version; what answered before by default."""

    reason: Annotated[str, msgspec.Meta(max_length=REASON_CHARACTERS)] = ""
    to: Annotated[float, msgspec.Meta(ge=1, le=2**31 - 1, multiple_of=1)] | None = None

    @property
    def version(self) -> int | None:
        """The version as a whole number: JSON knows 3 and 3.0 as the same."""
        return None if self.to is None else int(self.to)

    @property
    def why(self) -> str:
        """The reason on one line of visible characters, or who asked when none was given."""
        seen = "".join(letter if letter.isprintable() else " " for letter in self.reason)
        return " ".join(seen.split()) or "asked for on the endpoint's page"


def rollback_arguments(order: Order) -> tuple[str, ...]:
    """Return the command line of an order."""
    to = () if order.version is None else (f"--to={order.version}",)
    return ("rollback", "--json", f"--reason={order.why}", f"--actor={ACTOR}", *to)


class Unauthorized(RefusedRequest):
    """The token is missing or wrong."""

    def __init__(self) -> None:
        super().__init__("the token is missing or wrong; 'leadscore endpoint token' shows it", status=401)


async def read_order(headers: Headers, receive: Receive, *, token: PageToken) -> Order:
    """Return the order; raise RefusedRequest (401, 403, 413, 415 or 400), and say nothing before the token is right."""
    if not token.allows(_given(headers)):
        raise Unauthorized
    check_origin(headers, "roll back")
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if kind != b"application/json":
        raise RefusedRequest("a rollback is asked for in JSON; send Content-Type: application/json", status=415)
    body = await read_body(headers, receive, most=MAXIMUM_BYTES)
    try:
        return msgspec.json.decode(body, type=Order)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedRequest(f'{error}; send {{"reason": "...", "to": null}}', status=400) from None


def _given(headers: Headers) -> str:
    value = headers.get(b"authorization", b"").decode("latin-1")
    return value[len(_SCHEME) :].strip() if value[: len(_SCHEME)].lower() == _SCHEME else ""


def check_origin(headers: Headers, deed: str) -> None:
    """Refuse a page of another site: a browser says whose page asks."""
    origin = headers.get(b"origin")
    if origin is None:
        return
    scheme, _, place = origin.lower().partition(b"://")
    if scheme not in (b"http", b"https") or not place or place != headers.get(b"host", b"").lower():
        raise RefusedRequest(f"a page of another site may not {deed}; use the endpoint's own", status=403)
