"""One lead that the endpoint answered, as capture keeps it: the columns that every platform's capture is read into."""

from typing import Any

import pyarrow as pa

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
