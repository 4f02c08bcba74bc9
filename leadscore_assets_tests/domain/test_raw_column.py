from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from leadscore_assets.domain.raw_column import as_categories, read_column


def column(values: list[Any], kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, kind)])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, None], "integer"),
        ([1.0, 2.0, None], "integer"),
        (["1", " 2", ""], "integer"),
        ([1.5, 2.0, float("nan")], "numeric"),
        (["1.5", "2e3", "nan"], "numeric"),
        ([True, None, False], "boolean"),
        (["True", "false", ""], "boolean"),
        (["yes", "no", ""], "categorical"),
        (["007", "012", "345"], "categorical"),
        (["a", "b", None], "categorical"),
        ([date(2026, 1, 5), None], "timestamp"),
        ([datetime(2026, 1, 5, 10), None], "timestamp"),
        (["2026-01-05", "2026-01-06 10:00:00", ""], "timestamp"),
        (["2026-01-05T10:00:00+02:00", "2026-01-05T10:00:00Z"], "timestamp"),
        ([None, None], None),
        (["nan", "nan"], "categorical"),
        (["", " "], None),
        ([[1], [2]], None),
    ],
)
def test_a_column_is_what_its_values_are(values: list[Any], kind: str | None):
    assert read_column("x", column(values)).kind == kind


def test_a_parquet_column_and_its_csv_texts_are_the_same_kind_with_the_same_values():
    typed = read_column("x", column([3.0, None, 240.0]))
    texts = read_column("x", column(["3", "", "240.0"]))
    assert typed.kind == texts.kind == "integer"
    assert np.array_equal(typed.values, texts.values, equal_nan=True)


def test_a_column_that_is_mostly_numbers_stays_one_and_shows_what_is_none():
    read = read_column("x", column([*map(str, range(99)), "n.a."]))
    assert read.kind == "integer"
    assert read.unreadable.sum() == 1
    assert read.example == "n.a."


def test_a_column_that_is_half_numbers_is_a_category():
    assert read_column("x", column(["1", "2", "low", "high"])).kind == "categorical"


def test_infinity_is_no_number():
    read = read_column("x", column([*[float(number) for number in range(40)], float("inf")]))
    assert read.kind == "integer"
    assert read.unreadable[-1]


def test_levels_stand_in_the_order_of_their_counts_and_names():
    read = read_column("x", column(["b", "c", "c", None, "a"]))
    assert read.levels == ("c", "a", "b")
    assert np.array_equal(read.values, [2, 0, 0, np.nan, 1], equal_nan=True)


def test_whole_numbers_as_categories_have_no_decimal_point():
    assert as_categories("agent", column([240.0, None, 240.0, 9.0])).levels == ("240", "9")


def test_large_and_dictionary_texts_are_texts():
    values = ["a", "b", "a"]
    assert read_column("x", column(values, pa.large_string())).levels == ("a", "b")
    encoded = pa.chunked_array([pa.array(values).dictionary_encode()])
    assert read_column("x", encoded).levels == ("a", "b")
