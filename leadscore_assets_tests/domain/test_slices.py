from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.calendar import run_day, week_of, weeks_between, window_end
from leadscore_assets.domain.errors import NotEnoughData
from leadscore_assets.domain.facts import DataFile, Slice
from leadscore_assets.domain.policy import WindowPolicy
from leadscore_assets.domain.slices import build_slice, overlaps, plan_slices

WEEK = date(2026, 3, 2)
END = date(2026, 3, 9)
SMALL = WindowPolicy(minimum_rows=700, minimum_test_rows=5, minimum_validation_rows=5)


def rows(days: int, count: int = 100, end: date = END) -> dict[date, int]:
    return {end - timedelta(days=back): count for back in range(1, days + 1)}


def test_seven_full_days_are_cut_four_one_two():
    plan = plan_slices(WEEK, END, rows(30), SMALL)
    assert [len(plan.train), len(plan.validation), len(plan.test)] == [4, 1, 2]
    assert plan.train[0] == END - timedelta(days=7)
    assert plan.test[-1] == END - timedelta(days=1)


def test_a_window_with_too_few_rows_is_widened_and_keeps_its_last_days():
    policy = SMALL.model_copy(update={"minimum_rows": 2000})
    plan = plan_slices(WEEK, END, rows(60), policy)
    assert [len(plan.train), len(plan.validation), len(plan.test)] == [17, 1, 2]
    assert plan.rows == 2000


def test_sparse_test_days_are_widened_to_their_own_minimum():
    policy = WindowPolicy(minimum_rows=500, minimum_test_rows=50, minimum_validation_rows=20)
    plan = plan_slices(WEEK, END, rows(170, count=10), policy)
    assert [len(plan.validation), len(plan.test)] == [2, 5]


@pytest.mark.parametrize(
    ("days", "told"),
    [
        pytest.param(3, "300 matured and labelled rows in the 180 days", id="too few in the longest window"),
        pytest.param(0, "no matured and labelled row lies in the 180 days", id="none at all"),
    ],
)
def test_fewer_rows_than_the_minimum_are_refused_with_the_remedy(days, told):
    with pytest.raises(NotEnoughData, match=told) as refused:
        plan_slices(WEEK, END, rows(days), SMALL)
    assert "ingest" in f"{refused.value}"


def test_a_burst_that_judging_takes_up_widens_the_window_to_days_that_can_train():
    held = {END - timedelta(days=3): 900, **{END - timedelta(days=back): 10 for back in range(60, 120)}}
    policy = WindowPolicy(minimum_rows=700, minimum_test_rows=400, minimum_validation_rows=20)
    plan = plan_slices(WEEK, END, held, policy)
    assert (plan.test[0], sum(held.get(day, 0) for day in plan.train)) == (END - timedelta(days=3), 350)


def test_a_window_that_judging_uses_up_is_refused():
    greedy = WindowPolicy(minimum_rows=20, minimum_test_rows=600, minimum_validation_rows=200)
    with pytest.raises(NotEnoughData, match="0 of 700 rows are left to train"):
        plan_slices(WEEK, END, rows(7), greedy)


counts = st.dictionaries(st.integers(1, 200).map(lambda back: END - timedelta(days=back)), st.integers(0, 300))
policies = st.builds(
    WindowPolicy,
    days=st.integers(3, 30),
    maximum_days=st.just(180),
    minimum_rows=st.integers(20, 5000),
    test_days=st.integers(1, 5),
    validation_days=st.integers(1, 3),
    minimum_test_rows=st.integers(5, 300),
    minimum_validation_rows=st.integers(5, 200),
)


@given(counts, policies)
def test_no_day_stands_in_two_slices_and_nothing_is_from_the_future(held, policy):
    try:
        plan = plan_slices(WEEK, END, held, policy)
    except NotEnoughData:
        return
    days = [*plan.train, *plan.validation, *plan.test]
    assert days == sorted(set(days))
    assert days[-1] == END - timedelta(days=1)
    assert len(days) <= 180
    assert sum(held.get(day, 0) for day in days) == plan.rows >= policy.minimum_rows
    assert len(plan.test) >= policy.test_days


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(week_of), st.integers(0, 60))
def test_each_weekday_is_a_test_day_within_seven_weeks(first, horizon):
    weekdays = set()
    for week in weeks_between(first, first + timedelta(weeks=6)):
        end = window_end(week, horizon_days=horizon, today=run_day(week))
        plan = plan_slices(week, end, rows(60, end=end), SMALL)
        weekdays |= {day.weekday() for day in plan.test}
    assert weekdays == set(range(7))


def test_a_slice_names_only_files_that_are_there_and_its_digest_follows_them():
    plan = plan_slices(WEEK, END, rows(30), SMALL)
    files = {day: DataFile(f"{day}.parquet", f"{day}", 90, day, 80) for day in plan.train[1:]}
    item = build_slice("train", WEEK, plan, files)
    assert (len(item.files), item.rows) == (3, 240)
    other = {**files, plan.train[1]: DataFile("x", "other", 90, plan.train[1], 80)}
    assert build_slice("train", WEEK, plan, other).digest != item.digest


def cut(train: list[int], validation: list[int], test: list[int]) -> dict[str, Slice]:
    days = {"train": train, "validation": validation, "test": test}
    march = {name: tuple(date(2026, 3, number) for number in numbers) for name, numbers in days.items()}
    return {name: Slice(name, WEEK, held, (), 0, "") for name, held in march.items()}


@pytest.mark.parametrize(
    ("slices", "told"),
    [
        pytest.param(cut([1, 2], [2], [3]), "2026-03-02 stands in train and in validation", id="shared"),
        pytest.param(cut([1], [4], [3]), "validation ends on 2026-03-04, after test begins on 2026-03-03", id="order"),
        pytest.param(cut([1], [2], [9]), "2026-03-09 lies at or after the window's end 2026-03-09", id="future"),
    ],
)
def test_slices_that_overlap_are_found_and_named(slices, told):
    assert overlaps(slices, end=END) == [told]


def test_slices_in_order_have_nothing_wrong():
    assert overlaps(cut([1, 2], [3], [4, 5]), end=END) == []
