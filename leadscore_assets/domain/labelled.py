"""Labelled rows: what of a table can be learnt from or judged on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.column import Floats
from leadscore_assets.domain.contract import Contract


@dataclass(frozen=True)
class Labelled:
    """A slice ready to learn from: its labelled rows, labels (n,) and outcomes (n,), NaN where unknown."""

    table: pa.Table
    labels: Floats
    outcomes: Floats

    def where(self, kept: Any) -> "Labelled":
        """Return the rows of a mask (n,)."""
        return Labelled(self.table.filter(pa.array(kept)), self.labels[kept], self.outcomes[kept])


def labelled(table: pa.Table, contract: Contract) -> Labelled:
    """Keep the rows whose label is known."""
    rows = table.filter(pc.is_valid(table[contract.label]))
    labels = rows[contract.label].cast(pa.float64()).to_numpy(zero_copy_only=False)
    outcome = contract.outcome
    known = rows[outcome].cast(pa.int8()).cast(pa.float64()).to_numpy(zero_copy_only=False) if outcome else None
    return Labelled(rows, labels, known if known is not None else np.full(labels.shape, np.nan))


def days_of(rows: Labelled, contract: Contract) -> Any:
    """Return each row's day in UTC, numpy dates (n,)."""
    return rows.table[contract.created_at].cast(pa.timestamp("us")).to_numpy().astype("datetime64[D]")
