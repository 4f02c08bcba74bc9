"""The release benchmark, small: bounds that the product's own guards have to keep, and can fail."""

import numpy as np
import pytest

from benchmarks.release_rates import (
    conversion_rollbacks,
    delays,
    false_rollbacks,
    one_error_in_25,
    proof_leads,
    searches,
    shadow_rejections,
    slow_minutes_alarms,
    watch_alarms,
    watch_delays,
)
from benchmarks.release_rules import write
from benchmarks.release_world import Truth
from leadscore_assets.domain.release_policy import ReleasePolicy


@pytest.mark.parametrize(
    "truth",
    [
        Truth(candidate=0.01, champion=0.01),
        Truth(outage=30),
        Truth(candidate=0.03, champion=0.03),
        Truth(candidate=0.01, champion=0.001),
    ],
    ids=["one percent", "shared outage", "upstream broken", "worse within the bound"],
)
def test_a_release_without_a_fault_is_not_taken_back_when_looked_at_every_minute(truth):
    taken, naive = false_rollbacks(truth, "errors", runs=40)
    assert taken == 0
    assert naive > 0.5


@pytest.mark.parametrize(
    "truth",
    [Truth(timed=True, pauses=0.01), Truth(timed=True, slower=1.25, bursts=True)],
    ids=["pauses in both", "a quarter slower, and bursts"],
)
def test_latency_that_both_share_takes_nobody_back(truth):
    assert false_rollbacks(truth, "latency_p99", runs=6)[0] == 0


@pytest.mark.parametrize(("rate", "median", "high"), [(1.0, 8, 12), (0.10, 200, 500), (0.05, 1000, 2000)])
def test_a_fault_is_found_within_so_many_of_the_candidates_leads(rate, median, high):
    size, looks = (10, 3000) if rate < 1 else (1, 400)
    found = delays(Truth(candidate=rate), "errors", weight=0.1, size=size, looks=looks, runs=40)
    assert len(found) == 40
    assert np.median(found) <= median
    assert np.quantile(found, 0.95) <= high


def test_latency_worse_by_more_than_the_bound_is_found():
    found = delays(Truth(timed=True, slower=2.0), "latency_p99", weight=0.1, size=100, looks=200, runs=15)
    assert len(found) == 15
    assert np.median(found) <= 400
    assert delays(Truth(timed=True, slower=1.4), "latency_p99", weight=0.1, size=100, looks=200, runs=15) == []


def test_the_watch_keeps_quiet_for_48_hours_and_sees_a_late_fault():
    assert watch_alarms(0.01, runs=30) == 0
    assert slow_minutes_alarms(0.05, runs=30) == 0
    assert np.median(watch_delays(0.10, healthy=60, runs=30)) <= 600


def test_the_evidence_to_pass_grows_with_the_error_rate():
    few, more = (np.median(proof_leads(rate, runs=60)) for rate in (0.001, 0.01))
    assert (few, more) == (200, pytest.approx(1060, rel=0.3))
    assert one_error_in_25().startswith("not_yet: errors: 1 of 25 (4.00%) leads failed")


def test_a_shadow_that_scores_alike_is_not_rejected_and_another_model_is():
    assert shadow_rejections(0.95, runs=3, hours=48) == 0
    assert shadow_rejections(0.4, runs=3, hours=48) == 3


def test_equal_conversion_steps_nobody_back_and_half_of_it_does_within_days():
    assert conversion_rollbacks((0.05, 0.05), weight=0.5, runs=15) == []
    assert max(conversion_rollbacks((0.025, 0.05), weight=0.5, runs=15)) <= 21


@pytest.mark.parametrize("strategy", ["ab", "bandit"])
def test_a_named_winner_is_the_better_arm_and_costs_less_than_an_even_split(strategy):
    found = searches(strategy, (0.065, 0.05), runs=25)
    assert sum(item.named is True for item in found) >= 24
    assert not any(item.named is False for item in found)
    assert np.mean([item.regret for item in found]) < 375
    worse = searches(strategy, (0.04, 0.05), runs=25)
    assert not any(item.named is True for item in worse)
    assert np.mean([item.regret for item in worse]) < 250


def test_equal_arms_are_seldom_named():
    assert sum(item.named is not None for item in searches("ab", (0.05, 0.05), runs=60)) <= 6


def test_the_tables_land_between_their_marks_and_nowhere_else(tmp_path):
    path = tmp_path / "release.md"
    path.write_text("a\n<!-- x -->\nold\n<!-- end -->\nb\n<!-- y -->\n<!-- end -->\n")
    write(path, {"x": "new"})
    assert path.read_text() == "a\n<!-- x -->\nnew\n<!-- end -->\nb\n<!-- y -->\n<!-- end -->\n"
    assert ReleasePolicy(preset="canary").guard_alpha == pytest.approx(0.001)
