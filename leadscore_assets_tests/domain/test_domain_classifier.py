"""The domain classifier: half where samples are alike, far above it where only their dependence differs."""

import numpy as np
import pytest

from leadscore_assets.domain.domain_classifier import common_size, pooled, separability


def rows(n, *, seed, correlated=True):
    draw = np.random.default_rng(seed)
    own, shared = draw.standard_normal((n, 8)), draw.standard_normal((n, 1))
    return (0.6 * own + 0.8 * shared if correlated else own).astype(np.float32)


def test_alike_samples_cannot_be_told_apart():
    found = [separability(rows(600, seed=seed), rows(600, seed=100 + seed))[0] for seed in range(8)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.02)


def test_a_broken_dependence_is_seen_though_every_feature_is_as_before():
    assert separability(rows(1000, seed=1, correlated=False), rows(1000, seed=2))[0] > 0.65


def test_the_feature_that_moved_carries_the_gain_and_missing_values_count():
    moved = rows(600, seed=3)
    moved[:, 5] = np.nan
    auc, gains = separability(moved, rows(600, seed=4))
    assert auc > 0.99
    assert gains.argmax() == 5


def test_the_same_samples_give_the_same_bits():
    one, two = (separability(rows(500, seed=1), rows(500, seed=2)) for _ in range(2))
    assert one[0] == two[0]
    assert (one[1] == two[1]).all()


def test_all_answers_of_a_question_are_measured_at_one_size():
    assert common_size(5000, [2000] * 12, least=12) == 2000
    assert common_size(5000, [2000] * 11 + [1999], least=12) == 1000
    assert common_size(600, [2000] * 12, least=12) == 500
    assert common_size(2000, [2000] * 11, least=12) is None
    assert common_size(100, [2000] * 12, least=12) is None


def test_pooled_rows_come_evenly_and_a_small_week_is_made_up_for():
    parts = [np.full((size, 1), mark, dtype=np.float32) for mark, size in enumerate((900, 60, 900))]
    found = pooled(parts, 900)
    assert np.bincount(found[:, 0].astype(int)).tolist() == [420, 60, 420]
    assert len(pooled(parts, 5000)) == 1860
