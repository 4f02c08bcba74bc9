"""Rows taken out of a Delta table by a deletion vector, as other writers do it, by the letter of the protocol."""

import base64
import json
import struct
from pathlib import Path

_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_B85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_MAGIC, _COOKIE = 1681511377, 12346


def take_out(table: Path, rows: list[int]) -> None:
    """Commit to a table of one file a deletion vector that takes out these rows (an even number of them)."""
    log = table / "_delta_log"
    commits = sorted(log.glob("*.json"))
    actions = [json.loads(line) for path in commits for line in path.read_text().splitlines()]
    added = [action["add"] for action in actions if "add" in action][-1]
    bitmap = _bitmap(rows)
    vector = {"storageType": "i", "sizeInBytes": len(bitmap), "cardinality": len(rows)}
    vector["pathOrInlineDv"] = _inline(bitmap)
    removed = {name: added[name] for name in ("path", "size", "partitionValues")}
    entries = [
        {"remove": {**removed, "deletionTimestamp": added["modificationTime"], "dataChange": True}},
        {"add": {**added, "deletionVector": vector}},
    ]
    (log / f"{len(commits):020}.json").write_text("\n".join(json.dumps(entry) for entry in entries) + "\n")


def _inline(bitmap: bytes) -> str:
    return base64.b85encode(bitmap).decode().translate(str.maketrans(_B85, _Z85))


def _bitmap(rows: list[int]) -> bytes:
    """A portable Roaring bitmap of one array container, in Delta's own frame for 64 bits."""
    values = struct.pack(f"<{len(rows)}H", *sorted(rows))
    container = struct.pack("<IIHHI", _COOKIE, 1, 0, len(rows) - 1, 16) + values
    return struct.pack("<IQI", _MAGIC, 1, 0) + container
