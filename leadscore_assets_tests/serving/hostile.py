"""Bodies of a broken or a hostile client: huge, deep, cut, wrongly encoded, with impossible numbers and keys."""

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

JSON, LINES, CSV = "application/json", "application/jsonlines", "text/csv"
_NUMBERS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "1e308",
    "5e-324",
    "-0",
    "0x10",
    "01",
    "1_000",
    "9" * 400,
]
_TEXTS = ["", " ", "\x00", "\ud83d", "é", "💥" * 50, "a" * 5000, "'; DROP TABLE leads; --", "../../etc/passwd", "null"]


def hostile(lead: Mapping[str, Any], draw: random.Random) -> tuple[bytes, str]:
    """Return a body and its content type."""
    return draw.choice(_MAKERS)(dict(lead), draw)


def large(lead: Mapping[str, Any], draw: random.Random) -> tuple[bytes, str]:
    """Return one of the bodies that take a server the most memory."""
    return draw.choice(_LARGE)(dict(lead), draw)


def _changed(lead: dict[str, Any], draw: random.Random) -> tuple[bytes, str]:
    for _ in range(draw.randint(1, 4)):
        lead[draw.choice([*lead, "unknown"])] = draw.choice([*_TEXTS, None, True, -1, 1e300, [], {}, [lead.get("x")]])
    return json.dumps(lead).encode(), JSON


def _number(lead: dict[str, Any], draw: random.Random) -> tuple[bytes, str]:
    name = draw.choice(list(lead))
    text = json.dumps({**lead, name: "@"}).replace('"@"', draw.choice(_NUMBERS))
    return text.encode("utf-8", "surrogatepass"), draw.choice([JSON, LINES])


def _twice(lead: dict[str, Any], draw: random.Random) -> tuple[bytes, str]:
    name = draw.choice(list(lead))
    again = json.dumps({name: draw.choice([lead[name], None, "x", 1e9])})
    return (json.dumps(lead)[:-1] + ", " + again[1:]).encode(), JSON


def _deep(_: dict[str, Any], draw: random.Random) -> tuple[bytes, str]:
    depth = draw.choice([10, 1_000, 100_000])
    opening, closing = draw.choice([("[", "]"), ('{"a":', "}")])
    return (opening * depth + "1" + (closing * depth if draw.random() < 0.5 else "")).encode(), JSON


def _cut(lead: dict[str, Any], draw: random.Random) -> tuple[bytes, str]:
    text = json.dumps(lead).encode()
    return text[: draw.randrange(len(text))], draw.choice([JSON, LINES, CSV])


def _bytes(lead: dict[str, Any], draw: random.Random) -> tuple[bytes, str]:
    text = bytearray(json.dumps(lead).encode())
    for _ in range(draw.randint(1, 6)):
        text[draw.randrange(len(text))] = draw.randrange(256)
    return bytes(text), draw.choice([JSON, LINES, CSV])


def _encoded(lead: dict[str, Any], draw: random.Random) -> tuple[bytes, str]:
    return json.dumps(lead).encode(draw.choice(["utf-16", "utf-32", "utf-8-sig", "cp037"])), JSON


def _row(lead: dict[str, Any], draw: random.Random) -> tuple[bytes, str]:
    cells = [str(value) for value in lead.values()]
    change = draw.choice(["short", "long", "quote", "null", "empty"])
    if change == "short":
        cells = cells[: draw.randrange(len(cells))]
    elif change == "long":
        cells += ["1"] * draw.choice([1, 5, 5_000])
    else:
        cells[draw.randrange(len(cells))] = {"quote": '"', "null": "\x00", "empty": ""}[change]
    lines = [",".join(lead)] if draw.random() < 0.3 else []
    return "\n".join([*lines, ",".join(cells)]).encode(), CSV


def _many(lead: dict[str, Any], draw: random.Random) -> tuple[bytes, str]:
    count = draw.choice([0, 3, 300, 10_001])
    item = json.dumps(lead) if count < 1000 else "{}"
    wrapped = f'{{"instances": [{",".join([item] * count)}]}}'
    return (wrapped if draw.random() < 0.5 else f"[{','.join([item] * count)}]").encode(), JSON


def _huge(_: dict[str, Any], draw: random.Random) -> tuple[bytes, str]:
    return draw.choice([b" ", b"[", b"1,", b'{"a":"']) * draw.choice([100_000, 1_500_000]), draw.choice([JSON, CSV])


def _noise(_: dict[str, Any], draw: random.Random) -> tuple[bytes, str]:
    return draw.randbytes(draw.randrange(300)), draw.choice([JSON, LINES, CSV, "", "image/png", "application/json;x"])


Maker = Callable[[dict[str, Any], random.Random], tuple[bytes, str]]
_USUAL: list[Maker] = [_changed, _number, _twice, _cut, _bytes, _encoded, _row, _noise]
_LARGE: list[Maker] = [_deep, _many, _huge]
_MAKERS: list[Maker] = [*(_USUAL * 6), *_LARGE]
