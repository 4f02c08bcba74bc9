"""A contract with one feature of every kind, and lists of rows as the tables that files would give."""

from typing import Any

import pyarrow as pa

from leadscore_assets.domain.contract import Contract, contract_from

SMALL = contract_from(
    {
        "name": "small",
        "features": [
            {"name": "industry", "kind": "categorical", "levels": ["software", "retail"], "missing": 0.1},
            {"name": "region", "kind": "categorical", "levels": ["emea", "apac"]},
            {"name": "campaign", "kind": "categorical", "open_levels": True, "missing": 0.5},
            {"name": "employees", "kind": "integer", "minimum": 1, "maximum": 2000000, "missing": 0.1},
            {"name": "revenue", "kind": "numeric", "minimum": 0, "missing": 0.1},
            {"name": "growth", "kind": "numeric"},
            {"name": "is_customer", "kind": "boolean"},
            {"name": "newsletter", "kind": "boolean", "missing": 0.2},
            {"name": "first_seen_at", "kind": "timestamp", "missing": 0.1},
        ],
    }
)
GOOD: dict[str, Any] = {
    "lead_id": "L1",
    "created_at": "2026-01-05T10:00:00Z",
    "industry": "software",
    "region": "emea",
    "campaign": "c01",
    "employees": 12,
    "revenue": 1.5,
    "growth": 0.1,
    "is_customer": True,
    "newsletter": None,
    "first_seen_at": "2026-01-01T00:00:00Z",
    "lead_score": 3,
    "converted": False,
}


def typed(rows: list[dict[str, Any]], contract: Contract = SMALL) -> pa.Table:
    """Return rows over the good row's values, each column of the type its values have."""
    whole = [GOOD | row for row in rows]
    return _placed({name: [row[name] for row in whole] for name in contract.schema.names})


def texts(rows: list[dict[str, Any]], contract: Contract = SMALL) -> pa.Table:
    """Return rows over the good row's values as a CSV file gives them: text, empty where missing."""
    whole = [GOOD | row for row in rows]
    columns = {name: ["" if row[name] is None else str(row[name]) for row in whole] for name in contract.schema.names}
    return _placed({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _placed(columns: dict[str, Any]) -> pa.Table:
    rows = len(next(iter(columns.values())))
    return pa.table(columns | {"__file": ["leads.csv"] * rows, "__row": pa.array(range(2, rows + 2), pa.int64())})
