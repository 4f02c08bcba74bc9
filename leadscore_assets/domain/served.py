"""What an endpoint answered in a week, as counts: by day, role, variant, model and band, with a histogram of scores.

A row a combination: a million answers weigh no more than a thousand, and nothing of a single lead is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.facts import DataFile, Record
from leadscore_assets.domain.score_monitor import SCORE_BINS, DayScores

_KEYS = ("day", "role", "variant", "version", "digest", "band", "bin")
_FIELDS: "list[pa.Field[Any]]" = [
    pa.field("day", pa.date32(), nullable=False),
    pa.field("role", pa.string(), nullable=False),
    pa.field("variant", pa.string(), nullable=False),
    pa.field("version", pa.int64()),
    pa.field("digest", pa.string()),
    pa.field("band", pa.string()),
    # One of 200 even bins over the label's range; missing where no score was given.
    pa.field("bin", pa.int16()),
    pa.field("answers", pa.int64(), nullable=False),
    pa.field("total", pa.float64(), nullable=False),
]
SERVED = pa.schema(_FIELDS)


@dataclass(frozen=True)
class Answered(Record):
    """The answers of one variant by one model on one day; `mean` is of those with a score, None without any."""

    day: date
    role: str
    variant: str
    version: int | None
    answers: int
    unscored: int
    mean: float | None
    bands: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ServedWeek(Record):
    """A week's answers: in all, without a score, from captured lines that could not be read, and where the table lies.

    Production's answers alone count in `answers` and `unscored`; the shadow's stand in `days` with the others.
    """

    week: date
    answers: int
    unscored: int
    unreadable: int
    table: DataFile
    days: tuple[Answered, ...] = ()

    @property
    def scored_share(self) -> float | None:
        """The share of production's answers that hold a score, None without answers."""
        return 1 - self.unscored / self.answers if self.answers else None


def count_answers(tables: Iterable[pa.Table], *, low: float, high: float) -> pa.Table:
    """Return the counts (SERVED) of captured rows (CAPTURED), table by table; scores outside land in the end bins."""
    counts = SERVED.empty_table()
    for table in tables:
        counts = _added(pa.concat_tables([counts, _binned(table, low, high)]))
    return counts


def answered(counts: pa.Table) -> tuple[Answered, ...]:
    """Return what the counts say by day, role, variant and version, in that order."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in counts.to_pylist():
        groups.setdefault((row["day"], row["role"], row["variant"], row["version"]), []).append(row)
    ordered = sorted(groups.items(), key=lambda item: tuple(f"{part}" for part in item[0]))
    return tuple(Answered(*key, **_summary(rows)) for key, rows in ordered)


def day_scores(counts: pa.Table, *, digest: str) -> list[DayScores]:
    """Return production's scores by one bundle, a histogram a day, oldest first."""
    mine = (pc.field("role") == "production") & (pc.field("digest") == digest) & pc.field("bin").is_valid()
    chosen = counts.filter(mine)
    found = []
    days: list[Any] = chosen["day"].to_pylist()
    for day in sorted(set(days)):
        rows = chosen.filter(pc.field("day") == day)
        places, answers = (rows[name].to_numpy() for name in ("bin", "answers"))
        histogram = np.bincount(places, weights=answers, minlength=SCORE_BINS).astype(int)
        found.append(DayScores(day, digest, tuple(histogram.tolist()), float(rows["total"].to_numpy().sum())))
    return found


def _binned(table: pa.Table, low: float, high: float) -> pa.Table:
    scores: Any = table["score"]
    places = pc.floor(pc.multiply(pc.divide(pc.subtract(scores, low), high - low), SCORE_BINS))
    above: Any = pc.max_element_wise(places, 0.0, skip_nulls=False)
    inside: Any = pc.min_element_wise(above, SCORE_BINS - 1.0, skip_nulls=False)
    columns: dict[str, Any] = {
        "day": table["at"].cast(pa.date32()),
        **{name: table[name] for name in ("role", "variant", "version", "digest", "band")},
        "bin": inside.cast(pa.int16()),
        "answers": pa.array(np.ones(table.num_rows, dtype=np.int64)),
        "total": pc.fill_null(scores, 0.0),
    }
    return pa.table(columns, schema=SERVED)


def _added(counts: pa.Table) -> pa.Table:
    """Add up rows of the same combination, in an order that depends on the content alone."""
    summed = counts.group_by(list(_KEYS), use_threads=False).aggregate([("answers", "sum"), ("total", "sum")])
    named = summed.rename_columns({"answers_sum": "answers", "total_sum": "total"}).select(SERVED.names)
    return named.sort_by([(name, "ascending") for name in _KEYS]).cast(SERVED)


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    answers = sum(row["answers"] for row in rows)
    scored = sum(row["answers"] for row in rows if row["bin"] is not None)
    bands: dict[str, int] = {}
    for row in rows:
        if row["band"] is not None:
            bands[row["band"]] = bands.get(row["band"], 0) + row["answers"]
    return {
        "answers": answers,
        "unscored": answers - scored,
        "mean": sum(row["total"] for row in rows) / scored if scored else None,
        "bands": dict(sorted(bands.items())),
    }
