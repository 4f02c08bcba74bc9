"""What the files of a lake are, told from their paths; what is not known here is nobody's to remove."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

_WEEK = r"week=(?P<week>\d{4}-\d\d-\d\d)"
_DIGEST = r"[0-9a-f]{64}"
_PATTERNS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("unfinished", r"(.*/)?\.[^/]+\.(tmp|gone)(/.*)?"),
        ("leads", rf"leads/{_WEEK}/manifest\.json"),
        ("generation", rf"leads/{_WEEK}/generations/{_DIGEST}\.json"),
        ("rows", rf"leads/{_WEEK}/day=[^/]+/part-[0-9a-f]+\.parquet"),
        ("rows", rf"(quarantine|profiles|served|scored|runs)/{_WEEK}/part-[0-9a-f]+\.parquet"),
        ("profile", rf"profiles/{_WEEK}/[^/]+\.json"),
        ("slice", rf"slices/{_WEEK}/[^/]+\.json"),
        ("pointer", rf"models/{_WEEK}/model\.json"),
        ("gate", rf"gates/{_WEEK}/[^/]+\.json"),
        ("list", rf"scored/{_WEEK}/[^/]+"),
        ("report", rf"(reports|replays|runs)/{_WEEK}/[^/]+"),
        ("evaluation", rf"evaluations/{_DIGEST}\.json"),
        ("drift", rf"drifts/{_DIGEST}\.json"),
    )
)
# What there is once, whatever the week: the release's state, what is counted in, what the newest of a kind says.
_KEPT = re.compile(
    r"release/(state|outcomes|look)\.json"
    r"|profiles/bins-[0-9a-f]+\.json"
    r"|reports/(replay\.(json|html)|weeks\.json|index\.html)"
    r"|upkeep/unfinished\.json"
)
# Documents that name stored files.
_NAMING = ("leads", "generation", "slice", "profile")
_NAMING_FILES = ("/served.json", "/shown.json", "/runs.json")


def kind_of(path: str) -> tuple[str, date | None] | None:
    """Return a lake file's kind and week; None for a file that this product does not know."""
    for kind, pattern in _PATTERNS:
        found = pattern.fullmatch(path)
        if found:
            week = found.groupdict().get("week")
            return kind, date.fromisoformat(week) if week else None
    return None


def is_kept(path: str) -> bool:
    """Tell whether a lake file is one of the few that stay for ever: there is one of each, and it is written anew."""
    return _KEPT.fullmatch(path) is not None


def names_files(kind: str, path: str) -> bool:
    """Tell whether a document of a kind may name stored files."""
    return kind in _NAMING or path.endswith(_NAMING_FILES)


def named_files(content: Any) -> Iterator[str]:
    """Yield the paths of stored files that a document names, at any depth."""
    if isinstance(content, Mapping):
        if isinstance(content.get("path"), str) and "sha256" in content:
            yield content["path"]
        if isinstance(content.get("quarantine_file"), str):
            yield content["quarantine_file"]
        for item in content.values():
            yield from named_files(item)
    elif isinstance(content, list | tuple):
        for item in content:
            yield from named_files(item)
