"""Batches: what goes through JSON Lines comes back in every bit, and answers that are not these leads' are refused."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.batch import SCORED, lead_lines, scored_from_lines
from leadscore_assets.domain.columns import columns_from_records, columns_from_table
from leadscore_assets.domain.contract import Contract, Feature, default_contract
from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.requests import violations
from leadscore_assets.domain.texts import spelled
from leadscore_assets_tests.leads import made_leads

CONTRACT = Contract(
    features=(
        Feature(name="size", kind="integer", minimum=1, maximum=9),
        Feature(name="revenue", kind="numeric", maximum=1.0),
        Feature(name="mail", kind="boolean"),
        Feature(name="country", kind="categorical", levels=("DE",)),
        Feature(name="seen", kind="timestamp"),
    ),
)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
ROW = st.fixed_dictionaries(
    {
        "lead_id": st.text(min_size=1).filter(lambda text: text.strip() != ""),
        "created_at": MOMENTS,
        "size": st.none() | st.integers(-(2**53) + 1, 2**53 - 1),
        "revenue": st.none() | st.floats(allow_infinity=False),
        "mail": st.none() | st.booleans(),
        "country": st.none() | st.text(min_size=1).map(spelled),
        "seen": st.none() | MOMENTS,
        "lead_score": st.just(3),
        "converted": st.none(),
    }
)


def same(table: pa.Table, contract: Contract) -> None:
    records = [json.loads(line) for line in lead_lines(table, contract).splitlines()]
    assert violations(records, contract.unbounded()) == []
    assert [record[contract.key] for record in records] == table[contract.key].to_pylist()
    sent, kept = columns_from_records(records, contract), columns_from_table(table, contract)
    for name, column in kept.items():
        assert _values(sent[name]) == _values(column), name


def _values(column: Any) -> list[Any]:
    """A column's numbers by their bits, or its levels: their codes differ by the order in which they are met."""
    if column.levels is None:
        return list(np.where(np.isnan(column.values), np.nan, column.values).view(np.int64))
    return [None if np.isnan(code) else column.levels[int(code)] for code in column.values]


def test_generated_leads_go_through_lines_unchanged() -> None:
    contract = default_contract()
    same(made_leads(300, seed=4, contract=contract), contract)


@given(st.lists(ROW, min_size=1, max_size=5))
def test_any_lead_of_the_schema_goes_through_lines_unchanged(rows: list[dict[str, Any]]) -> None:
    same(pa.Table.from_pylist(rows, schema=CONTRACT.schema), CONTRACT)


def answer(key: str, **change: Any) -> bytes:
    scores = {"score": 2.5, "raw": 2.5, "score_rounded": 2, "band": "B", "conversion_probability": None, "reasons": []}
    return (
        json.dumps({"lead_id": key, "model_digest": "d" * 64, "model_version": 3, **scores, **change}).encode() + b"\n"
    )


def read(content: bytes) -> pa.Table:
    return scored_from_lines(content, ["a", "b"], digest="d" * 64, version=3)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2))
def test_numbers_come_back_in_every_bit_and_blank_lines_are_nothing(scores: list[float]) -> None:
    lines = [answer(key, score=score) + b"\n" for key, score in zip("ab", scores, strict=True)]
    table = read(b"".join(lines))
    assert table.schema == SCORED
    assert table["score"].to_numpy().view(np.int64).tolist() == np.array(scores).view(np.int64).tolist()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (answer("a"), "1 answers came for 2 leads"),
        (answer("a") + answer("b") + answer("c"), "3 answers came for 2 leads"),
        (answer("b") + answer("a"), "answer 1 is of another lead"),
        (answer("a") + answer("b", model_digest="e" * 64), "answer 2 is not of version 3"),
        (answer("a") + answer("b", model_version=4), "answer 2 is not of version 3"),
        (answer("a") + b"{\n", "answer 2 cannot be read"),
        (answer("a") + b"\xff\xfe\n", "answer 2 cannot be read"),
        (answer("a") + b"7\n", "answer 2 is no JSON object"),
        (answer("a") + answer("b", raw="high"), "no usable"),
        (answer("a") + answer("b").replace(b'"raw"', b'"rare"'), "no usable 'raw'"),
    ],
    ids=["fewer", "more", "order", "digest", "version", "cut", "bytes", "number", "type", "field"],
)
def test_what_is_no_answer_to_these_leads_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(CorruptArtefact, match=told):
        read(content)
