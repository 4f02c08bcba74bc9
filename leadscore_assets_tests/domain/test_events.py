from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pydantic import ValidationError

from leadscore_assets.domain.contract import default_contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.events import Event
from leadscore_assets.domain.generator import generate_day, truth

B2B = default_contract()
DAY = date(2026, 2, 3)


def day(*events: Event, on: date = DAY) -> pa.Table:
    return generate_day(on, contract=B2B, seed=42, events=events)


def event(kind: str, feature: str | None = None, size: float = 1.0, start: date = DAY) -> Event:
    return Event(kind=kind, start=start, feature=feature, size=size)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["shift", "missing", "unit"])
def test_an_event_changes_nothing_before_it_starts(kind: str):
    assert day(event(kind, "visits"), on=DAY - timedelta(days=1)).equals(day(on=DAY - timedelta(days=1)))


def test_a_shift_moves_a_number_by_its_standard_deviations_and_stays_inside_the_contract():
    plain, moved = day()["session_minutes"], day(event("shift", "session_minutes", 2.0))["session_minutes"]
    assert pc.quantile(moved, 0.5)[0].as_py() > 2 * pc.quantile(plain, 0.5)[0].as_py()
    fallen = day(event("shift", "session_minutes", -5.0))["session_minutes"]
    assert pc.min(fallen).as_py() == 0


def test_a_shift_of_whole_numbers_leaves_them_whole():
    moved = day(event("shift", "visits", 0.7))["visits"]
    assert pa.types.is_int64(moved.type)
    assert pc.mean(moved).as_py() > pc.mean(day()["visits"]).as_py()


@pytest.mark.parametrize(("size", "grows"), [(0.5, True), (-0.5, False)])
def test_a_shift_of_a_flag_changes_how_often_it_is_true(size: float, grows: bool):
    plain, moved = (
        pc.mean(table["trial_started"]).as_py() for table in (day(), day(event("shift", "trial_started", size)))
    )
    assert (moved > plain + 0.1) is grows
    assert (moved < plain - 0.1) is not grows


def test_a_shift_of_a_category_moves_rows_to_its_first_level():
    plain, moved = (
        pc.mean(pc.equal(table["source"], "organic").cast(pa.int8())).as_py()
        for table in (day(), day(event("shift", "source", 5.0)))
    )
    assert moved > plain + 0.3


def test_a_shifted_moment_never_comes_after_the_lead():
    moved = day(event("shift", "first_seen_at", 30.0))
    known = moved.filter(pc.is_valid(moved["first_seen_at"]))
    assert pc.all(pc.less_equal(known["first_seen_at"], known["created_at"])).as_py()


def test_scores_follow_a_shift_but_not_a_wrong_unit_or_a_lost_value():
    plain = truth(DAY, contract=B2B, seed=42)
    shifted = truth(DAY, contract=B2B, seed=42, events=[event("shift", "response_hours", 2.0)])
    assert shifted.mean() < plain.mean() - 0.1
    for kind in ("unit", "missing"):
        assert np.array_equal(plain, truth(DAY, contract=B2B, seed=42, events=[event(kind, "response_hours")]))


def test_a_wrong_unit_multiplies_by_powers_of_ten():
    plain, wrong = day(), day(event("unit", "annual_revenue", 3.0))
    assert np.allclose(wrong["annual_revenue"].drop_null(), 1000 * plain["annual_revenue"].drop_null().to_numpy())
    assert wrong.drop_columns(["annual_revenue"]).equals(plain.drop_columns(["annual_revenue"]))


def test_a_missing_event_loses_its_share_of_the_values_even_where_none_may_be_missing():
    lost = day(event("missing", "source", 0.4))["source"]
    assert lost.null_count / len(lost) == pytest.approx(0.4, abs=0.06)
    assert day(event("missing", "visits"))["visits"].null_count == len(lost)


def test_a_turned_concept_leaves_the_leads_and_changes_what_they_are_worth():
    plain, turned = day(), day(event("concept", size=1.0))
    features = list(B2B.names)
    assert turned.select(features).equals(plain.select(features))
    worth = [truth(DAY, contract=B2B, seed=42, events=events) for events in ([], [event("concept", size=1.0)])]
    assert np.corrcoef(*worth)[0, 1] < 0.2
    half = truth(DAY, contract=B2B, seed=42, events=[event("concept", size=0.3)])
    assert np.corrcoef(worth[0], half)[0, 1] > 0.5
    shares = np.bincount(turned["lead_score"].to_numpy(), minlength=6)[1:] / turned.num_rows
    assert shares.min() > 0.08


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ({"kind": "shift"}, "needs the name of a feature"),
        ({"kind": "concept", "feature": "visits"}, "takes no feature"),
        ({"kind": "missing", "feature": "visits", "size": 2}, "share from 0 to 1"),
        ({"kind": "shift", "feature": "visits", "size": float("inf")}, "finite"),
        ({"kind": "shift", "feature": "visits", "colour": 1}, "colour"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused(content: dict[str, object], what: str):
    with pytest.raises(ValidationError, match=what):
        Event.model_validate({"start": "2026-01-05", **content})


def test_an_event_on_a_feature_that_is_not_there_names_those_that_are():
    with pytest.raises(InvalidInput, match=r"visit is no feature of b2b_leads; name one of industry, "):
        day(event("shift", "visit"))


def test_a_wrong_unit_needs_a_number():
    with pytest.raises(InvalidInput, match="source is categorical"):
        day(event("unit", "source"))
