"""A signed link: one person may answer for one bundle in one role until a moment, once.

The seal is HMAC-SHA256 (RFC 2104) of the payload's text under the home's secret; it is compared in a time that says
nothing of it, and nothing of a payload is read before its seal is right.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac

from leadscore_assets.domain.digests import canonical_json
from leadscore_assets.domain.errors import Refused
from leadscore_assets.domain.facts import Record

# Keeps a seal of this secret from meaning anything else.
_PURPOSE = b"leadscore approval link 1\n"
LONGEST = 2048
KEY_FILE = "approval.key"


@dataclass(frozen=True)
class Invitation(Record):
    """What a link says: who may answer for which bundle, in which role, until when; the nonce makes it count once."""

    version: int
    digest: str
    role: str
    who: str
    expires: datetime
    nonce: str


def sealed(invitation: Invitation, secret: str) -> str:
    """Return the invitation as text for a URL's path."""
    payload = urlsafe_b64encode(canonical_json(invitation.to_json()).encode()).decode().rstrip("=")
    return f"{payload}.{_seal(payload, secret)}"


def opened(token: str, secret: str, now: datetime) -> Invitation:
    """Return the invitation of a link; raise Refused when it was not made here, was changed, or has expired."""
    payload, _, seal = token.partition(".")
    # Without a secret there is no link: an empty key would seal anybody's.
    right = (
        bool(secret)
        and len(token) <= LONGEST
        and compare_digest(_seal(payload, secret).encode(), seal.encode(errors="replace"))
    )
    if not right:
        raise Refused("this link was not made here or was changed; ask for a new one")
    found = Invitation.from_json(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
    if now >= found.expires:
        raise Refused(f"this link expired at {found.expires:%Y-%m-%d %H:%M} UTC; ask for a new one")
    return found


def _seal(payload: str, secret: str) -> str:
    return hmac(bytes.fromhex(secret), _PURPOSE + payload.encode(errors="replace"), sha256).hexdigest()
