from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.contract import default_contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.texts import as_text
from leadscore_assets.domain.validation import validate_week
from leadscore_assets_tests.domain.small_leads import GOOD, SMALL, texts, typed
from leadscore_assets_tests.leads import made_leads

BROKEN = [
    ("lead_id", "", "lead_id: missing, but it must be known"),
    ("lead_id", "   ", "lead_id: missing, but it must be known"),
    ("created_at", "", "created_at: missing, but it must be known"),
    ("created_at", "yesterday", "created_at: not an ISO-8601 date or time"),
    ("created_at", "2026-02-30", "created_at: not an ISO-8601 date or time"),
    ("industry", "farming", "industry: level not in the contract"),
    ("region", "", "region: missing, but it must be known"),
    ("employees", "-5", "employees: below the minimum 1"),
    ("employees", "2000001", "employees: above the maximum 2000000"),
    ("employees", "3.5", "employees: not a whole number"),
    ("employees", "many", "employees: not a number"),
    ("employees", "1_000", "employees: not a number"),
    ("employees", "1e300", "employees: too large for a whole number"),
    ("revenue", "-0.01", "revenue: below the minimum 0"),
    ("revenue", "inf", "revenue: not a finite number"),
    ("revenue", "1,5", "revenue: not a number"),
    ("growth", "", "growth: missing, but it must be known"),
    ("growth", "nan", "growth: missing, but it must be known"),
    ("is_customer", "perhaps", "is_customer: not true or false"),
    ("is_customer", "", "is_customer: missing, but it must be known"),
    ("first_seen_at", "12:30", "first_seen_at: not an ISO-8601 date or time"),
    ("lead_score", "0", "lead_score: below the minimum 1"),
    ("lead_score", "6", "lead_score: above the maximum 5"),
    ("lead_score", "2.5", "lead_score: not a whole number"),
    ("converted", "maybe", "converted: not true or false"),
]


@pytest.mark.parametrize(("column", "value", "reason"), BROKEN, ids=[f"{row[0]}={row[1]!r}" for row in BROKEN])
def test_a_broken_value_sets_its_row_aside_with_the_reason(column: str, value: str, reason: str) -> None:
    found = validate_week(texts([{"lead_id": "A"}, {"lead_id": "B", column: value}]), SMALL)
    assert found.reasons == {reason: 1}
    assert found.bad.to_pylist() == [
        {**texts([{"lead_id": "B", column: value}]).to_pylist()[0], "__row": 3, "reasons": reason}
    ]
    assert found.good["lead_id"].to_pylist() == ["A"]


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("employees", "3.0", 3),
        ("employees", " 7 ", 7),
        ("employees", "+1e2", 100),
        ("employees", "", None),
        ("revenue", "NaN", None),
        ("revenue", ".5", 0.5),
        ("is_customer", "YES", True),
        ("is_customer", "0", False),
        ("newsletter", "f", False),
        ("newsletter", " ", None),
        ("campaign", "never seen", "never seen"),
        ("campaign", "", None),
        ("first_seen_at", "2026-01-04 23:00:00+01:00", datetime(2026, 1, 4, 22, tzinfo=UTC)),
        ("lead_score", "", None),
        ("lead_score", "5.0", 5),
        ("converted", "", None),
        ("converted", "Yes", True),
    ],
)
def test_a_text_becomes_the_value_it_stands_for(column: str, value: str, expected: object) -> None:
    assert validate_week(texts([{column: value}]), SMALL).good[column].to_pylist() == [expected]


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("employees", pa.array([3.0, 4.0]), [3, 4]),
        ("employees", pa.array([3, None], pa.int8()), [3, None]),
        ("employees", pa.array(["3", "4"]).dictionary_encode(), [3, 4]),
        ("employees", pa.array([Decimal("3.00"), None]), [3, None]),
        ("revenue", pa.array([1, 2], pa.int16()), [1.0, 2.0]),
        ("revenue", pa.array([1.5, float("nan")], pa.float32()), [1.5, None]),
        ("revenue", pa.nulls(2), [None, None]),
        ("is_customer", pa.array([1, 0], pa.uint8()), [True, False]),
        ("newsletter", pa.array([1.0, float("nan")]), [True, None]),
        ("campaign", pa.array([9.0, float("nan")]), ["9", None]),
        ("campaign", pa.array([9, 10]), ["9", "10"]),
        ("campaign", pa.array(["a", "b"], pa.large_string()), ["a", "b"]),
        ("industry", pa.array(["retail", None]).dictionary_encode(), ["retail", None]),
        ("lead_id", pa.array([10, 11]), ["10", "11"]),
        ("first_seen_at", pa.array([date(2026, 1, 1), None]), [datetime(2026, 1, 1, tzinfo=UTC), None]),
        ("first_seen_at", pa.array([1767225600, 1767225600000]), [datetime(2026, 1, 1, tzinfo=UTC)] * 2),
        ("lead_score", pa.array([3.0, None], pa.float32()), [3, None]),
        ("converted", pa.array([1, None]), [True, None]),
    ],
)
def test_a_column_of_another_physical_type_is_cast(column: str, values: pa.Array, expected: list[object]) -> None:
    raw = typed([{"lead_id": "A"}, {"lead_id": "B"}])
    found = validate_week(raw.set_column(raw.column_names.index(column), column, values), SMALL)
    assert found.reasons == {}
    assert found.good[column].to_pylist() == expected
    assert found.good.schema == SMALL.schema


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("employees", pa.array([True, False]), "employees: not a number"),
        ("employees", pa.array([[1], [2]]), "employees: not a number"),
        ("campaign", pa.array([{"a": 1}, {"a": 2}]), "campaign: not text"),
        ("is_customer", pa.array([2, 3]), "is_customer: not true or false"),
        ("first_seen_at", pa.array([True, False]), "first_seen_at: not an ISO-8601 date or time"),
        ("revenue", pa.array([float("inf"), float("-inf")]), "revenue: not a finite number"),
        (
            "first_seen_at",
            pa.array([2**62, -(2**62)], pa.timestamp("s")),
            "first_seen_at: not an ISO-8601 date or time",
        ),
    ],
)
def test_a_type_that_holds_no_such_value_is_a_reason_and_no_crash(column: str, values: pa.Array, reason: str) -> None:
    raw = typed([{"lead_id": "A"}, {"lead_id": "B"}])
    found = validate_week(raw.set_column(raw.column_names.index(column), column, values), SMALL)
    assert found.reasons == {reason: 2}
    assert found.bad["reasons"].to_pylist() == [reason, reason]


def test_every_broken_rule_of_a_row_is_named_in_the_contracts_order() -> None:
    found = validate_week(texts([{"lead_id": "", "industry": "farming", "lead_score": "9", "growth": "x"}]), SMALL)
    assert found.bad["reasons"].to_pylist() == [
        "lead_id: missing, but it must be known; industry: level not in the contract; growth: not a number; "
        "lead_score: above the maximum 5"
    ]
    assert sum(found.reasons.values()) == 4


def test_good_rows_are_sorted_by_time_and_then_by_key() -> None:
    rows = [
        {"lead_id": "B", "created_at": "2026-01-06"},
        {"lead_id": "C", "created_at": "2026-01-05"},
        {"lead_id": "A", "created_at": "2026-01-06"},
    ]
    assert validate_week(texts(rows), SMALL).good["lead_id"].to_pylist() == ["C", "A", "B"]


def test_the_last_good_row_of_a_key_wins_and_the_others_are_counted() -> None:
    rows = [
        {"lead_id": "A", "employees": "1"},
        {"lead_id": "B", "employees": "2"},
        {"lead_id": "A", "employees": "3"},
        {"lead_id": "A", "employees": "-4"},
        {"lead_id": "B", "employees": "5"},
    ]
    found = validate_week(texts(rows), SMALL)
    assert found.good.select(["lead_id", "employees"]).to_pylist() == [
        {"lead_id": "A", "employees": 3},
        {"lead_id": "B", "employees": 5},
    ]
    assert (found.duplicates, found.bad.num_rows) == (2, 1)


def test_unlabelled_rows_are_good_and_counted() -> None:
    found = validate_week(texts([{"lead_id": "A", "lead_score": ""}, {"lead_id": "B"}]), SMALL)
    assert (found.good.num_rows, found.unlabelled) == (2, 1)


def test_missing_columns_are_named_with_their_file_and_the_columns_there_are() -> None:
    raw = texts([{}]).drop_columns(["employees", "lead_score", "converted"])
    with pytest.raises(InvalidInput) as caught:
        validate_week(raw, SMALL)
    assert "leads.csv lacks columns employees, lead_score, converted of the contract small" in str(caught.value)
    assert "its columns are lead_id, created_at, industry" in str(caught.value)
    assert "__file" not in str(caught.value)


def test_a_column_that_stands_twice_is_refused() -> None:
    raw = texts([{}])
    with pytest.raises(InvalidInput, match=r"leads\.csv has column growth more than once"):
        validate_week(raw.append_column("growth", raw["growth"]), SMALL)


def test_columns_that_the_contract_does_not_know_are_ignored_but_kept_in_quarantine() -> None:
    raw = typed([{"lead_id": "A"}, {"lead_id": "B", "growth": float("inf")}])
    found = validate_week(raw.append_column("note", pa.array([[1], [2]])), SMALL)
    assert "note" not in found.good.column_names
    assert found.bad["note"].to_pylist() == ["[2]"]
    assert found.bad["growth"].to_pylist() == ["inf"]
    assert [found.bad.schema.field(name).type for name in ("note", "__row", "reasons")] == [
        pa.string(),
        pa.int64(),
        pa.string(),
    ]


def test_a_week_without_rows_is_valid_and_empty() -> None:
    found = validate_week(texts([{}]).slice(0, 0), SMALL)
    assert (found.good.num_rows, found.bad.num_rows, found.reasons, found.duplicates) == (0, 0, {}, 0)
    assert found.good.schema == SMALL.schema


def test_a_week_with_only_broken_rows_has_no_good_one() -> None:
    found = validate_week(texts([{"growth": "x"}] * 3), SMALL)
    assert (found.good.num_rows, found.bad.num_rows, found.duplicates) == (0, 3, 0)


def test_the_same_leads_are_the_same_whether_they_come_typed_or_as_text() -> None:
    contract = default_contract()
    raw = made_leads(500, seed=3)
    as_csv = pa.table({name: as_text(raw[name]).fill_null("") for name in raw.column_names})
    assert validate_week(as_csv, contract).good.equals(validate_week(raw, contract).good)
    assert validate_week(raw, contract).good.num_rows == 500


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "lead_id": st.sampled_from(["A", "B", "C", ""]),
                "employees": st.sampled_from(["1", "x", "", "-1"]),
                "created_at": st.sampled_from(["2026-01-05", "2026-01-07", "?"]),
            }
        ),
        min_size=1,
        max_size=30,
    )
)
def test_every_row_is_good_or_bad_or_a_counted_duplicate(rows: list[dict[str, str]]) -> None:
    found = validate_week(texts(rows), SMALL)
    assert found.good.num_rows + found.bad.num_rows + found.duplicates == len(rows)
    places = np.array(found.bad["__row"].to_pylist(), dtype=int)
    broken = [r["lead_id"] == "" or r["employees"] in ("x", "-1") or r["created_at"] == "?" for r in rows]
    assert places.tolist() == [at + 2 for at, bad in enumerate(broken) if bad]
    keys = found.good["lead_id"].to_pylist()
    assert len(set(keys)) == len(keys)


def test_the_good_row_breaks_no_rule() -> None:
    assert validate_week(typed([GOOD]), SMALL).reasons == {}
