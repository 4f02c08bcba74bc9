from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.calendar import week_of
from leadscore_assets.domain.columns import epoch_seconds
from leadscore_assets.domain.moments import (
    as_timestamps,
    day_number,
    day_of,
    iso_text,
    iso_us,
    moment_us,
    mondays,
    read_moments,
)

NEW_YEAR = 1767225600_000_000
ZONES = st.one_of(st.none(), st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))))
TIMES = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES)


def read(*values: object, kind: pa.DataType | None = None) -> tuple[list[int], list[bool], list[bool]]:
    found = read_moments(pa.chunked_array([pa.array(values, kind)]))
    return found.us.tolist(), found.missing.tolist(), found.unreadable.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01",
        "20260101",
        "2026-01-01T00:00",
        "2026-01-01 00:00:00",
        "2026-01-01 00:00:00.000000000",
        "2026-01-01T00:00:00Z",
        "2026-01-01 01:00:00+01:00",
        "2025-12-31T19:00:00-0500",
        "2026-01-01 00:00:00 UTC",
        " 2026-01-01 ",
        "1767225600",
        "1767225600.0",
        "1767225600000",
        "1767225600000000",
        "1767225600000000000",
    ],
)
def test_every_usual_form_of_a_moment_is_read(text: str) -> None:
    assert read(text) == ([NEW_YEAR], [False], [False])


@pytest.mark.parametrize(
    "text", ["01/02/2026", "2026-13-01", "2026-02-29", "12:00", "now", "2026", "-5", "9" * 30, "2026-01-01T24:00"]
)
def test_what_is_no_moment_is_unreadable(text: str) -> None:
    assert read(text) == ([0], [False], [True])


def test_a_leap_day_is_read() -> None:
    assert read("2024-02-29") == ([1709164800_000_000], [False], [False])


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1767225600, pa.int64()),
        (1767225600000, pa.int64()),
        (20260101, pa.int32()),
        (1767225600.0, pa.float64()),
        (20260101.0, pa.float64()),
        (date(2026, 1, 1), pa.date32()),
        (date(2026, 1, 1), pa.date64()),
        (datetime(2026, 1, 1), pa.timestamp("ns")),
        (datetime(2026, 1, 1), pa.timestamp("s")),
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), pa.timestamp("ms", tz="Europe/Berlin")),
        ("2026-01-01", pa.large_string()),
    ],
)
def test_every_physical_type_of_a_moment_is_read(value: object, kind: pa.DataType) -> None:
    assert read(value, None, kind=kind) == ([NEW_YEAR, 0], [False, True], [False, False])


def test_nan_and_empty_text_are_missing() -> None:
    assert read(float("nan"))[1:] == ([True], [False])
    assert read("", " ", None)[1:] == ([True] * 3, [False] * 3)


@given(TIMES, st.sampled_from(["T", " "]))
def test_columns_and_single_texts_are_read_alike(moment: datetime, between: str) -> None:
    text = moment.isoformat(between)
    known = moment.replace(tzinfo=moment.tzinfo or UTC)
    assert read(text)[0] == [iso_us(text)] == [moment_us(text)]
    assert iso_us(text) == (known - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@given(st.text("0123456789-:T W.Z+", max_size=26))
def test_a_column_reads_what_a_single_text_reads(text: str) -> None:
    us, missing, unreadable = read(text)
    expected = moment_us(text)
    assert us == [expected or 0]
    assert (missing[0], unreadable[0]) == (not text.strip(), bool(text.strip()) and expected is None)


@given(st.text("0123456789-:T W.Z+", min_size=1, max_size=26))
def test_what_a_request_may_hold_can_be_scored(text: str) -> None:
    us = iso_us(text)
    assert us is None or epoch_seconds(text) == us / 1e6


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)))
def test_weeks_of_arrays_are_the_calendars_weeks(moment: datetime) -> None:
    us = iso_us(moment.isoformat())
    assert us is not None
    assert day_of(int(mondays(np.array([us]))[0])) == week_of(moment)
    assert day_of(day_number(moment.date())) == moment.date()
    assert iso_us(iso_text(us)) == us


def test_moments_become_an_arrow_column_with_nulls() -> None:
    found = as_timestamps(read_moments(pa.chunked_array([["2026-01-01", "", "?"]])))
    assert found.to_pylist() == [datetime(2026, 1, 1, tzinfo=UTC), None, None]
    assert found.type == pa.timestamp("us", tz="UTC")
