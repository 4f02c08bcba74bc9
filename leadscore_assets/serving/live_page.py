"""The live page's bytes and the headers that keep it to itself: one file, its style and script inside it, no other."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from leadscore_assets.serving.answers import Reply

_STYLE, _SCRIPT = "/* the style stands here */", "/* the script stands here */"
_TEMPLATES = "leadscore_assets.reports"
Header = tuple[bytes, bytes]
STRICT: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


@cache
def live_page() -> Reply:
    """Return the page; it holds no data, and its policy allows this style, this script and this server alone."""
    style, script = f"{_file('page.css')}{_file('live.css')}", _file("live.js")
    page = _file("live.html").replace(_STYLE, style).replace(_SCRIPT, script)
    rules = (
        "default-src 'none'",
        f"style-src '{_hash(style)}'",
        f"script-src '{_hash(script)}'",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    policy = (b"content-security-policy", "; ".join(rules).encode())
    return Reply(200, page.encode(), "text/html; charset=utf-8", (policy, *STRICT))


def _file(name: str) -> str:
    return files(_TEMPLATES).joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The source expression of an inline element's text (Content Security Policy 3, 2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
