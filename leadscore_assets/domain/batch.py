"""A batch: a table of leads scored at once, in the run or by a container that reads and writes a line each.

Whoever scores it gives the same table in every bit, as a lead's scores and reasons do not depend on its neighbours and
JSON's numbers come back as they went.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.scoring import Scorer

REASON = pa.struct([pa.field("feature", pa.string()), pa.field("contribution", pa.float64())])
_TYPES: dict[str, pa.DataType] = {
    "score": pa.float64(),
    "raw": pa.float64(),
    "score_rounded": pa.int64(),
    "band": pa.string(),
    "conversion_probability": pa.float64(),
    "reasons": pa.list_(REASON),
}
SCORED = pa.schema(_TYPES)
_AT_ONCE = 4096


def scored_table(scorer: Scorer, leads: pa.Table, *, reasons: int) -> pa.Table:
    """Score leads in the scorer's contract; return SCORED's columns, row by row, with so many reasons each."""
    scored = scorer.score_table(leads)
    found = scorer.reasons(leads, most=reasons)
    chance = scored.probability if scored.probability is not None else np.full(len(scored.score), np.nan)
    return pa.table(
        {
            "score": scored.score,
            "raw": scored.raw,
            "score_rounded": scored.rounded,
            "band": pa.array(scored.band, pa.string()),
            "conversion_probability": pa.array(chance, pa.float64(), from_pandas=True),
            "reasons": pa.array([[vars(reason) for reason in row] for row in found], pa.list_(REASON)),
        },
        schema=SCORED,
    )


def lead_lines(leads: pa.Table, contract: Contract) -> bytes:
    """Write leads as JSON Lines of the contract's columns, missing values left out, without label and outcome."""
    wanted = leads.select([contract.key, contract.created_at, *contract.names])
    return b"".join(line for batch in wanted.to_batches(max_chunksize=_AT_ONCE) for line in _lines(batch))


def scored_from_lines(content: bytes, keys: Sequence[str], *, digest: str, version: int) -> pa.Table:
    """Read what a container answered to lines of these leads; return SCORED's columns in the order of the keys.

    Raises CorruptArtefact for a line that cannot be read, for leads that are missing, too many or in another order, and
    for answers of another model.
    """
    answers = [_answer(line, at) for at, line in enumerate(filter(bytes.strip, content.split(b"\n")), 1)]
    if len(answers) != len(keys):
        raise CorruptArtefact(f"{len(answers):,} answers came for {len(keys):,} leads; score the week again")
    for at, (answer, key) in enumerate(zip(answers, keys, strict=True), 1):
        if answer.get("lead_id") != key:
            raise CorruptArtefact(f"answer {at:,} is of another lead than line {at:,}; score the week again")
        if (answer.get("model_digest"), answer.get("model_version")) != (digest, version):
            raise CorruptArtefact(f"answer {at:,} is not of version {version} ({digest[:12]}); score the week again")
    try:
        return pa.table({name: [answer[name] for answer in answers] for name in SCORED.names}, schema=SCORED)
    except (KeyError, pa.ArrowException) as error:
        raise CorruptArtefact(f"an answer has no usable {error}; build the serving image from this release") from None


def _lines(batch: "pa.RecordBatch") -> Iterator[bytes]:
    for row in batch.to_pylist():
        record = {name: _plain(value) for name, value in row.items() if not _missing(value)}
        yield json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _missing(value: Any) -> bool:
    return value is None or value != value  # noqa: PLR0124 - NaN is what differs from itself


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _answer(line: bytes, number: int) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except ValueError as error:
        raise CorruptArtefact(
            f"answer {number:,} cannot be read ({type(error).__name__}); score the week again"
        ) from None
    if not isinstance(answer, dict):
        raise CorruptArtefact(f"answer {number:,} is no JSON object; score the week again")
    return answer
