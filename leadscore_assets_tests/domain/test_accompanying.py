"""When a champion is looked at after its release: closely, daily, weekly, each look once."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.accompanying import Look, Tenure, look_due, next_look, tenure
from leadscore_assets.domain.calendar import DAY
from leadscore_assets.domain.release_policy import ReleasePolicy
from leadscore_assets.domain.release_state import Model, ReleaseState, Transition

BEGUN = datetime(2026, 3, 2, 9, tzinfo=UTC)
CALM = BEGUN + timedelta(hours=50)
MODEL = Model("a" * 64, 3)
POLICY = ReleasePolicy()
OFFICE = Tenure(3, "a" * 64, BEGUN, CALM)


def state(*, settled: bool) -> ReleaseState:
    history = [Transition(BEGUN, MODEL, "approved", "champion", 1.0, "platform", "x")]
    history += [Transition(CALM, MODEL, "champion", "champion", 1.0, "platform", "x")] if settled else []
    earlier = Transition(BEGUN - DAY * 40, MODEL, "approved", "champion", 1.0, "platform", "x")
    return ReleaseState(champion=MODEL, settled=settled, history=(earlier, *history))


def test_the_close_watch_lasts_until_the_release_is_settled():
    watched = tenure(state(settled=False))
    assert watched == Tenure(3, "a" * 64, BEGUN, None)
    assert look_due(watched, POLICY, BEGUN + DAY * 30) is None
    assert next_look(watched, POLICY, BEGUN) == Look("close", 1, BEGUN + timedelta(hours=48))
    assert tenure(state(settled=True)) == OFFICE
    assert tenure(ReleaseState()) is None


def test_then_one_look_a_day_for_a_week_and_one_a_week_for_ever():
    days = [look_due(OFFICE, POLICY, CALM + DAY * day) for day in range(0, 29)]
    assert days[0] is None
    assert [(item.stage, item.number) for item in days[1:14]] == [
        *(("daily", number) for number in range(1, 8)),
        *([("daily", 7)] * 6),
    ]
    assert [(item.stage, item.number) for item in days[14:29:7]] == [("weekly", 1), ("weekly", 2), ("weekly", 3)]


def test_without_daily_looks_the_weekly_ones_begin_at_once():
    policy = ReleasePolicy(daily_reports=0)
    assert look_due(OFFICE, policy, CALM + DAY * 6) is None
    assert look_due(OFFICE, policy, CALM + DAY * 7) == Look("weekly", 1, CALM + DAY * 7)
    assert next_look(OFFICE, policy, CALM) == Look("weekly", 1, CALM + DAY * 7)


@given(st.integers(0, 24 * 200), st.integers(0, 20))
def test_the_next_look_is_the_one_that_is_due_at_its_moment_and_none_comes_between(hours, daily):
    policy, now = ReleasePolicy(daily_reports=daily), CALM + timedelta(hours=hours)
    coming = next_look(OFFICE, policy, now)
    assert coming.due > now
    assert look_due(OFFICE, policy, coming.due) == coming
    assert look_due(OFFICE, policy, coming.due - timedelta(seconds=1)) == look_due(OFFICE, policy, now)
