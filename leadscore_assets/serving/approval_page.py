"""The page of a signed link: what would be approved, with its figures, and two buttons; or why the link counts no more.

It has no script, and a look at it changes nothing, so that a mail's scanner approves nothing. Everything that it shows
is escaped.
"""

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from typing import Any

from leadscore_assets.serving.answers import Reply
from leadscore_assets.serving.live_page import STRICT

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1b2431}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{padding:.3rem .5rem;border-bottom:1px solid #dde3ea;text-align:right}"
    "th:first-child{text-align:left;font-weight:400}textarea{width:100%;font:inherit}"
    "button{font:inherit;padding:.6rem 1.2rem;margin:.6rem .6rem 0 0}"
)
_RULES = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def asking_page(shown: Mapping[str, Any]) -> Reply:
    """Return the page that asks: what the command said of the link, and a form that posts to this very address."""
    text = {name: escape(str(value)) for name, value in shown.items()}
    rows = "".join(_row(name, *values) for name, values in shown["metrics"].items())
    body = (
        f"<p>{text['who']} is asked as <b>{text['role']}</b>, until {text['expires']}.</p>"
        f"<p>Version {text['version']} ({text['semver']}) of the week {text['week']}, judged on {text['rows']} leads. "
        f"{text['verdict']}</p>"
        "<table><tr><th>Figure</th><th>This version</th><th>Champion</th></tr>"
        f"{rows}</table>"
        "<form method='post'><p><label>Comment<br><textarea name='comment' rows='3' maxlength='500'></textarea></label>"
        "</p><button name='decision' value='approved'>Approve</button>"
        "<button name='decision' value='declined'>Decline</button></form>"
    )
    return _page(200, f"Release of version {text['version']}", body)


def told_page(status: int, title: str, text: str) -> Reply:
    """Return a page that says one thing."""
    return _page(status, escape(title), f"<p>{escape(text)}</p>")


def _row(name: str, value: float, before: float | None) -> str:
    champion = "" if before is None else f"{before:.4f}"
    return f"<tr><th>{escape(name)}</th><td>{value:.4f}</td><td>{champion}</td></tr>"


def _page(status: int, title: str, body: str) -> Reply:
    page = (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'><meta name='robots' content='noindex'>"
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    )
    # Without a referrer a browser names no origin when the form is posted, and the door asks for it.
    kept = tuple(item for item in STRICT if item[0] != b"referrer-policy")
    headers = ((b"content-security-policy", _RULES.encode()), (b"referrer-policy", b"same-origin"), *kept)
    return Reply(status, page.encode(), "text/html; charset=utf-8", headers)
