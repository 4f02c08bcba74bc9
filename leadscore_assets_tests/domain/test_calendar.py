from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.calendar import (
    parse_week,
    rotation,
    run_day,
    week_days,
    week_of,
    weeks_between,
    window_end,
)
from leadscore_assets.domain.errors import InvalidInput

weeks = st.dates(date(2000, 1, 3), date(2090, 1, 1)).map(week_of)


def test_a_week_begins_on_monday_in_utc():
    late_sunday_in_berlin = datetime(2026, 1, 5, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert week_of(late_sunday_in_berlin) == date(2025, 12, 29)
    assert week_of(datetime(2026, 1, 5, tzinfo=UTC)) == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("text", "told"), [("2026-01-07", "here 2026-01-05"), ("07.01.2026", "YYYY-MM-DD"), ("2026-13-01", "not a date")]
)
def test_a_wrong_week_key_is_refused_with_its_remedy(text, told):
    with pytest.raises(InvalidInput, match=told):
        parse_week(text)


@given(weeks)
def test_the_weekday_of_the_run_moves_on_by_one_every_week(week):
    assert rotation(week + timedelta(days=7)) == (rotation(week) + 1) % 7
    assert run_day(week).weekday() == rotation(week)
    assert week_of(run_day(week)) == week + timedelta(days=7)


@given(weeks, st.integers(0, 200), st.integers(0, 400))
def test_a_window_ends_where_every_row_is_matured_and_every_week_is_over(week, horizon, wait):
    today = week + timedelta(days=7 + wait)
    end = window_end(week, horizon_days=horizon, today=today)
    assert end + timedelta(days=horizon) <= today
    assert end <= week + timedelta(days=7)


def test_lists_of_days_and_weeks_include_their_ends():
    assert [day.weekday() for day in week_days(date(2026, 1, 5))] == list(range(7))
    assert weeks_between(date(2026, 1, 5), date(2026, 1, 19)) == [
        date(2026, 1, 5),
        date(2026, 1, 12),
        date(2026, 1, 19),
    ]
