"""One lead that the endpoint answered, as capture keeps it: the columns that every platform's capture is read into."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

# `lead` is the key as capture kept it (hashed where the server masks it), `event` pairs a shadow's answer with
# production's, `role` is production or shadow; `score` is on the label's scale, missing where none was given.
_FIELDS: "list[pa.Field[Any]]" = [
    pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
    pa.field("event", pa.string(), nullable=False),
    pa.field("role", pa.string(), nullable=False),
    pa.field("variant", pa.string(), nullable=False),
    pa.field("version", pa.int64()),
    pa.field("digest", pa.string()),
    pa.field("lead", pa.string()),
    pa.field("score", pa.float64()),
    pa.field("conversion_probability", pa.float64()),
    pa.field("band", pa.string()),
]
CAPTURED = pa.schema(_FIELDS)


def first_answers(tables: Iterable[pa.Table], *, variants: Sequence[str]) -> Iterator[tuple[str, str, datetime]]:
    """Yield each lead with the variant that gave it its first score in production, and when; ties by the name.

    Answers of other variants, without a score or without a key are left out.
    """
    mine = pc.field("variant").isin(list(variants))
    firsts = first_scored(table.filter(mine) for table in tables)
    yield from zip(*(firsts[name].to_pylist() for name in ("lead", "variant", "at")), strict=True)


def first_scored(tables: Iterable[pa.Table]) -> pa.Table:
    """Return each lead's first score in production: lead, variant, version, at and score; ties by the variant's name.

    Answers without a score or without a key are left out. A table is reduced before the next one is read.
    """
    wanted = (pc.field("role") == "production") & pc.field("lead").is_valid() & pc.field("score").is_valid()
    found = _FIRST_SCORED.empty_table()
    for table in tables:
        ordered = pa.concat_tables([found, table.filter(wanted).select(_FIRST)]).sort_by(_IN_ORDER)
        firsts = ordered.group_by("lead", use_threads=False).aggregate([(name, "first") for name in _FIRST[1:]])
        named = firsts.rename_columns([name.removesuffix("_first") for name in firsts.column_names])
        found = named.select(_FIRST).cast(_FIRST_SCORED)
    return found


_FIRST = ["lead", "variant", "version", "at", "score"]
_FIRST_SCORED = pa.schema([CAPTURED.field(name) for name in _FIRST])
_IN_ORDER: "list[tuple[str, Literal['ascending', 'descending']]]" = [("at", "ascending"), ("variant", "ascending")]
