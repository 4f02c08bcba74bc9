"""Shrinking: the formulas, what history teaches, and that past truths are found again by simulation."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.comparison import Comparison
from leadscore_assets.domain.posterior import PastGain, noise, posterior, prior, shrink
from leadscore_assets.domain.promotion_policy import PromotionPolicy

POLICY = PromotionPolicy()
MONDAY = date(2026, 1, 5)


def compared(gain: float, error: float = 0.005) -> Comparison:
    return Comparison("spearman", 3000, 0.55 + gain, 0.55, gain, error, gain - error, gain + error, 0.9)


def week(number: int, gain: float, **change) -> PastGain:
    return PastGain(MONDAY + timedelta(weeks=number), "spearman", gain, 0.004, **change)


def test_the_formulas_are_those_of_normal_shrinkage():
    mean, deviation = shrink(0.012, 0.006, 0.002, 0.01)
    s2 = 1 / (1 / 0.006**2 + 1 / 0.01**2)
    assert mean == pytest.approx(s2 * (0.012 / 0.006**2 + 0.002 / 0.01**2))
    assert deviation == pytest.approx(np.sqrt(s2))
    assert shrink(0.012, 0.0, 0.002, 0.01) == (0.012, 0.0)


def test_without_history_the_start_values_speak():
    found = posterior(compared(0.01), (), POLICY)
    assert (found.noise, found.prior_mean, found.prior_sd) == pytest.approx((0.004, 0.0, 0.0113))
    assert (found.weeks, found.repeats) == (0, 0)
    assert 0 < found.mean < 0.01
    assert found.low < found.mean < found.high
    assert found.high_measured - found.low_measured > 2 * 1.64 * 0.005


@given(st.floats(-0.1, 0.1), st.floats(1e-4, 0.1), st.floats(-0.05, 0.05), st.floats(1e-3, 0.1))
def test_a_shrunken_gain_lies_between_prior_and_measurement_and_is_surer_than_both(gain, error, mean, spread):
    found, deviation = shrink(gain, error, mean, spread)
    assert min(gain, mean) - 1e-12 <= found <= max(gain, mean) + 1e-12
    assert deviation <= min(error, spread) + 1e-12


def test_history_finds_noise_and_prior_again():
    draw = np.random.default_rng(4)
    true, tau, error, weeks = draw.normal(-0.004, 0.01, 4000), 0.006, 0.004, 4000
    first = true + draw.normal(0, np.hypot(tau, error), weeks)
    second = true + draw.normal(0, np.hypot(tau, error), weeks)
    found = noise(second - first, np.full(weeks, 2 * error**2), POLICY)
    assert found == pytest.approx(tau, rel=0.06)
    mean, spread = prior(first, np.full(weeks, error), found, POLICY)
    assert mean == pytest.approx(-0.004, abs=0.0006)
    assert spread == pytest.approx(0.01, rel=0.06)


def test_many_histories_at_once_are_each_alone():
    draw = np.random.default_rng(9)
    gains, changes = draw.normal(0, 0.01, (12, 5)), draw.normal(0, 0.01, (11, 5))
    tau = noise(changes, np.full((11, 5), 2e-5), POLICY)
    means, spreads = prior(gains, np.full((12, 5), 0.003), tau, POLICY)
    for at in range(5):
        one = noise(changes[:, at], np.full(11, 2e-5), POLICY)
        assert one == pytest.approx(tau[at])
        assert prior(gains[:, at], np.full(12, 0.003), one, POLICY) == pytest.approx((means[at], spreads[at]))


def test_noise_and_spread_do_not_fall_below_their_floor():
    assert noise(np.zeros(5000), np.full(5000, 1e-5), POLICY) == pytest.approx(POLICY.least_noise, rel=0.1)
    assert prior(np.zeros(5000), np.full(5000, 0.002), 0.002, POLICY)[1] == pytest.approx(POLICY.least_noise, rel=0.1)
    assert noise(np.zeros(5000), np.full(5000, 1e-5), POLICY) >= POLICY.least_noise


def test_weeks_whose_rows_tell_little_leave_the_start_values_as_they_are():
    """A large gain with a large error is no evidence, neither for a wide prior nor, clipped, for none at all."""
    weeks = [PastGain(MONDAY + timedelta(weeks=at), "spearman", (-1) ** at * 0.06, 0.05) for at in range(26)]
    found = posterior(compared(0.0), weeks, POLICY)
    assert 0.005 < found.prior_sd < 0.02


def test_pairs_that_answered_alike_say_nothing():
    twins = [
        PastGain(MONDAY + timedelta(weeks=at), "spearman", 0.0, 0.0, repeated=0.0, repeated_error=0.0)
        for at in range(9)
    ]
    assert posterior(compared(0.01), twins, POLICY) == posterior(compared(0.01), (), POLICY)


def test_a_site_whose_retrainings_differ_much_is_believed_more():
    draw = np.random.default_rng(5)
    true = draw.normal(0, 0.08, 60)
    weeks = [
        PastGain(MONDAY + timedelta(weeks=at), "spearman", float(gain + draw.normal(0, 0.03)), 0.03)
        for at, gain in enumerate(true)
    ]
    found = posterior(compared(0.1, 0.03), weeks, POLICY)
    assert found.prior_sd > 0.03
    assert found.mean > 0.06


def test_one_week_in_which_the_world_changed_does_not_speak_for_all_others():
    usual = [week(number, 0.001) for number in range(10)]
    found = posterior(compared(0.0), [*usual, week(11, 1.8)], POLICY)
    assert abs(found.prior_mean) < 0.005


def test_only_the_newest_weeks_of_the_same_metric_count_in_any_order():
    old, new = week(0, 0.9), [week(number, -0.01) for number in range(1, 5)]
    other = PastGain(MONDAY + timedelta(weeks=9), "auc", 0.5, 0.01)
    short = PromotionPolicy(history_weeks=4)
    assert posterior(compared(0.01), [*new, old, other], short) == posterior(compared(0.01), new[::-1], short)
    assert posterior(compared(0.01), [*new, old], PromotionPolicy(history_weeks=0)).weeks == 0


def test_retrainings_that_brought_little_make_a_new_gain_less_believed():
    poor = [week(number, -0.01) for number in range(20)]
    rich = [week(number, 0.02) for number in range(20)]
    low, middle, high = (posterior(compared(0.008), past, POLICY).mean for past in (poor, (), rich))
    assert low < middle < high


def test_repeated_comparisons_that_change_much_widen_the_interval():
    calm = [week(number, 0.0, repeated=0.001, repeated_error=0.004) for number in range(20)]
    wild = [week(number, 0.0, repeated=0.03, repeated_error=0.004) for number in range(20)]
    quiet, loud = (posterior(compared(0.01), past, POLICY) for past in (calm, wild))
    assert quiet.noise < loud.noise
    assert quiet.high_measured < loud.high_measured
    assert quiet.repeats == 20
