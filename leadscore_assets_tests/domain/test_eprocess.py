"""Evidence that may be looked at any time: its published rates, and what it makes of plain cases."""

import numpy as np
import pytest

from leadscore_assets.domain.eprocess import (
    attribution_margin,
    blended_evidence,
    cusum,
    grid_down,
    grid_up,
    half_width,
    log_evidence,
    log_factors,
    more_needed,
    rate_interval,
)


def paths(chance: float, *, margin: float, runs: int, length: int) -> np.ndarray:
    """log E after each trial, (runs, length)."""
    from scipy.special import logsumexp

    hits = np.cumsum(np.random.default_rng(5).random((runs, length)) < chance, axis=1)
    grid = grid_up(margin)
    hit, miss = log_factors(margin, grid)
    trials = np.arange(1, length + 1)
    return logsumexp(hits[..., None] * hit + (trials - hits)[..., None] * miss, axis=2) - np.log(grid.size)


def test_at_the_boundary_evidence_ever_reaches_20_in_fewer_than_one_run_of_twenty():
    reached = (paths(0.02, margin=0.02, runs=500, length=3000).max(axis=1) >= np.log(20)).mean()
    assert 0.004 <= reached <= 0.05


def test_a_breach_is_found_and_a_healthy_rate_is_never_one():
    found = paths(0.10, margin=0.02, runs=100, length=600) >= np.log(100)
    assert found.any(axis=1).all()
    assert np.median(found.argmax(axis=1)) < 110
    assert not (paths(0.005, margin=0.02, runs=200, length=3000) >= np.log(100)).any()


def test_no_trial_is_no_evidence_and_one_is_the_mixture_of_its_factors():
    grid = grid_up(0.1)
    assert log_evidence(0, 0, margin=0.1, grid=grid) == pytest.approx(0)
    assert log_evidence(1, 1, margin=0.1, grid=grid) == pytest.approx(np.log(np.mean(grid / 0.1)))


def test_a_quiet_record_proves_that_a_margin_is_kept():
    assert log_evidence(0, 190, margin=0.02, grid=grid_down(0.02)) >= np.log(20)
    assert log_evidence(4, 190, margin=0.02, grid=grid_down(0.02)) < 0


def test_the_cusum_forgets_a_good_past_and_sees_a_late_change_as_fast_as_an_early_one():
    late = cusum([1] * 300 + [30] * 5, [100] * 305, margin=0.05, grid=grid_up(0.05))
    early = cusum([30] * 5, [100] * 5, margin=0.05, grid=grid_up(0.05))
    assert late[-5:] == pytest.approx(early)
    assert late[299] < np.log(20) < late[301]


def test_days_without_trials_change_nothing():
    found = cusum([3, 0, 0], [40, 0, 0], margin=0.02, grid=grid_up(0.02))
    assert found[1] == found[2]


def test_batches_under_one_margin_are_the_plain_e_process_and_empty_margins_add_nothing():
    plain = log_evidence(12, 200, margin=0.02, grid=grid_up(0.02))
    assert blended_evidence([(4, 80, 0.02), (8, 120, 0.02), (5, 9, 0.0), (5, 9, 1.0)], grid=grid_up) == pytest.approx(
        plain
    )


def test_attribution_holds_where_both_arms_share_an_outage_and_finds_an_arm_that_is_worse():
    margin = attribution_margin(0.1, 2.0)
    assert margin == pytest.approx(0.2 / 1.1)
    assert blended_evidence([(300, 3000, margin)], grid=grid_up) < 0
    assert blended_evidence([(60, 100, margin)], grid=grid_up) > np.log(1000)


def test_shares_that_change_with_the_evidence_raise_no_false_alarm():
    draw, alarms = np.random.default_rng(6), 0
    for _ in range(400):
        weight, batches = 0.2, []
        for _ in range(12):
            events = draw.binomial(60, weight)
            batches.append((events, 60, attribution_margin(weight, 1.0)))
            alarms += blended_evidence(batches, grid=grid_up) >= np.log(20)
            weight = 0.8 if events > 60 * weight else 0.2
    assert alarms / 400 <= 0.05


def test_a_rates_confidence_sequence_covers_it_at_every_moment():
    draw = np.random.default_rng(7)
    missed = 0
    for _ in range(200):
        hits = np.cumsum(draw.random(400) < 0.05)
        looks = [rate_interval(int(hits[n - 1]), n, alpha=0.05) for n in (1, 5, 20, 60, 150, 400)]
        missed += any(not low <= 0.05 <= high for low, high in looks)
    assert missed / 200 <= 0.05
    assert rate_interval(0, 0, alpha=0.05) == (0.0, 1.0)
    low, high = rate_interval(5, 100, alpha=0.05)
    assert 0 < low < 0.05 < high < 0.2
    assert rate_interval(7, 7, alpha=0.05)[1] == 1.0


def test_the_asymptotic_confidence_sequence_covers_a_mean_at_every_moment():
    draw, reach = np.random.default_rng(8), np.arange(100, 4001, 100)
    missed = 0
    for _ in range(300):
        values = draw.normal(0.0, 1.0, reach[-1])
        means = np.cumsum(values)[reach - 1] / reach
        widths = [half_width(1.0, int(n), alpha=0.05, tuned_for=1000) for n in reach]
        missed += bool((means > widths).any())
    assert missed / 300 <= 0.05
    assert half_width(1.0, 0, alpha=0.05, tuned_for=1000) == np.inf


def test_the_sample_that_is_said_to_be_needed_is_the_least_that_does():
    def proof(extra: int) -> float:
        return log_evidence(0, 10 + extra, margin=0.02, grid=grid_down(0.02))

    needed = more_needed(proof, bound=np.log(20))
    assert proof(needed) >= np.log(20) > proof(needed - 1)
    assert more_needed(lambda extra: -1.0, bound=0.0, most=1 << 10) is None
    assert more_needed(lambda extra: 1.0, bound=0.0) == 0
