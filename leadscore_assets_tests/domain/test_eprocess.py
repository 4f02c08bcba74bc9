"""Evidence that may be looked at any time: its published rates, and what it makes of plain cases."""

import numpy as np
import pytest

from leadscore_assets.domain.eprocess import cusum, grid_down, grid_up, log_evidence, log_factors


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
