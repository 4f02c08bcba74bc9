from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.policy import WindowPolicy, policy_from
from leadscore_assets.domain.window_proposal import propose_window

START = date(2026, 1, 5)


def daily(days: int, count: int) -> dict[date, int]:
    return {START + timedelta(days=number): count for number in range(days)}


@pytest.mark.parametrize(
    ("days", "count", "minimum"),
    [(365, 1100, 10_000), (365, 100, 2800), (365, 9, 500), (365, 1, 180), (10, 5, 35)],
    ids=["plenty", "a usual four weeks", "few", "the longest window holds less", "a handful"],
)
def test_the_minimum_follows_the_data(days: int, count: int, minimum: int):
    assert propose_window(daily(days, count))[0]["minimum_rows"] == minimum


def test_test_and_validation_shrink_with_a_small_minimum_and_keep_their_defaults_with_a_large_one():
    few, many = (propose_window(daily(365, count))[0] for count in (9, 1100))
    assert few == {"minimum_rows": 500, "minimum_test_rows": 100, "minimum_validation_rows": 50}
    assert many == {"minimum_rows": 10_000}


def test_each_number_is_said_in_a_sentence():
    _, sentences = propose_window(daily(365, 9))
    assert sentences == (
        "a training waits for at least 500 rows: a usual 28 days hold 252",
        "test holds at least 100 rows, one in 5 of these",
        "validation holds at least 50 rows, one in 10 of these",
    )


@given(st.dictionaries(st.dates(date(2020, 1, 1), date(2021, 6, 1)), st.integers(1, 3000), min_size=1, max_size=60))
def test_a_proposal_is_always_a_valid_policy_that_leaves_rows_to_train(rows: dict[date, int]):
    proposal, _ = propose_window(rows)
    window = policy_from({"window": proposal}).window
    assert window.minimum_rows <= WindowPolicy().minimum_rows
    assert window.minimum_test_rows <= max(5, window.minimum_rows // 5)
    assert window.minimum_validation_rows <= max(5, window.minimum_rows // 10)
