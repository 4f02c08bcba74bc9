"""Whether a retraining starts, reason by reason."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.calendar import WEEK, run_day, week_of
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.domain.retraining_calendar import due_since, next_due
from leadscore_assets.domain.retraining_policy import RetrainingPolicy
from leadscore_assets.domain.triggers import Answer, DriftAnswer, Realised, RetrainingState, should_retrain

MONDAY = date(2026, 3, 2)
STATE = RetrainingState(
    MONDAY,
    champion=True,
    data="new",
    first_model=MONDAY - WEEK * 20,
    last_trained=datetime(2026, 2, 25, 6, tzinfo=UTC),
    trained_data=("old",),
    new_rows=500,
    champion_trained=MONDAY - WEEK,
    drift=DriftAnswer("quiet", "Nothing moved.", "d" * 64),
    realised=Realised(MONDAY - WEEK * 3, "spearman", 0.60, 0.61, 5_000, 0.80),
)
ALARM = DriftAnswer("alarm", "price moved by 0.31.", "d" * 64)
DUE = datetime.combine(run_day(MONDAY), datetime.min.time(), tzinfo=UTC) + timedelta(hours=5)
BEFORE = DUE - timedelta(hours=20)


def rules(**given: Any) -> Policy:
    return policy_from({"retraining": given})


def asked(state: RetrainingState = STATE, now: datetime = BEFORE, asker: Any = "conditions", **given: Any) -> Answer:
    return should_retrain(state, rules(**given), now, asker=asker)


def named(answer: Answer, name: str) -> Any:
    return next(item for item in answer.reasons if item.name == name)


def test_weekly_retrains_once_the_week_is_due_and_says_when_it_is() -> None:
    early = asked()
    assert (early.decision, early.cause) == ("skip", "none")
    assert f"{DUE:%Y-%m-%d %H:%M}" in named(early, "weekly").sentence
    found = asked(now=DUE, asker="calendar")
    assert (found.decision, found.cause) == ("retrain", "weekly")
    late = asked(now=DUE + timedelta(hours=30))
    assert late.decision == "retrain"
    done = asked(replace(STATE, last_trained=DUE), now=DUE + timedelta(hours=30))
    assert done.decision == "skip"


def test_a_week_whose_version_is_on_its_way_is_left_alone_unless_a_person_asks() -> None:
    under = replace(STATE, on_its_way="version 12")
    for asker in ("calendar", "conditions"):
        found = asked(under, now=DUE, asker=asker)
        assert (found.decision, found.cause) == ("skip", "weekly")
        assert found.sentence.startswith(f"version 12 of week {MONDAY} is on its way")
    assert asked(under, now=DUE, asker="manual").decision == "retrain"
    assert asked(under, now=DUE, asker="forced").decision == "retrain"


def test_every_reason_is_told_with_its_figure_whatever_the_answer() -> None:
    found = asked()
    assert [item.name for item in found.reasons] == ["weekly", "drift", "volume", "age", "performance"]
    figures = {item.name: (item.figure, item.bound) for item in found.reasons}
    assert figures["volume"] == (500, 1_000)
    assert figures["age"] == ((BEFORE.date() - STATE.champion_trained).days, 30)
    assert figures["performance"] == (0.60, pytest.approx(0.56))


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"drift": ALARM}, "drift"),
        ({"new_rows": 1_001}, "volume"),
        ({"champion_trained": MONDAY - timedelta(days=60), "last_trained": BEFORE - timedelta(days=40)}, "age"),
        ({"realised": Realised(MONDAY, "spearman", 0.50, 0.61, 5_000, 0.80)}, "performance"),
        ({"realised": Realised(MONDAY, "spearman", 0.62, 0.61, 5_000, 0.74)}, "performance"),
    ],
    ids=["drift", "volume", "age", "realised", "auc"],
)
def test_each_condition_starts_one_where_the_calendar_is_far_and_is_merged_where_it_is_near(
    change: dict[str, Any], cause: str
) -> None:
    state = replace(STATE, **change)
    far = asked(state, when="monthly", merge_hours=24)
    assert (far.decision, far.cause) == ("retrain", cause)
    near = asked(state)
    assert (near.decision, near.cause, near.not_before) == ("wait", cause, DUE)
    off = asked(state, when="monthly", merge_hours=24, on=())
    assert off.decision == "skip"


def test_an_old_champion_that_held_its_place_is_challenged_again_only_after_as_many_days() -> None:
    old = replace(STATE, champion_trained=MONDAY - timedelta(days=60))
    for days, wanted in ((5, False), (30, False), (31, True)):
        state = replace(old, last_trained=BEFORE - timedelta(days=days))
        found = asked(state, when="monthly", merge_hours=24)
        assert found.wanted is wanted
        assert ("held its place against a training" in named(found, "age").sentence) is not wanted


def test_an_alarm_within_the_cooldown_starts_nothing() -> None:
    state = replace(STATE, drift=ALARM, last_drift=MONDAY)
    found = asked(state, when="on_drift")
    assert found.decision == "skip"
    assert f"not before {MONDAY + timedelta(days=14)}" in named(found, "drift").sentence
    assert asked(replace(state, last_drift=MONDAY - WEEK), when="on_drift").cause == "drift"


def test_very_many_rows_wait_for_nothing() -> None:
    state = replace(STATE, new_rows=100_000, last_trained=BEFORE - timedelta(hours=1))
    found = asked(state, cheap_hours=[(BEFORE.hour + 3) % 24])
    assert (found.decision, found.cause, found.urgent) == ("retrain", "urgent_volume", True)
    assert asked(replace(state, data="old")).decision == "skip"


def test_a_condition_rests_after_a_retraining() -> None:
    state = replace(STATE, drift=ALARM, last_trained=BEFORE - timedelta(days=1))
    found = asked(state, when="monthly", merge_hours=0, rest_days=3)
    assert (found.decision, found.not_before) == ("wait", BEFORE + timedelta(days=2))


@pytest.mark.parametrize(("hours", "put_off", "waits"), [((8,), 24, True), ((8,), 1, False), ((5,), 24, False)])
def test_a_retraining_is_put_off_to_a_cheap_hour_within_bounds(hours: Any, put_off: int, *, waits: bool) -> None:
    found = asked(now=DUE, cheap_hours=hours, put_off_hours=put_off)
    assert found.decision == ("wait" if waits else "retrain")
    assert found.not_before == (DUE.replace(hour=8) if waits else None)


def test_without_a_champion_every_policy_trains_as_soon_as_there_is_anything_to_learn_from() -> None:
    state = replace(STATE, champion=False, trained_data=())
    for when in ("weekly", "monthly", "on_drift", "never"):
        assert asked(state, when=when, asker="calendar").cause == "first_model"
        assert asked(state, when=when).decision == "skip"
    empty = asked(replace(state, data="", problem="no matured row yet."), asker="calendar")
    assert empty.decision == "skip"
    assert "no matured row yet." in empty.sentence


def test_no_new_row_is_a_skip_unless_forced() -> None:
    state = replace(STATE, data="old")
    assert asked(state, now=DUE).decision == "skip"
    assert "No row has matured" in asked(state, now=DUE).sentence
    assert asked(state, asker="manual").decision == "skip"
    assert asked(state, asker="forced").decision == "retrain"
    assert asked(replace(state, data=""), asker="forced").decision == "skip"


def test_one_that_is_under_way_is_not_doubled() -> None:
    found = asked(replace(STATE, running="run 1234"), now=DUE)
    assert found.decision == "skip"
    assert "run 1234" in found.sentence


def test_a_person_waits_for_no_calendar_and_never_is_never() -> None:
    assert asked(asker="manual").cause == "manual"
    assert asked(asker="manual").wanted
    assert asked(replace(STATE, drift=ALARM), when="never").decision == "skip"


@given(st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.sampled_from(["weekly", "phases", "monthly"]))
def test_what_is_due_next_becomes_due_at_that_moment(day: date, when: Any) -> None:
    policy, first = RetrainingPolicy(when=when), date(2023, 6, 1)
    now = datetime.combine(day, datetime.min.time(), tzinfo=UTC)
    coming = next_due(policy, now, first_model=first)
    assert coming
    assert coming > now
    week = week_of(coming) - WEEK
    assert due_since(policy, week, coming, first_model=first) == coming
    assert due_since(policy, week, coming - timedelta(minutes=1), first_model=first) is None


def test_phases_are_weekly_at_first_and_monthly_later() -> None:
    policy, first = RetrainingPolicy(when="phases"), date(2026, 1, 5)
    now, moments = datetime(2026, 1, 6, tzinfo=UTC), []
    while len(moments) < 24 and (coming := next_due(policy, now, first_model=first)):
        moments.append(coming)
        now = coming
    weekly = [moment for moment in moments if (moment.date() - first).days < 91]
    later = [moment for moment in moments if (moment.date() - first).days > 100]
    assert len(weekly) == 13
    assert len({(moment.year, moment.month) for moment in later}) == len(later)


def test_a_cron_expression_is_the_calendar_and_a_wrong_one_is_told() -> None:
    now = datetime(2026, 3, 11, 12, tzinfo=UTC)
    found = asked(replace(STATE, last_trained=datetime(2026, 3, 10, tzinfo=UTC)), now, when="cron", cron="0 4 * * 3")
    assert (found.decision, found.cause) == ("retrain", "cron")
    assert "2026-03-11 04:00" in found.sentence
    for wrong in ({"when": "cron"}, {"cron": "0 4 * * 3"}, {"when": "cron", "cron": "soon"}):
        with pytest.raises(ValueError, match="cron"):
            RetrainingPolicy(**wrong)
