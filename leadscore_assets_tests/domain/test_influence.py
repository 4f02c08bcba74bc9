"""Each metric's influence: its value is the metric's, and its spread is the truth's, by simulation."""

import numpy as np
import pytest

from benchmarks.promotion_world import draw_pair, metrics_of
from leadscore_assets.domain.comparison import compare_by
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.influence import Judged, influence
from leadscore_assets.domain.ladder import METRICS

REPEATS, ROWS = 500, 1200


@pytest.fixture(scope="module")
def pairs():
    draw = np.random.default_rng(20)
    return [draw_pair(draw, ROWS, 0.0) for _ in range(REPEATS)]


@pytest.mark.parametrize("metric", METRICS)
def test_value_and_paired_standard_error_are_the_truth(pairs, metric):
    found = [compare_by(metric, pair.candidate, pair.champion, confidence=0.9) for pair in pairs[:40]]
    assert found[0].candidate == pytest.approx(metrics_of(pairs[0].candidate)[metric])
    assert found[0].champion == pytest.approx(metrics_of(pairs[0].champion)[metric])
    differences = [metrics_of(pair.candidate)[metric] - metrics_of(pair.champion)[metric] for pair in pairs]
    # 500 repeats know a standard deviation to 3 %; the top tenth's cut is estimated, and log loss has heavy tails.
    tolerance = {"log_loss": 0.2, "precision_top_decile": 0.15, "lift_top_decile": 0.15}.get(metric, 0.10)
    assert np.mean([item.standard_error for item in found]) == pytest.approx(np.std(differences), rel=tolerance)


@pytest.mark.parametrize("metric", METRICS)
def test_influence_has_mean_zero(pairs, metric):
    _, moved = influence(metric, pairs[0].candidate)
    assert moved.shape == (ROWS,)
    assert abs(moved.mean()) < 1e-9


def test_a_gain_in_an_error_counts_better_as_positive(pairs):
    found = compare_by("rmse", pairs[0].candidate, pairs[0].champion, confidence=0.9)
    assert found.gain == (-found.difference, -found.high, -found.low)


def rows(**change):
    label = np.tile([1.0, 2, 3, 4, 5], 6)
    given = {
        "score": label,
        "label": label,
        "outcome": (label > 3).astype(float),
        "probability": None,
        "threshold": 3.5,
    }
    return Judged(**(given | change))


@pytest.mark.parametrize(
    ("metric", "model", "said"),
    [
        ("brier", rows(), "states no chances"),
        ("log_loss", rows(), "states no chances"),
        ("auc", rows(outcome=np.zeros(30)), "0 positive and 30 negative"),
        ("recall", rows(outcome=np.zeros(30)), "recall is not defined"),
        ("precision", rows(threshold=9.0), "precision is not defined"),
        ("lift_top_decile", rows(outcome=np.zeros(30)), "without a positive"),
    ],
)
def test_what_the_rows_do_not_define_is_refused(metric, model, said):
    with pytest.raises(InvalidInput, match=said):
        compare_by(metric, model, model, confidence=0.9)


def test_nine_rows_have_no_interval():
    few = Judged(np.arange(9.0), np.arange(9.0), np.tile([0.0, 1, 1], 3), None, 3.5)
    with pytest.raises(InvalidInput, match="9 rows are too few"):
        compare_by("mae", few, few, confidence=0.9)
