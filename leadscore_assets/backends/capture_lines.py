"""Captured requests as lines of SageMaker's data capture, read into rows: one for each lead that was answered.

The answer alone is read, for it holds the lead's key, its scores and the model. JSON, JSON Lines and CSV are understood
whether they were kept as text or as base64. A line of any other form is told apart, never guessed at.
"""

import base64
import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from leadscore_assets.domain.captured import CAPTURED
from leadscore_assets.domain.release_state import SHADOW

_COLUMNS = ("lead_id", "score", "score_rounded", "band", "conversion_probability", "model_version", "model_digest")
_TEXTS = ("JSON", "CSV")
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_MOST_VERSION = 2**63
Mask = Callable[[str], str]


@dataclass(frozen=True)
class Readable:
    """A file's rows in CAPTURED's columns, and how many of its lines could not be read."""

    table: pa.Table
    unreadable: int


def read_lines(content: bytes, *, variant: str, mask: Mask | None) -> Readable:
    """Read a file of one variant; `mask` gives what stands for a key, None where the file holds no plain keys."""
    rows: list[dict[str, Any]] = []
    unreadable = 0
    for line in content.splitlines():
        if not line.strip():
            continue
        try:
            rows += _rows(json.loads(line), variant, mask)
        except _UNREADABLE:
            unreadable += 1
    return Readable(pa.Table.from_pylist(rows, schema=CAPTURED), unreadable)


def _rows(line: dict[str, Any], variant: str, mask: Mask | None) -> list[dict[str, Any]]:
    about, answer = line["eventMetadata"], line["captureData"]["endpointOutput"]
    at = datetime.fromisoformat(about["inferenceTime"])
    common = {
        "at": at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC),
        # The client's own id is the same in production and in shadow wherever they are kept.
        "event": _word(about.get("inferenceId") or about["eventId"]) or "",
        "role": "shadow" if variant == SHADOW else "production",
        "variant": variant,
    }
    return [common | _row(item, mask) for item in _answers(_text(answer), answer.get("observedContentType") or "")]


def _text(side: dict[str, Any]) -> str:
    data, encoding = side["data"], side.get("encoding", "JSON")
    if encoding == "BASE64":
        return base64.b64decode(data, validate=True).decode()
    if encoding not in _TEXTS or not isinstance(data, str):
        raise ValueError(encoding)
    return data


def _answers(text: str, content_type: str) -> Iterator[dict[str, Any]]:
    """Yield what was answered for each lead; a refusal is one answer without a score."""
    kind = content_type.split(";", maxsplit=1)[0].strip().lower()
    if kind == "text/csv":
        yield from _csv(text)
    elif kind in ("application/jsonlines", "application/x-ndjson"):
        yield from (json.loads(line) for line in text.splitlines() if line.strip())
    else:
        found = json.loads(text)
        model = {name: found.get(name) for name in ("model_version", "model_digest")}
        yield from ({**item, **model} for item in found["predictions"]) if "predictions" in found else [found]


def _csv(text: str) -> Iterable[dict[str, Any]]:
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if rows and tuple(rows[0]) == _COLUMNS:
        rows = rows[1:]
    if any(len(row) != len(_COLUMNS) for row in rows):
        raise ValueError("columns")
    return [{name: value or None for name, value in zip(_COLUMNS, row, strict=True)} for row in rows]


def _row(item: dict[str, Any], mask: Mask | None) -> dict[str, Any]:
    if "score" not in item and "error" not in item:
        raise KeyError("score")
    key = item.get("lead_id")
    return {
        "version": _version(item.get("model_version")),
        "digest": _word(item.get("model_digest")),
        "lead": None if key is None else mask(str(key)) if mask else _word(str(key)),
        "score": _number(item.get("score")),
        "conversion_probability": _number(item.get("conversion_probability")),
        "band": _word(item.get("band")),
    }


def _version(value: Any) -> int | None:
    found = None if value is None else int(value)
    if found is not None and not 0 <= found < _MOST_VERSION:
        raise ValueError(found)
    return found


def _word(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(value)
    if value is not None:
        # A text that is no Unicode cannot be kept in a table.
        value.encode()
    return value


def _number(value: Any) -> float | None:
    found = None if value is None else float(value)
    return found if found is not None and math.isfinite(found) else None
