import subprocess
import sys
from datetime import date, timedelta
from time import process_time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore_assets.domain.calendar import week_days
from leadscore_assets.domain.columns import columns_from_table
from leadscore_assets.domain.contract import Contract, default_contract
from leadscore_assets.domain.digests import table_digest
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.events import Event
from leadscore_assets.domain.generator import (
    SMALL_ROWS,
    SMALL_WEEKS,
    generate_day,
    generate_week,
    leads_on,
    small_contract,
    small_policy,
    truth,
)
from leadscore_assets.domain.leakage import leaks
from leadscore_assets.domain.metrics import spearman
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.domain.quality import quality
from leadscore_assets.domain.validation import validate_week

WEEK = date(2026, 1, 5)
B2B = default_contract()
SMALL = small_contract()


def week(number: int = 0, contract: Contract = B2B, events: tuple[Event, ...] = ()) -> pa.Table:
    return generate_week(WEEK + timedelta(weeks=number), contract=contract, seed=42, events=events)


@pytest.fixture(scope="module")
def leads() -> pa.Table:
    return week()


@given(day=st.dates(date(2000, 1, 1), date(2100, 1, 1)), seed=st.integers(0, 2**40))
def test_every_day_has_800_to_1300_leads(day: date, seed: int):
    assert 800 <= leads_on(day, contract=B2B, seed=seed) <= 1300


def test_workdays_bring_more_leads_than_weekends_and_spring_more_than_midsummer():
    days = [date(2025, 1, 6) + timedelta(days=number) for number in range(364)]
    counts = {day: leads_on(day, contract=B2B, seed=1) for day in days}
    workdays = [count for day, count in counts.items() if day.weekday() < 4]
    weekends = [count for day, count in counts.items() if day.weekday() >= 5]
    assert min(workdays) > max(weekends)
    spring, midsummer = (sum(counts[day] for day in days if day.month == month) for month in (3, 6))
    assert spring > 1.05 * midsummer


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**63), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_a_day_is_the_same_twice_and_another_seed_is_another_day(seed: int, day: date):
    first = generate_day(day, contract=B2B, seed=seed)
    assert first.equals(generate_day(day, contract=B2B, seed=seed))
    assert not first.equals(generate_day(day, contract=B2B, seed=seed + 1))


def test_another_process_generates_the_same_bytes(leads: pa.Table):
    program = (
        "from datetime import date; from leadscore_assets.domain.generator import *; "
        "from leadscore_assets.domain.contract import default_contract; "
        "from leadscore_assets.domain.digests import table_digest; "
        "print(table_digest(generate_week(date(2026, 1, 5), contract=default_contract(), seed=42)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == table_digest(leads)


def test_a_day_does_not_depend_on_the_days_generated_before_it(leads: pa.Table):
    sunday = generate_day(WEEK + timedelta(days=6), contract=B2B, seed=42)
    assert leads.slice(leads.num_rows - sunday.num_rows).equals(sunday)


@pytest.mark.parametrize("contract", [B2B, SMALL], ids=lambda contract: contract.name)
def test_generated_leads_keep_their_contract_reach_full_quality_and_leak_nothing(contract: Contract):
    raw = week(0, contract)
    places = pa.array(range(1, raw.num_rows + 1))
    judged = validate_week(
        raw.append_column("__file", pa.nulls(raw.num_rows, pa.string())).append_column("__row", places), contract
    )
    assert judged.reasons == {}
    assert judged.good.num_rows == raw.num_rows
    assert raw.schema == contract.schema
    worth = quality(judged.good, quarantined=0, duplicates=0, contract=contract, policy=Policy().quality)
    assert worth["score"] == 1.0
    assert leaks(judged.good, contract, Policy().leakage) == []


def test_keys_are_unique_and_name_their_day(leads: pa.Table):
    keys = leads["lead_id"].to_pylist()
    assert len(set(keys)) == len(keys)
    assert keys[0] == "L20260105-000001"


def test_leads_come_in_order_and_mostly_in_working_hours(leads: pa.Table):
    moments = leads["created_at"].to_pylist()
    assert moments == sorted(moments)
    hours = np.array([moment.hour for moment in moments])
    assert np.mean((hours >= 8) & (hours < 18)) > 0.8
    assert (hours < 5).any()


def test_five_in_a_hundred_values_are_missing_where_the_contract_allows_it(leads: pa.Table):
    shares = {feature.name: leads[feature.name].null_count / leads.num_rows for feature in B2B.features}
    assert all(shares[feature.name] <= feature.missing for feature in B2B.features)
    optional = [shares[feature.name] for feature in B2B.features if feature.missing and feature.name != "campaign"]
    assert np.mean(optional) == pytest.approx(0.05, abs=0.003)
    assert np.mean(list(shares.values())) == pytest.approx(0.05, abs=0.005)


def test_two_in_a_hundred_numbers_are_outliers(leads: pa.Table):
    found = []
    for feature in B2B.features:
        values = leads[feature.name].drop_null().to_numpy() if feature.kind in ("numeric", "integer") else np.empty(0)
        low, high = np.quantile(values, (0.25, 0.75)) if values.size else (0.0, 0.0)
        if high > low and (feature.maximum or 0) > 10:
            found.append(float(np.mean((values > high + 6 * (high - low)) | (values < low - 6 * (high - low)))))
    assert np.mean(found) == pytest.approx(0.02, abs=0.006)


def test_all_five_scores_are_well_populated_and_conversion_rises_with_them(leads: pa.Table):
    score, converted = leads["lead_score"].to_numpy(), leads["converted"].to_numpy()
    shares = [float(np.mean(score == level)) for level in range(1, 6)]
    assert min(shares) > 0.10
    rates = [float(converted[score == level].mean()) for level in range(1, 6)]
    assert rates == sorted(rates)
    assert 0.12 < converted.mean() < 0.20


def test_the_expected_score_is_the_mean_of_the_scores_that_come_true():
    expected = np.concatenate([truth(day, contract=B2B, seed=42) for day in week_days(WEEK)])
    score = week()["lead_score"].to_numpy()
    order = np.argsort(expected)
    for part in np.array_split(order, 5):
        assert score[part].mean() == pytest.approx(expected[part].mean(), abs=0.08)


@pytest.mark.parametrize(
    ("contract", "train", "test"), [(B2B, (0,), (1,)), (SMALL, range(6), (6, 7))], ids=["b2b", "small"]
)
def test_a_model_learns_much_of_the_truth_and_never_more(contract: Contract, train: range, test: tuple[int, ...]):
    learn, judge = (pa.concat_tables([week(number, contract) for number in part]) for part in (train, test))
    booster = xgb.train(
        {"eta": 0.1, "max_depth": 4, "min_child_weight": 10, "nthread": 1, "seed": 1, "colsample_bytree": 0.7},
        xgb.DMatrix(matrix(learn, contract), learn["lead_score"].to_numpy()),
        num_boost_round=120,
    )
    score = judge["lead_score"].to_numpy()
    reached = spearman(booster.predict(xgb.DMatrix(matrix(judge, contract))), score)
    days = [day for number in test for day in week_days(WEEK + timedelta(weeks=number))]
    best = spearman(np.concatenate([truth(day, contract=contract, seed=42) for day in days]), score)
    assert reached is not None
    assert best is not None
    assert 0.55 < reached < 0.70
    assert reached < best


def test_the_small_preset_is_ten_features_and_ten_thousand_rows_for_any_seed():
    assert len(SMALL.features) == 10
    days = [WEEK + timedelta(days=number) for number in range(7 * SMALL_WEEKS)]
    assert sum(leads_on(day, contract=SMALL, seed=7) for day in days) == SMALL_ROWS
    assert week(3, SMALL).num_rows == SMALL_ROWS // SMALL_WEEKS
    assert policy_from(small_policy()).window.minimum_rows <= SMALL_ROWS // 2


def test_a_week_takes_less_than_half_a_second():
    week()
    started = process_time()
    week(1)
    assert process_time() - started < 0.5


def test_a_contract_of_other_columns_cannot_be_generated():
    other = Contract.model_validate({**SMALL.model_dump(), "features": [{"name": "balance", "kind": "numeric"}]})
    with pytest.raises(InvalidInput, match=r"cannot make the columns balance .* kind = \"files\""):
        generate_day(WEEK, contract=other, seed=1)


def test_a_contract_without_an_outcome_cannot_be_generated():
    with pytest.raises(InvalidInput, match="without an outcome"):
        generate_day(WEEK, contract=SMALL.model_copy(update={"outcome": None}), seed=1)


def matrix(table: pa.Table, contract: Contract) -> np.ndarray:
    columns = columns_from_table(table, contract)
    found = []
    for feature in contract.features:
        values, levels = columns[feature.name].values, columns[feature.name].levels
        if levels is not None:
            places = np.array([*(feature.levels.index(level) for level in levels), np.nan])
            values = places[np.where(np.isnan(values), -1, values).astype(int)]
        found.append(values)
    return np.column_stack(found)


def test_related_columns_go_together(leads: pa.Table):
    known = leads.filter(pc.and_(pc.is_valid(leads["visits"]), pc.is_valid(leads["pricing_views"])))
    together = spearman(known["visits"].to_numpy(), known["pricing_views"].to_numpy())
    assert together is not None
    assert together > 0.2
