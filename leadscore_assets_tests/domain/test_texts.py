from datetime import UTC, datetime

import pyarrow as pa
import pytest

from leadscore_assets.domain.rules import above, below, plain_number
from leadscore_assets.domain.texts import as_text


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([9.0, 0.5, None, float("nan")]), ["9", "0.5", None, "nan"]),
        (pa.array([1.5], pa.float16()), ["1.5"]),
        (pa.array([7, None]), ["7", None]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array(["a", None]).dictionary_encode(), ["a", None]),
        (pa.array([b"a", b"\xff"]), ["a", "\ufffd"]),
        (pa.array([[1, 2], None]), ["[1, 2]", None]),
        (pa.array([datetime(2026, 1, 5, tzinfo=UTC)], pa.timestamp("s", tz="UTC")), ["2026-01-05 00:00:00Z"]),
    ],
)
def test_any_column_becomes_text(values: pa.Array, expected: list[str | None]) -> None:
    assert as_text(pa.chunked_array([values])).to_pylist() == expected


@pytest.mark.parametrize(("value", "text"), [(2000000, "2000000"), (1e12, "1000000000000"), (0.1, "0.1"), (-1, "-1")])
def test_limits_are_written_as_a_person_would(value: float, text: str) -> None:
    assert plain_number(value) == text
    assert below(value).endswith(text)
    assert above(value).endswith(text)
