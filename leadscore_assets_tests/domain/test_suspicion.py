from typing import Any

import numpy as np
import pytest

from leadscore_assets.domain.raw_column import read_column
from leadscore_assets.domain.suspicion import names_things, sounds_after_the_fact, why_left_out
from leadscore_assets_tests.domain.drafts import raw_leads

ROWS = 1500
LEADS = raw_leads(ROWS)
CONVERTED = LEADS["converted"].to_numpy()
NOISE = np.random.default_rng(5).random(ROWS)


def why(values: Any, name: str = "x") -> str:
    return why_left_out(read_column(name, raw_leads(ROWS, **{name: values})[name]))


@pytest.mark.parametrize("name", ["city", "amount", "visits", "newsletter"])
def test_ordinary_columns_stay(name: str):
    assert why_left_out(read_column(name, LEADS[name])) == ""


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([None] * ROWS, "no row has a value"),
        ([""] * ROWS, "no row has a value"),
        (["same"] * ROWS, "constant: every value is same"),
        ([7.0] * ROWS, "constant: every value is 7"),
        ([f"name {number}" for number in range(ROWS)], "an id or free text: 1,500 different values in 1,500 rows"),
        (list(range(100, ROWS + 100)), "a running number: 1,500 different values in 1,500 rows"),
        (["words " * 20 + str(number % 5) for number in range(ROWS)], "free text: 121 characters on average"),
        ([[1]] * ROWS, "its values are lists or records"),
        (["signed" if won else None for won in CONVERTED], "constant"),
    ],
)
def test_a_column_is_left_out_with_its_reason(values: Any, reason: str):
    assert why(values).startswith(reason)


def test_a_column_with_a_name_that_a_contract_cannot_spell_is_left_out():
    assert why(NOISE, "Unnamed: 0").startswith("a contract cannot spell its name")


NAMING = ["agent", "owner_id", "ZipCode", "companyId"]
COUNTING = ["campaign", "adults", "contacts_at_company", "visits", ""]


@pytest.mark.parametrize(
    ("name", "things"), [*((name, True) for name in NAMING), *((name, False) for name in COUNTING)]
)
def test_a_name_says_whether_its_numbers_name_things(name: str, things: bool):
    assert names_things(name) is things


@pytest.mark.parametrize(
    ("name", "after"),
    [("closed_date", True), ("ReservationStatus", True), ("previous_cancelled", False), ("budget", False)],
)
def test_a_name_may_sound_after_the_fact(name: str, after: bool):
    assert sounds_after_the_fact(name) is after
