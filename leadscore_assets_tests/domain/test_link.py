import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leadscore_assets.domain.link import Link, fit_link


def test_a_link_gives_back_the_two_numbers_that_made_the_labels():
    margin = np.random.default_rng(0).normal(2, 3, 20_000)
    label = Link(0.8, -1.0, 1.0, 5.0).apply(margin)
    found = fit_link(margin, label, low=1, high=5)
    assert found.slope == pytest.approx(0.8, rel=0.05)
    assert found.intercept == pytest.approx(-1.0, rel=0.05)


@given(
    arrays(np.float64, 30, elements=st.integers(-40, 40).map(lambda n: n / 4), unique=False), st.integers(0, 2**32 - 1)
)
def test_a_link_keeps_the_order_and_the_range_whatever_the_labels(margin, seed):
    label = np.random.default_rng(seed).integers(1, 6, 30).astype(float)
    score = fit_link(margin, label, low=1, high=5).apply(margin)
    assert score.min() >= 1
    assert score.max() <= 5
    order = np.argsort(margin, kind="stable")
    assert np.all(np.diff(score[order]) >= 0)


def test_margins_that_rank_the_wrong_way_round_are_not_turned():
    margin = np.linspace(-1, 1, 50)
    score = fit_link(margin, 3 - 2 * margin, low=1, high=5).apply(margin)
    assert np.all(np.diff(score) > 0)


def test_scores_are_right_on_average():
    generator = np.random.default_rng(1)
    margin = generator.normal(size=4000)
    label = np.clip(np.rint(3 + margin + generator.normal(0, 1, 4000)), 1, 5)
    assert fit_link(margin, label, low=1, high=5).apply(margin).mean() == pytest.approx(label.mean(), abs=0.01)


def test_contributions_in_points_sum_to_the_score_and_keep_their_proportions():
    link = Link(0.8, -1.0, 1.0, 5.0)
    given_ = np.array([[1.0, -0.5, 0.2], [0.0, 0.0, 0.3], [4.0, 1.0, -2.0]])
    found = link.in_points(given_)
    assert np.allclose(found.sum(axis=1), link.apply(given_.sum(axis=1)))
    assert np.allclose(found[2, 0] / found[2, 1], 4.0)
    assert np.all(np.sign(found[:, :2]) == np.sign(given_[:, :2]))


def test_a_link_comes_back_from_json():
    link = fit_link(np.arange(9.0), np.tile([1.0, 3.0, 5.0], 3), low=1, high=5)
    assert Link.from_json(link.to_json()) == link
