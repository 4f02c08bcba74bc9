"""A stored week as drift sees it: its profile, where its sample lies, and the champion's scores by day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from leadscore_assets.domain.bins import Bins
from leadscore_assets.domain.column import Column
from leadscore_assets.domain.domain_classifier import SIZES, Sample
from leadscore_assets.domain.facts import DataFile
from leadscore_assets.domain.profiles import Profile
from leadscore_assets.domain.score_monitor import DayScores

SAMPLE_ROWS = max(SIZES)


@dataclass(frozen=True)
class WeekProfile:
    """One week: `leads` is the digest of the rows that were summarised; `scores` are by one bundle, a day each.

    `sample` holds at most 2,000 rows as numbers and codes, in an order that means nothing: no key, no moment, no label.
    """

    week: date
    leads: str
    profile: Profile
    sample: DataFile | None = None
    scores: tuple[DayScores, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the week as JSON values."""
        return {
            "week": self.week.isoformat(),
            "leads": self.leads,
            "profile": self.profile.to_json(),
            "sample": self.sample.to_json() if self.sample else None,
            "scores": [item.to_json() for item in self.scores],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "WeekProfile":
        """Build the week again; raise KeyError or TypeError when the content is of another shape."""
        return cls(
            date.fromisoformat(content["week"]),
            content["leads"],
            Profile.from_json(content["profile"]),
            DataFile.from_json(content["sample"]) if content["sample"] else None,
            tuple(DayScores.from_json(item) for item in content["scores"]),
        )


def sample_table(columns: Mapping[str, Column], bins: Bins, *, seed: int) -> pa.Table:
    """Draw up to 2,000 rows of columns (n,) without repetition; levels are their places in the bins' list."""
    rows = max((column.values.size for column in columns.values()), default=0)
    chosen = np.random.default_rng(seed).permutation(rows)[:SAMPLE_ROWS]
    taken = {name: Column(columns[name].values[chosen], columns[name].levels) for name in bins.rulers}
    arrays = {
        name: (ruler.place(taken[name]) if ruler.levels is not None else taken[name].values).astype(np.float32)
        for name, ruler in bins.rulers.items()
    }
    return pa.table(arrays)


def sample_rows(table: pa.Table) -> Sample:
    """Return a sample as (rows, features)."""
    columns = [table[name].to_numpy() for name in table.column_names]
    return np.stack(columns, axis=1) if columns else np.zeros((table.num_rows, 0), dtype=np.float32)


def readable(table: pa.Table, bins: Bins) -> pa.Table:
    """Return a sample with its levels' names in place of codes, null where missing."""
    found: dict[str, Any] = {}
    for name, ruler in bins.rulers.items():
        values = table[name].to_numpy()
        if ruler.levels is None:
            found[name] = pa.array(values.astype(np.float64), from_pandas=True)
        else:
            names = [*ruler.levels, "any other"]
            found[name] = pa.array([None if np.isnan(code) else names[int(code)] for code in values], pa.string())
    return pa.table(found)
