"""Known answers, edge cases and properties of the metrics; scipy and scikit-learn are the oracles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.metrics import auc, evaluate, midranks, reached, rounded, spearman

SCORE = [1.2, 2.9, 3.6, 4.4, 2.0, 3.5]
LABEL = [1, 3, 4, 5, 2, 3]
OUTCOME = [0, 1, 1, 1, 0, 0]


@pytest.fixture(scope="module")
def leads():
    draw = np.random.default_rng(7)
    quality = draw.normal(size=3000)
    label = np.digitize(quality + draw.normal(size=3000), [-1.5, -0.5, 0.5, 1.5]) + 1
    score = np.round(3 + quality + 0.5 * draw.normal(size=3000), 1)
    probability = 1 / (1 + np.exp(-(score - 3.5)))
    outcome = draw.random(3000) < probability
    return score, label, outcome, probability


def test_six_rows_give_the_numbers_computed_by_hand():
    found = evaluate(SCORE, LABEL, outcome=OUTCOME, probability=[0.1, 0.4, 0.8, 0.9, 0.2, 0.5], threshold=3.5)
    assert found["mae"] == pytest.approx((0.2 + 0.1 + 0.4 + 0.6 + 0 + 0.5) / 6)
    assert found["rmse"] == pytest.approx(np.sqrt((0.04 + 0.01 + 0.16 + 0.36 + 0 + 0.25) / 6))
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["f1"] == pytest.approx(2 / 3)
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["auc"] == pytest.approx(8 / 9)
    assert found["brier"] == pytest.approx((0.01 + 0.36 + 0.04 + 0.01 + 0.04 + 0.25) / 6)
    assert found["exact_match"] == pytest.approx(4 / 6)
    assert found["precision_top_decile"] == 1.0
    assert found["lift_top_decile"] == 2.0


def test_every_metric_agrees_with_scipy_and_scikit_learn(leads):
    from scipy.stats import spearmanr
    from sklearn import metrics as oracle

    score, label, outcome, probability = leads
    found = evaluate(score, label, outcome=outcome, probability=probability, threshold=3.5)
    predicted = score >= 3.5
    expected = {
        "spearman": spearmanr(score, label).statistic,
        "mae": oracle.mean_absolute_error(label, score),
        "rmse": oracle.root_mean_squared_error(label, score),
        "auc": oracle.roc_auc_score(outcome, score),
        "precision": oracle.precision_score(outcome, predicted),
        "recall": oracle.recall_score(outcome, predicted),
        "f1": oracle.f1_score(outcome, predicted),
        "accuracy": oracle.accuracy_score(outcome, predicted),
        "log_loss": oracle.log_loss(outcome, probability),
        "brier": oracle.brier_score_loss(outcome, probability),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


def test_midranks_agree_with_scipy(leads):
    from scipy.stats import rankdata

    assert np.array_equal(midranks(leads[0]), rankdata(leads[0]))


def test_without_an_outcome_the_label_at_the_threshold_is_the_outcome():
    positive = [value >= 3.5 for value in LABEL]
    assert evaluate(SCORE, LABEL, threshold=3.5) == evaluate(SCORE, LABEL, outcome=positive, threshold=3.5)


def test_without_probabilities_their_metrics_are_absent():
    found = evaluate(SCORE, LABEL, outcome=OUTCOME, threshold=3.5)
    assert "brier" not in found
    assert "log_loss" not in found


@pytest.mark.parametrize(
    ("score", "label", "outcome", "absent"),
    [
        ([3, 3, 3], [1, 2, 3], [0, 1, 0], {"spearman", "precision"}),
        ([1, 2, 3], [2, 2, 2], [0, 1, 0], {"spearman", "precision"}),
        ([1, 2, 4], [1, 2, 3], [0, 0, 0], {"auc", "recall", "lift_top_decile"}),
        ([1, 2, 3], [1, 2, 3], [0, 0, 0], {"auc", "recall", "lift_top_decile", "precision", "f1"}),
        ([1, 2, 4], [1, 2, 3], [1, 1, 1], {"auc"}),
    ],
    ids=["constant scores", "constant labels", "no positive", "no positive found or predicted", "only positives"],
)
def test_what_the_rows_do_not_define_is_absent(score, label, outcome, absent):
    found = evaluate(score, label, outcome=outcome, threshold=3.5)
    every = {"spearman", "mae", "rmse", "exact_match", "auc", "precision", "recall", "f1", "accuracy"}
    assert (every | {"precision_top_decile", "lift_top_decile"}) - set(found) == absent
    assert np.isfinite(list(found.values())).all()


def test_a_certain_wrong_probability_costs_much_but_not_infinitely_much():
    found = evaluate([1, 2], [1, 2], outcome=[1, 0], probability=[0.0, 1.0], threshold=3.5)
    assert 30 < found["log_loss"] < 40


def test_a_tie_across_the_top_cut_counts_as_the_mean_over_its_orders():
    score = [5, 4, 4, 4] + [1] * 16
    outcome = [1, 1, 0, 0] + [0] * 16
    found = evaluate(score, score, outcome=outcome, threshold=3.5)
    assert found["precision_top_decile"] == pytest.approx((1 + 1 / 3) / 2)


def test_the_top_share_always_holds_a_row():
    assert reached([3.0, 1.0], [1, 0], 0.5) == 1.0
    assert evaluate([3, 1], [3, 1], outcome=[1, 0], threshold=3.5)["precision_top_decile"] == 1.0


def test_rounding_stays_within_the_labels():
    assert rounded([-4, 0.4, 1.4, 2.6, 9], 1, 5).tolist() == [1, 1, 1, 3, 5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": []}, "at least one row"),
        ({"score": [1.0, float("nan"), 2, 3, 4, 5]}, "score has 1 of 6 values"),
        ({"label": [1, 2]}, "label has 2 rows and score has 6"),
        ({"outcome": [0, 1, 2, 0, 0, 0]}, "other than 0 and 1"),
        ({"probability": [0, 1, 2, 0, 0, 0]}, "probability runs from 0 to 2"),
        ({"top_share": 0.0}, "top_share is 0"),
    ],
    ids=["no rows", "not finite", "lengths", "outcome", "probability", "top share"],
)
def test_bad_columns_are_refused_by_name_and_value(change, message):
    given_columns = {"score": SCORE, "label": LABEL, "outcome": OUTCOME, "threshold": 3.5} | change
    with pytest.raises(InvalidInput, match=message):
        evaluate(given_columns.pop("score"), given_columns.pop("label"), **given_columns)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 5)), min_size=2, max_size=60))
def test_ranking_metrics_ignore_any_increasing_change_of_the_score(rows):
    score, label = np.array(rows, dtype=float).T
    assert spearman(score, label) == spearman(np.exp(score) * 3 - 1, label)
    assert auc(score, label > 3) == auc(score**3, label > 3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.booleans()), min_size=1, max_size=60))
def test_all_rows_together_reach_all_positives(rows):
    score, outcome = np.array(rows, dtype=float).T
    curve = reached(score, outcome, np.linspace(0, 1, 11))
    assert curve[0] == 0
    assert curve[-1] == outcome.sum()
    assert (np.diff(curve) >= 0).all()
