import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from leadscore_assets.domain.contract import Contract, default_contract
from leadscore_assets.domain.drafted_features import allowance
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.generator import generate_week
from leadscore_assets.domain.policy import policy_from
from leadscore_assets.domain.validation import validate_week
from leadscore_assets_tests.domain.drafts import START, as_texts, drafted, raw_leads

REAL = Path(__file__).parents[3] / "shared" / "data"


def real_leads(name: str) -> pa.Table:
    path = REAL / f"{name}.parquet"
    if not path.is_file():
        pytest.skip(f"{path.name} is not on this machine: it is not part of the project")
    return pq.read_table(path)


def as_csv(table: pa.Table) -> pa.Table:
    kept = io.BytesIO()
    pa.csv.write_csv(table, kept)
    kept.seek(0)
    texts = pa.csv.ConvertOptions(column_types=dict.fromkeys(table.column_names, pa.string()))
    return pa.csv.read_csv(kept, convert_options=texts)


def kinds(contract: Contract) -> dict[str, str]:
    return {feature.name: feature.kind for feature in contract.features}


def set_aside(table: pa.Table, contract: Contract) -> dict[str, int]:
    rows = table.num_rows
    placed = table.append_column("__file", pa.nulls(rows, pa.string())).append_column("__row", pa.array(range(rows)))
    return validate_week(placed, contract).reasons


@pytest.mark.parametrize("texts", [False, True], ids=["typed", "texts"])
def test_each_kind_of_column_becomes_a_feature(texts: bool):
    table = as_texts(raw_leads()) if texts else raw_leads()
    proposal = drafted(table)
    assert kinds(proposal.contract) == {
        "city": "categorical",
        "amount": "numeric",
        "visits": "integer",
        "newsletter": "boolean",
    }
    assert proposal.left_out == ()
    assert proposal.start_week == date(2026, 1, 5)
    assert [extra.name for extra in proposal.contract.derived] == [
        "created_hour",
        "created_weekday",
        "created_on_weekend",
    ]


def test_typed_leads_and_their_texts_draft_the_same():
    leads = raw_leads()
    assert drafted(leads) == drafted(as_texts(leads))


def test_the_drafted_data_fit_their_own_contract():
    assert set_aside(raw_leads(), drafted(raw_leads()).contract) == {}


def test_ordinary_later_values_are_not_set_aside():
    later = raw_leads(amount=np.full(1500, 1e7), city=["Nice"] * 1500, visits=np.full(1500, 4000))
    assert set_aside(later, drafted(raw_leads()).contract) == {}


def test_limits_are_drawn_only_where_the_data_show_one():
    numbers = np.random.default_rng(2).normal(0, 1, 1500)
    limits = {
        feature.name: (feature.minimum, feature.maximum)
        for feature in drafted(
            raw_leads(change=numbers, rate=5 + numbers / 9, spend=np.maximum(numbers, 0))
        ).contract.features
        if feature.kind in ("numeric", "integer")
    }
    assert limits["visits"] == (0, None)
    assert limits["spend"] == (0, None)
    assert limits["change"] == limits["rate"] == (None, None)


@pytest.mark.parametrize(
    ("worst", "rows", "share"),
    [(0.0, 5000, 0.0), (0.0, 200, 0.05), (0.001, 5000, 0.05), (0.05, 5000, 0.10), (0.3, 5000, 0.50), (0.7, 5000, 1.0)],
)
def test_the_missing_allowance_has_head_room_over_the_worst_week(worst: float, rows: int, share: float):
    assert allowance(worst, rows=rows) == pytest.approx(share)


def test_a_column_that_is_missing_for_whole_weeks_may_be_missing_altogether():
    numbers: list[Any] = list(np.random.default_rng(2).random(1500).round(3))
    numbers[300:500] = [None] * 200
    proposal = drafted(raw_leads(index=numbers))
    assert proposal.contract.by_name["index"].missing == 1
    assert any(text.startswith("index: missing in most of a week's rows") for text in proposal.guesses)


def test_numbers_that_name_things_become_categories_and_it_is_said():
    agents = [None if number % 7 == 0 else float(number % 90) for number in range(1500)]
    proposal = drafted(raw_leads(agent=agents))
    assert kinds(proposal.contract)["agent"] == "categorical"
    assert proposal.contract.by_name["agent"].open_levels
    assert "agent: whole numbers that name things, so categories" in proposal.guesses


def test_few_levels_are_listed_and_always_open():
    city = drafted(raw_leads()).contract.by_name["city"]
    assert set(city.levels) == {"Rome", "Oslo", "Bern"}
    assert city.open_levels


LEADS = raw_leads()
SCORE = LEADS["lead_score"].to_numpy()
CONVERTED = LEADS["converted"].to_numpy()
NOISE = np.random.default_rng(5).random(1500)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (SCORE, "suspected leakage: it is a copy of lead_score"),
        ([f"grade {score}" for score in SCORE], "suspected leakage: it alone ranks leads as lead_score does"),
        (-SCORE + 0.01 * NOISE, "suspected leakage: it alone ranks leads as lead_score does (Spearman 0.9"),
        (np.where(CONVERTED, 5 + NOISE, NOISE), "suspected leakage: it alone tells converted (AUC 1.000)"),
        (np.where(CONVERTED, NOISE, None), "suspected leakage: whether it is known alone tells converted (AUC 1.000)"),
        (
            [START + timedelta(days=400 + number % 9) for number in range(1500)],
            "suspected leakage: it is later than created_at in 100% of rows",
        ),
    ],
    ids=["a copy", "a copy in words", "a copy upside down", "outcome", "known after the outcome", "stamped later"],
)
def test_a_column_that_knows_the_answer_is_left_out_with_its_reason(values: Any, reason: str):
    (left,) = drafted(raw_leads(known=values)).left_out
    assert left.column == "known"
    assert left.why.startswith(reason)


def test_a_category_of_many_levels_does_not_look_like_a_leak_by_chance():
    assert drafted(raw_leads(place=[f"level {int(600 * share)}" for share in NOISE])).left_out == ()


def test_what_is_left_out_stands_in_the_order_of_the_columns():
    proposal = drafted(raw_leads(copy=SCORE, note=[f"n{number}" for number in range(1500)], again=SCORE))
    assert [item.column for item in proposal.left_out] == ["copy", "note", "again"]


def test_a_name_after_the_fact_is_only_warned_about():
    proposal = drafted(raw_leads(deal_stage=np.arange(1500) % 3))
    assert "deal_stage" in proposal.contract.names
    assert proposal.warnings == ("deal_stage sounds as if it were known only after the outcome; if so, take it out",)


def test_values_of_another_kind_are_warned_about_with_an_example():
    visits: list[Any] = [f"{number % 9}" for number in range(1500)]
    visits[3] = "n.a."
    assert drafted(raw_leads(visits=visits)).warnings == (
        "visits: 1 values are not integer, such as 'n.a.'; their rows are set aside",
    )


def test_days_without_times_of_day_give_no_hour():
    days = [moment.date() for moment in raw_leads()["created_at"].to_pylist()]
    derived = drafted(raw_leads(created_at=days)).contract.derived
    assert [extra.kind for extra in derived] == ["weekday", "weekend"]


def test_a_derived_name_that_is_a_column_already_is_not_used_again():
    derived = drafted(raw_leads(created_hour=np.arange(1500) % 24)).contract.derived
    assert [extra.name for extra in derived] == ["created_weekday", "created_on_weekend"]


def test_another_range_of_scores_stands_in_the_contract():
    contract = drafted(raw_leads(lead_score=np.arange(1500) % 11)).contract
    assert (contract.label_minimum, contract.label_maximum) == (0, 10)


def test_scores_from_two_to_four_keep_the_range_one_to_five():
    contract = drafted(raw_leads(lead_score=2 + np.arange(1500) % 3)).contract
    assert (contract.label_minimum, contract.label_maximum) == (1, 5)


def test_the_horizon_is_guessed_only_when_it_is_not_given():
    assert drafted(raw_leads()).contract.horizon_days == 14
    named = drafted(raw_leads(), horizon_days=0)
    assert named.contract.horizon_days == 0
    assert not any("--horizon" in guess for guess in named.guesses)


def test_columns_that_say_where_a_row_lies_are_no_features():
    placed = raw_leads(__file=["a.csv"] * 1500, __row=np.arange(1500))
    assert drafted(placed) == drafted(raw_leads())


def test_the_policy_can_be_met():
    window = policy_from(drafted(raw_leads()).policy).window
    assert window.minimum_rows == 500
    assert (window.minimum_test_rows, window.minimum_validation_rows) == (100, 50)


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (raw_leads(0), "hold no row"),
        (raw_leads(city=None, amount=None, visits=None, newsletter=None), "there are no other columns"),
        (raw_leads(city=None, amount=None, visits=[1] * 1500, newsletter=None), "visits: constant"),
        (pa.Table.from_arrays([pa.array([1]), pa.array([1])], ["id", "id"]), "more than one column named id"),
    ],
    ids=["no row", "no column", "no useful column", "a name twice"],
)
def test_data_without_anything_to_learn_from_are_refused(table: pa.Table, what: str):
    with pytest.raises(InvalidInput, match=what):
        drafted(table)


def test_generated_leads_draft_the_built_in_kinds():
    weeks = [
        generate_week(date(2026, 1, 5) + timedelta(weeks=n), contract=default_contract(), seed=1) for n in range(2)
    ]
    proposal = drafted(pa.concat_tables(weeks))
    assert kinds(proposal.contract) == kinds(default_contract())
    assert proposal.left_out == ()


@pytest.mark.parametrize(("name", "features"), [("bank_leads", 18), ("hotel_leads", 28)])
def test_real_leads_draft_the_same_features_from_parquet_and_from_csv(name: str, features: int):
    leads = real_leads(name)
    proposal, exported = drafted(leads), drafted(as_csv(leads))
    assert len(proposal.contract.features) == features
    assert kinds(proposal.contract) == kinds(exported.contract)
    assert proposal.left_out == ()
    assert (proposal.policy, proposal.start_week) == (exported.policy, exported.start_week)
    assert set_aside(leads, proposal.contract) == {}


def test_the_macro_columns_of_the_bank_may_be_missing_for_whole_weeks():
    contract = drafted(real_leads("bank_leads")).contract
    gone = [feature.name for feature in contract.features if feature.missing == 1]
    assert gone == ["emp_var_rate", "cons_price_idx", "cons_conf_idx", "euribor3m", "nr_employed"]
    assert contract.by_name["campaign"].kind == "integer"


def test_the_agents_and_companies_of_the_hotels_are_categories():
    found = kinds(drafted(real_leads("hotel_leads")).contract)
    assert (found["agent"], found["company"], found["deposit_type"]) == ("categorical",) * 3
