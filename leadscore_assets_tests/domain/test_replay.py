"""A replay's sums: what is counted, over which weeks policies are compared, and what the ledger says to it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from leadscore_assets.domain.replay import NO_CANDIDATE, NOT_RETRAINED, Replay, ReplayReport, repeated
from leadscore_assets.domain.replay_standings import common_weeks, cumulative_regret, standings
from leadscore_assets_tests.domain.replays import FIRST, decided, made_replay, report_of, week


def test_retrainings_promotions_and_what_they_took_are_counted():
    weeks = (
        week(0, NO_CANDIDATE),
        week(1, "promote", promoted=True, seconds=3.0, cost=0.5),
        week(2, "promote", seconds=1.0),
        week(3, "manual", cost=0.25),
        week(4, NOT_RETRAINED),
        week(5, "not_yet"),
    )
    found = Replay("x", "d", False, weeks)
    assert (found.retrainings, found.promotions, found.seconds, found.cost) == (4, 1, 4.0, 0.75)
    unknown = replace(found, weeks=(*found.weeks, replace(found.weeks[0], cost=None)))
    assert unknown.cost is None
    assert [found.count(name) for name in ("promote", "manual", "not_yet", NO_CANDIDATE)] == [2, 1, 1, 1]


def test_policies_are_compared_over_the_weeks_in_which_each_served():
    late = made_replay("late", [None, 0.4, 0.5], [0.6, 0.6, 0.6])
    early = made_replay("early", [0.1, 0.5, 0.5], [0.6, 0.6, 0.6])
    report = report_of(late, early)
    assert common_weeks(report) == (FIRST + timedelta(weeks=2), FIRST + timedelta(weeks=3))
    found = {item.policy: item for item in standings(report)}
    assert found["late"].weeks == found["early"].weeks == 2
    assert found["early"].served == pytest.approx(0.5)
    assert found["late"].regret == pytest.approx(0.15)
    assert found["early"].behind == 0
    assert found["early"].error is None
    assert found["late"].behind == pytest.approx(0.05)
    assert found["late"].error == pytest.approx(0.05)


def test_a_policy_that_never_served_does_not_empty_the_comparison():
    report = report_of(made_replay("none", [None, None], [0.6, 0.6]), made_replay("one", [0.5, 0.4], [0.6, 0.6]))
    none, one = standings(report)
    assert (none.weeks, none.served, none.behind) == (0, None, None)
    assert one.served == pytest.approx(0.45)
    assert standings(report_of(made_replay("none", [None], [0.6])))[0].served is None


def test_a_gap_within_two_standard_errors_is_called_chance():
    best = made_replay("best", [0.50, 0.52, 0.50, 0.52], [0.6] * 4)
    close = made_replay("close", [0.52, 0.49, 0.51, 0.50], [0.6] * 4)
    far = made_replay("far", [0.30, 0.31, 0.30, 0.31], [0.6] * 4)
    found = {item.policy: item.within_chance for item in standings(report_of(best, close, far))}
    assert found == {"best": False, "close": True, "far": False}


def test_regret_adds_up_over_the_weeks_and_a_week_without_it_adds_nothing():
    found = made_replay("x", [0.5, None, 0.3], [0.6, 0.6, 0.6])
    weeks = tuple(item.week for item in found.weeks[1:])
    assert cumulative_regret(found, weeks) == pytest.approx([0.1, 0.1, 0.4])


def test_only_the_same_question_is_compared_with_the_ledger():
    weeks = (
        week(0, "promote", ledger=decided("promote")),
        week(1, "keep", ledger=decided("promote", same_champion=False)),
        week(2, "keep", ledger=decided("promote", same_policy=False)),
        week(3, "keep", ledger=decided("not_yet")),
        week(4, "keep"),
    )
    found = Replay("home", "d", True, weeks)
    assert [item.week for item in found.differing] == [weeks[3].week]
    assert repeated(found) == (
        "1 of 2 weeks decided as the ledger has them; 1 week was judged against a champion that this policy did not "
        "promote; 1 week was judged under another policy or on other rows."
    )
    assert "no decision" in repeated(replace(found, weeks=weeks[4:]))


def test_a_report_comes_back_from_json_with_the_same_digest():
    report = report_of(made_replay("x", [0.5, None], [0.6, 0.6], ledger=decided("promote")))
    assert ReplayReport.from_json(report.to_json()) == report
    assert ReplayReport.from_json(report.to_json()).digest == report.digest
