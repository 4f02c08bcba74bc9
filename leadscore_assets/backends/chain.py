"""The ledger's chain: how a record is sealed to the one before it, and how a broken chain is told.

Pure: rows come in as the table holds them. Every adapter that keeps a ledger seals and verifies with these functions.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from leadscore_assets.domain.digests import canonical_json
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Overtaken
from leadscore_assets.domain.facts import LedgerRecord

BEFORE_THE_FIRST = "0" * 64


def sealed(head: tuple[int, str], *, at: datetime, fields: Mapping[str, str], key: str | None) -> dict[str, Any]:
    """Return the row that follows `head` (number and hash); `fields` are actor, action, subject, reason, evidence."""
    seq = head[0] + 1
    moment = at.astimezone(UTC).isoformat()
    row: dict[str, Any] = {"seq": seq, "at": moment, **fields, "previous": head[1], "key": key or f"#{seq}"}
    return row | {"hash": _hash(row)}


def evidence_text(action: str, evidence: Mapping[str, Any]) -> str:
    """Write a record's evidence as canonical JSON; raise InvalidInput for what is not JSON."""
    try:
        return canonical_json(dict(evidence))
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"the evidence for {action} is not JSON ({error}); give finite numbers and text keys"
        ) from None


def _hash(row: Mapping[str, Any]) -> str:
    content = {name: value for name, value in row.items() if name != "hash"}
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def findings(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Return what is wrong with rows in the order of their numbers, one sentence a finding."""
    seq, previous = 0, BEFORE_THE_FIRST
    for row in rows:
        if not isinstance(row["seq"], int):
            yield f"a record after number {seq} is numbered {row['seq']!r}: its number was changed"
            continue
        if row["seq"] < 1:
            yield f"a record before number 1 is numbered {row['seq']}: its number was changed"
            continue
        if row["seq"] != seq + 1:
            missing = f"{seq + 1}" if row["seq"] == seq + 2 else f"{seq + 1} to {row['seq'] - 1}"
            yield f"record {missing} is missing before record {row['seq']}: it was deleted, or the numbers were changed"
        if _hash(row) != row["hash"]:
            yield f"record {row['seq']} does not match its own hash: one of its fields was changed"
        if row["previous"] != previous:
            yield f"record {row['seq']} does not follow record {seq}: one was changed, removed, inserted or moved"
        seq, previous = row["seq"], row["hash"]


def cut_off(rows: Sequence[Mapping[str, Any]], head: tuple[int, str]) -> list[str]:
    """Compare rows with a head that was kept elsewhere: number and hash of a record that was once the newest."""
    seq, kept = head
    found = next((row["hash"] for row in rows if row["seq"] == seq), None)
    if not seq or found == kept:
        return []
    if found is not None:
        return [f"record {seq} is not the one whose hash was kept: records up to it were written anew"]
    last = rows[-1]["seq"] if rows else 0
    return [f"record {seq}, whose hash was kept, is gone and the newest is record {last}: the newest were cut off"]


def overtaken(expect: tuple[int, str], winner: Mapping[str, Any] | None) -> Overtaken:
    """Return the error of a writer whose decision stood on a head that is no longer the newest."""
    if winner is None:
        return Overtaken(f"the ledger does not end at record {expect[0]} as it did; verify it, then decide again")
    who = f"record {winner['seq']} ({winner['action']} {winner['subject']}) by {winner['actor']} at {winner['at']}"
    return Overtaken(f"{who} was first: the decision stood on record {expect[0]}; look again, then decide again")


def record(row: Mapping[str, Any]) -> LedgerRecord:
    """Return a row as a record; raise CorruptArtefact for one that cannot be read."""
    try:
        return LedgerRecord.from_json({**row, "evidence": json.loads(row["evidence"])})
    except (TypeError, ValueError) as error:
        remedy = "verify the ledger and restore it from a backup"
        raise CorruptArtefact(f"ledger record {row['seq']} cannot be read ({error}); {remedy}") from None
