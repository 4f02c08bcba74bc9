"""Leads as numbers: one float64 array a column, whether they come from a Parquet file or from a request.

Training, batch and online scoring all start here, so a lead has the same numbers wherever it is seen.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.column import Column, Floats
from leadscore_assets.domain.contract import Contract, Feature
from leadscore_assets.domain.moments import iso_us
from leadscore_assets.domain.texts import spelled


def columns_from_table(table: pa.Table, contract: Contract) -> dict[str, Column]:
    """Return created_at (epoch seconds) and every feature of a table in the contract's schema."""
    found = {contract.created_at: Column(_seconds(table[contract.created_at]))}
    for feature in contract.features:
        found[feature.name] = _from_arrow(table[feature.name], feature)
    return found


def columns_from_records(records: Sequence[Mapping[str, Any]], contract: Contract) -> dict[str, Column]:
    """Return the same columns for checked JSON records; an absent key or null is missing."""
    found = {contract.created_at: Column(_moments(records, contract.created_at))}
    for feature in contract.features:
        name = feature.name
        if feature.kind == "timestamp":
            found[name] = Column(_moments(records, name))
        elif feature.kind == "categorical":
            found[name] = _levels([record.get(name) for record in records])
        else:
            values = [record.get(name) for record in records]
            found[name] = Column(np.array([np.nan if value is None else value for value in values], dtype=np.float64))
    return found


def epoch_seconds(text: str) -> float:
    """Return an ISO-8601 moment as seconds since 1970 in UTC, whole microseconds; a moment without a zone is UTC.

    Raises ValueError for a text that is none.
    """
    found = iso_us(text)
    if found is None:
        raise ValueError(f"{text!r} is not an ISO-8601 date or time")
    return found / 1e6


def _from_arrow(column: "pa.ChunkedArray[Any]", feature: Feature) -> Column:
    if feature.kind == "timestamp":
        return Column(_seconds(column))
    if feature.kind == "categorical":
        encoded = column.combine_chunks().dictionary_encode()
        codes = encoded.indices.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return Column(codes, tuple(f"{level}" for level in encoded.dictionary.to_pylist()))
    return Column(_floats(column.cast(pa.float64()) if feature.kind != "boolean" else pc.cast(column, pa.int8())))


def _floats(column: "pa.ChunkedArray[Any]") -> Floats:
    values: Floats = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return values


def _seconds(column: "pa.ChunkedArray[Any]") -> Floats:
    return _floats(column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())) / 1e6


def _moments(records: Sequence[Mapping[str, Any]], name: str) -> Floats:
    values = [record.get(name) for record in records]
    return np.array([np.nan if value is None else epoch_seconds(value) for value in values], dtype=np.float64)


def _levels(values: list[str | None]) -> Column:
    positions: dict[str, int] = {}
    codes = [np.nan if value is None else positions.setdefault(spelled(value), len(positions)) for value in values]
    return Column(np.array(codes, dtype=np.float64), tuple(positions))
