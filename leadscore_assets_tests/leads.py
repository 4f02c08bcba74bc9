"""Leads that tests make up: quick, seeded, fitting the built-in contract, with a score that a few features explain."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from leadscore_assets.domain.contract import Contract, Feature, default_contract

START = datetime(2026, 1, 5, tzinfo=UTC)


def made_leads(rows: int, *, seed: int = 0, contract: Contract | None = None, start: datetime = START) -> pa.Table:
    """Return leads in the contract's schema, a minute apart, 5 % of what may be missing missing."""
    contract = contract or default_contract()
    generator = np.random.default_rng(seed)
    columns: dict[str, Any] = {contract.key: [f"L{seed}-{number}" for number in range(rows)]}
    columns[contract.created_at] = [start + timedelta(minutes=number) for number in range(rows)]
    for feature in contract.features:
        columns[feature.name] = _values(feature, rows, generator)
    driver = np.array([0.5 if value is None else value for value in columns["email_open_rate"]])
    label = np.clip(np.rint(3 + 4 * (driver - 0.5) + generator.normal(0, 0.6, rows)), 1, 5).astype(int)
    columns[contract.label] = label.tolist()
    columns[contract.outcome or "converted"] = (generator.random(rows) < label / 8).tolist()
    return pa.table(columns, schema=contract.schema)


def as_requests(table: pa.Table, contract: Contract) -> list[dict[str, Any]]:
    """Write leads as the endpoint takes them."""
    wanted = (contract.key, contract.created_at, *contract.names)
    return [
        {
            name: value.isoformat() if hasattr(value, "isoformat") else value
            for name in wanted
            if (value := row[name]) is not None
        }
        for row in table.to_pylist()
    ]


def _values(feature: Feature, rows: int, generator: np.random.Generator) -> list[Any]:
    missing = generator.random(rows) < (0.05 if feature.missing else 0.0)
    drawn = generator.random(rows)
    return [None if absent else _value(feature, share) for absent, share in zip(missing, drawn, strict=True)]


def _value(feature: Feature, share: float) -> Any:
    if feature.kind == "categorical":
        return feature.levels[int(share * len(feature.levels))]
    if feature.kind == "boolean":
        return bool(share < 0.5)
    if feature.kind == "timestamp":
        return START - timedelta(days=1 + 200 * share)
    low, high = feature.minimum or 0, min(feature.maximum or 1, 50)
    value = low + share * (high - low)
    return int(value) if feature.kind == "integer" else float(value)
