"""Raw leads that tests of drafting make up: one column of each kind, and a score that some of them explain a little."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from leadscore_assets.domain.drafting import Draft, draft
from leadscore_assets.domain.raw_column import read_column
from leadscore_assets.domain.roles import Roles, find_roles

START = datetime(2026, 1, 7, 9, tzinfo=UTC)


def raw_leads(rows: int = 1500, **more: Any) -> pa.Table:
    """Return leads, ten a day, with more columns; a column given as None is left away."""
    generator = np.random.default_rng(1)
    amount = generator.lognormal(3, 1, rows)
    score = np.clip(np.rint(2 + 0.3 * np.log(amount) + generator.normal(0, 1, rows)), 1, 5).astype(int)
    columns: dict[str, Any] = {
        "lead_id": [f"A{number}" for number in range(rows)],
        "created_at": [START + timedelta(hours=2.4 * number) for number in range(rows)],
        "city": generator.choice(["Rome", "Oslo", "Bern"], rows),
        "amount": amount.round(2),
        "visits": generator.poisson(3, rows),
        "newsletter": generator.random(rows) < 0.5,
        "lead_score": score,
        "converted": generator.random(rows) < score / 8,
    }
    return pa.table({name: values for name, values in {**columns, **more}.items() if values is not None})


def drafted(table: pa.Table, **named: Any) -> Draft:
    """Draft from a table, naming what is given."""
    return draft(table, **{"label": None, "outcome": None, "time": None, "key": None, "horizon_days": None, **named})


def roles_of(table: pa.Table, **named: Any) -> Roles:
    """Find the roles in a table, naming what is given."""
    columns = {name: read_column(name, table[name]) for name in table.column_names}
    return find_roles(columns, **{"label": None, "outcome": None, "time": None, "key": None, **named})


def as_texts(table: pa.Table) -> pa.Table:
    """Return a table as a CSV reader gives it: all texts, nothing for what is missing."""
    columns = {
        name: ["" if value is None else f"{value}" for value in table[name].to_pylist()] for name in table.column_names
    }
    return pa.table(columns)
