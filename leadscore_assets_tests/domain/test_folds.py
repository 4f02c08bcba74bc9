from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.errors import NotEnoughData
from leadscore_assets.domain.folds import time_ordered_folds

FIRST = date(2026, 1, 5)


def days(*rows: int) -> dict[date, int]:
    return {FIRST + timedelta(number): count for number, count in enumerate(rows)}


@given(
    rows=st.lists(st.integers(0, 500), min_size=1, max_size=60),
    folds=st.integers(1, 8),
    minimum=st.integers(1, 600),
)
def test_no_validation_day_precedes_its_training_days_and_no_day_is_in_both(rows, folds, minimum):
    held = days(*rows)
    try:
        found = time_ordered_folds(held, folds=folds, minimum_rows=minimum)
    except NotEnoughData:
        known = [count for count in rows if count]
        length = max(1, len(known) // (2 * folds))
        cuts = range(1, len(known) - length + 1)
        assert not any(sum(known[:cut]) >= minimum <= sum(known[cut:]) for cut in cuts)
        return
    assert 1 <= len(found) <= folds
    for fold in found:
        assert max(fold.train) < min(fold.validation)
        assert sum(held[day] for day in fold.train) >= minimum
        assert sum(held[day] for day in fold.validation) >= minimum
    for earlier, later in pairwise(found):
        assert later.train == earlier.train + earlier.validation
    assert found[-1].validation[-1] == max(day for day, count in held.items() if count)


def test_four_days_make_three_folds_that_each_learn_from_one_day_more():
    found = time_ordered_folds(days(1000, 1000, 1000, 1000), folds=3, minimum_rows=200)
    assert [(len(fold.train), len(fold.validation)) for fold in found] == [(1, 1), (2, 1), (3, 1)]


def test_in_a_long_slice_the_newer_half_is_judged_on():
    found = time_ordered_folds(days(*[100] * 60), folds=3, minimum_rows=200)
    assert [(len(fold.train), len(fold.validation)) for fold in found] == [(30, 10), (40, 10), (50, 10)]


@pytest.mark.parametrize("rows", [(), (5000,), (150, 150)], ids=["no day", "one day", "two small days"])
def test_a_slice_that_cannot_be_cut_is_refused_with_the_remedy(rows):
    with pytest.raises(NotEnoughData, match="trials = 0"):
        time_ordered_folds(days(*rows), folds=3, minimum_rows=200)
