"""Whether a week is retrained, rule by rule."""

from datetime import timedelta

import pytest

from leadscore_assets.domain.policy import policy_from
from leadscore_assets.domain.retraining import wants_retraining
from leadscore_assets_tests.domain.drift_questions import WEEK, changed, judged
from leadscore_assets_tests.domain.profile_data import made

ALARM = judged(changed("skewed", lambda values: values * 1000))
QUIET = judged(made(3000, seed=70))


def asked(when, **more):
    return wants_retraining(policy_from({"retraining": {"when": when}}), WEEK, **({"champion_exists": True} | more))


@pytest.mark.parametrize("exists", [True, False])
def test_weekly_retrains_whatever_else_is_known(exists):
    found = asked("weekly", champion_exists=exists, report=QUIET)
    assert (found.wanted, found.cause) == (True, "weekly")


@pytest.mark.parametrize("when", ["never", "on_drift"])
def test_without_a_champion_every_policy_trains(when):
    found = asked(when, champion_exists=False)
    assert (found.wanted, found.cause) == (True, "first_model")


def test_never_means_never_once_there_is_a_champion():
    found = asked("never", report=ALARM)
    assert (found.wanted, found.cause) == (False, "none")
    assert "never retrains" in found.reason


def test_on_drift_follows_the_weeks_verdict_and_says_what_is_missing():
    assert asked("on_drift", report=ALARM).cause == "drift"
    assert not asked("on_drift", report=QUIET).wanted
    absent = asked("on_drift")
    assert not absent.wanted
    assert "materialize drift_report" in absent.reason


@pytest.mark.parametrize(("days", "wanted"), [(7, False), (14, True), (21, True)])
def test_an_alarm_within_the_cooldown_waits(days, wanted):
    last = WEEK + timedelta(days=7) - timedelta(days=days)
    found = asked("on_drift", report=ALARM, last=last)
    assert found.wanted == wanted
    assert wanted or f"not before {last + timedelta(days=14)}" in found.reason
