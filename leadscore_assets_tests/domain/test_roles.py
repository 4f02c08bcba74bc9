from typing import Any

import numpy as np
import pytest

from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets_tests.domain.drafts import as_texts, raw_leads, roles_of


@pytest.mark.parametrize("texts", [False, True], ids=["typed", "texts"])
def test_well_named_columns_are_found_and_each_guess_is_said(texts: bool):
    roles = roles_of(as_texts(raw_leads()) if texts else raw_leads())
    assert roles.names == {"lead_id", "created_at", "lead_score", "converted"}
    assert len(roles.guesses) == 4
    assert all(
        f"--{option}" in guess for option, guess in zip(("key", "time", "label", "outcome"), roles.guesses, strict=True)
    )
    assert roles.warnings == ()


def test_names_are_found_in_other_spellings():
    table = raw_leads().rename_columns(
        ["LeadID", "Created Date", "city", "amount", "visits", "newsletter", "Score", "IsConverted"]
    )
    roles = roles_of(table)
    assert (roles.key_name, roles.time_name) == ("LeadID", "Created Date")
    assert (roles.label_name, roles.outcome_name) == ("Score", "IsConverted")


def test_columns_without_known_names_are_found_where_only_one_can_play_the_role():
    table = raw_leads().rename_columns(["nummer", "eingang", "city", "amount", "visits", "newsletter", "note", "kauf"])
    roles = roles_of(table)
    assert (roles.key_name, roles.time_name, roles.label_name) == ("nummer", "eingang", "note")
    assert roles.outcome_name is None
    assert "no column says whether a lead converted" in roles.guesses[3]


def test_a_named_column_is_no_guess_and_is_not_guessed_for_another_role():
    bought = np.arange(1500) % 3 == 0
    table = raw_leads(score=None, converted=bought.astype(int), won=bought)
    roles = roles_of(table, label="converted")
    assert (roles.label_name, roles.outcome_name) == ("converted", "won")
    assert not any("--label" in guess for guess in roles.guesses)


@pytest.mark.parametrize(
    ("named", "what"),
    [
        ({"label": "points"}, r"--label points: there is no such column; name one of lead_id, created_at"),
        ({"label": "amount"}, r"--label amount: it holds \d+.*and a score is a whole number; name another column"),
        ({"label": "city"}, r"--label city: it holds texts"),
        ({"outcome": "visits"}, r"--outcome visits: it holds \d, and an outcome is true or false"),
        (
            {"time": "city"},
            r"--time city: 1,500 of 1,500 rows hold no date in it; name another column as the creation time",
        ),
        ({"key": "city"}, r"--key city: 1,497 of 1,500 rows repeat another row's value"),
        ({"key": "lead_id", "time": "created_at", "label": "visits", "outcome": None}, ""),
    ],
)
def test_a_named_column_must_fit_its_role(named: dict[str, Any], what: str):
    if not what:
        assert roles_of(raw_leads(), **named).label_name == "visits"
        return
    with pytest.raises(InvalidInput, match=what):
        roles_of(raw_leads(), **named)


def test_one_column_cannot_play_two_roles():
    table = raw_leads(lead_score=np.arange(1500) % 2)
    with pytest.raises(InvalidInput, match=r"lead_score cannot be both --label and --outcome"):
        roles_of(table, label="lead_score", outcome="lead_score")


def test_without_a_score_the_error_says_which_columns_could_be_named():
    table = raw_leads(lead_score=None, converted=None)
    with pytest.raises(InvalidInput, match=r"--label, for example --label visits \(columns that could be it: visits\)"):
        roles_of(table)


def test_without_an_id_or_a_date_the_error_names_the_option():
    with pytest.raises(InvalidInput, match="name one with --key, one of created_at"):
        roles_of(raw_leads(lead_id=None))
    with pytest.raises(InvalidInput, match=r"no column holds dates .*--time"):
        roles_of(raw_leads(created_at=None))


def test_two_dates_without_a_known_name_are_asked_about():
    table = raw_leads()
    moments = table["created_at"]
    with pytest.raises(InvalidInput, match=r"several columns hold dates.* one of first, second"):
        roles_of(raw_leads(created_at=None, first=moments, second=moments))


def test_a_score_outside_one_to_five_is_said_and_its_range_used():
    roles = roles_of(raw_leads(lead_score=(np.arange(1500) % 101)))
    assert "runs from 0 to 100, not from 1 to 5" in roles.warnings[0]


def test_repeated_missing_and_undated_rows_are_counted():
    ids: list[Any] = [f"A{number}" for number in range(1500)]
    ids[1], ids[2] = ids[0], None
    moments: list[Any] = raw_leads()["created_at"].to_pylist()
    moments[7] = None
    roles = roles_of(raw_leads(lead_id=ids, created_at=moments))
    assert roles.warnings == (
        "lead_id: 1 rows repeat another row's value; of each the newest row counts",
        "lead_id: 1 rows have no value in it and are set aside",
        "created_at: 1 rows hold no date in it and are set aside",
    )


def test_a_role_that_a_contract_cannot_spell_is_asked_to_be_renamed():
    table = raw_leads().rename_columns(
        ["lead_id", "created_at", "city", "amount", "visits", "newsletter", "größe*", "converted"]
    )
    with pytest.raises(InvalidInput, match=r"--label größe\*: a contract cannot spell its name.*rename the column"):
        roles_of(table, label="größe*")
