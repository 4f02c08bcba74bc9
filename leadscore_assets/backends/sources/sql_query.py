"""The query that a home's leads come from: one SELECT, and nothing else."""

import re

from leadscore_assets.domain.errors import InvalidInput

_QUIET = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
    | --[^\n]* | /\*.*?\*/""",
    re.DOTALL | re.VERBOSE,
)
_STARTS = re.compile(r"\s*\(*\s*(select|with)\b", re.IGNORECASE)
_UNCLOSED = ("'", '"', "`", "/*", "*/")


def single_select(text: str, *, place: str) -> str:
    """Return a query without its last semicolon; raise InvalidInput when it is anything but one SELECT.

    What would still change data inside a SELECT (a writing function, a WITH that deletes) is refused by the database:
    the query is read as a subquery, in a transaction that may only read.
    """
    bare = _QUIET.sub(lambda found: " " * len(found[0]), text)
    end = len(bare.rstrip())
    while end and bare[end - 1] == ";":
        end = len(bare[: end - 1].rstrip())
    problem = _problem(bare[:end])
    if problem:
        raise InvalidInput(f"{place} {problem}; write one SELECT that gives the leads")
    return text[:end]


def _problem(bare: str) -> str | None:
    if not bare.strip():
        return "is empty"
    if any(mark in bare for mark in _UNCLOSED):
        return "has a quote or comment that is not closed"
    if ";" in bare:
        return "holds more than one statement"
    if not _STARTS.match(bare):
        return f"begins with {bare.split(maxsplit=1)[0][:20]!r}"
    depth = 0
    for mark in re.findall(r"[()]", bare):
        depth += 1 if mark == "(" else -1
        if depth < 0:
            break
    return "has parentheses that do not match" if depth else None
