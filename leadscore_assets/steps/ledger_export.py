"""The ledger for others: records as JSON Lines or CSV, together with the head that they belong to."""

import json
from datetime import datetime

import pyarrow as pa

from leadscore_assets.backends.ports import Ledger
from leadscore_assets.domain.digests import canonical_json
from leadscore_assets.domain.facts import LedgerRecord
from leadscore_assets.steps.listing import csv_bytes

_COLUMNS = ("seq", "at", "actor", "action", "subject", "reason", "evidence", "previous", "hash", "key")


def exported(
    ledger: Ledger,
    form: str,
    *,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> bytes:
    """Return records as `jsonl` (the last line is the head) or `csv` (the last column is the head)."""
    seq, digest = ledger.head()
    # What is appended meanwhile belongs to a later head.
    records = [item for item in ledger.records(action=action, since=since, until=until) if item.seq <= seq]
    if form == "csv":
        return _csv(records, f"{seq}:{digest}")
    lines = [json.dumps(item.to_json(), ensure_ascii=False) for item in records]
    closing = json.dumps({"head": {"seq": seq, "hash": digest}, "records": len(records)})
    return "".join(f"{line}\n" for line in [*lines, closing]).encode()


def _csv(records: list[LedgerRecord], head: str) -> bytes:
    rows = [{**item.to_json(), "evidence": canonical_json(item.evidence), "head": head} for item in records]
    schema = pa.schema([(name, pa.int64() if name == "seq" else pa.string()) for name in (*_COLUMNS, "head")])
    return csv_bytes(pa.Table.from_pylist(rows, schema=schema))
