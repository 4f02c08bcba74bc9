"""DeLong's areas and covariance: a known answer, the definition pair by pair, and truth by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore_assets.domain.delong import delong
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.metrics import auc

OUTCOME = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0])
FIRST = np.array([0.9, 0.8, 0.55, 0.4, 0.7, 0.5, 0.3, 0.2, 0.1])
SECOND = np.array([0.7, 0.9, 0.6, 0.6, 0.6, 0.4, 0.5, 0.1, 0.2])


def by_definition(scores, outcome):
    """Placement values pair by pair, as DeLong et al. (1988) write them."""
    good, bad = scores[:, outcome == 1], scores[:, outcome == 0]
    kernel = (good[:, :, None] > bad[:, None, :]) + 0.5 * (good[:, :, None] == bad[:, None, :])
    above, below = kernel.mean(axis=2), kernel.mean(axis=1)
    return kernel.mean(axis=(1, 2)), np.cov(above) / good.shape[1] + np.cov(below) / bad.shape[1]


def test_areas_and_covariance_are_the_known_answer():
    found = delong(np.stack([FIRST, SECOND]), OUTCOME)
    assert found.auc == pytest.approx([17 / 20, 19 / 20])
    # By hand: how many negatives each positive outscores, and how many positives each negative is outscored by.
    positives = np.cov([[1, 1, 0.8, 0.6], [1, 1, 0.9, 0.9]]) / 4
    negatives = np.cov([[0.5, 0.75, 1, 1, 1], [0.75, 1, 1, 1, 1]]) / 5
    assert found.covariance == pytest.approx(positives + negatives)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(8, 60))
def test_the_fast_way_is_the_definition_with_ties_too(seed, n):
    draw = np.random.default_rng(seed)
    outcome = np.concatenate([[1, 1, 0, 0], draw.integers(0, 2, n)])
    scores = np.round(draw.normal(size=(2, n + 4)) + outcome, 1)
    found, (areas, covariance) = delong(scores, outcome), by_definition(scores, outcome)
    assert found.auc == pytest.approx(areas, abs=1e-12)
    assert found.covariance == pytest.approx(covariance, abs=1e-12)
    assert found.auc[0] == pytest.approx(auc(scores[0], outcome))


def test_the_standard_error_of_a_difference_is_within_five_percent_of_the_truth():
    draw = np.random.default_rng(6)
    differences, errors = [], []
    for _ in range(1500):
        quality, outcome = draw.normal(size=800), np.zeros(800)
        outcome = (draw.random(800) < 1 / (1 + np.exp(1.5 - quality))).astype(float)
        shared = quality + draw.normal(size=800)
        found = delong(shared + 0.4 * draw.normal(size=(2, 800)), outcome)
        differences.append(found.auc[0] - found.auc[1])
        errors.append(np.sqrt(found.covariance[0, 0] + found.covariance[1, 1] - 2 * found.covariance[0, 1]))
    assert np.mean(errors) == pytest.approx(np.std(differences), rel=0.05)


def test_influence_has_mean_zero_and_the_same_spread():
    draw = np.random.default_rng(2)
    outcome = (draw.random(3000) < 0.2).astype(float)
    found = delong(draw.normal(size=(1, 3000)) + outcome, outcome)
    assert abs(found.influence.mean()) < 1e-12
    assert np.var(found.influence[0]) / 3000 == pytest.approx(found.covariance[0, 0], rel=0.01)


@pytest.mark.parametrize(
    ("scores", "outcome", "said"),
    [(FIRST, np.ones(9), "9 positive and 0 negative"), (FIRST[:8], OUTCOME, "same rows")],
)
def test_what_has_no_interval_is_refused(scores, outcome, said):
    with pytest.raises(InvalidInput, match=said):
        delong(scores, outcome)
