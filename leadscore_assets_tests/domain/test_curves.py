"""What the pictures are drawn from: known shapes, and nothing that shows one lead."""

import numpy as np
import pytest

from leadscore_assets.domain import curves
from leadscore_assets.domain.curves import LabelGroups

FIVE = LabelGroups.of(1, 5)


@pytest.mark.parametrize(
    ("low", "high", "names"),
    [
        (1, 5, ("1", "2", "3", "4", "5")),
        (0, 1, ("0", "1")),
        (0, 100, ("0-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70-79", "80-89", "90-100")),
    ],
    ids=["five", "two", "many"],
)
def test_labels_stand_alone_until_there_are_more_than_ten(low, high, names):
    groups = LabelGroups.of(low, high)
    assert groups.names == names
    assert groups.index(np.array([low, high])).tolist() == [0, len(names) - 1]


def test_quantiles_stand_per_label_and_small_groups_have_none():
    score = np.concatenate([np.arange(101) / 100, [4.0, 4.1]])
    label = np.array([1.0] * 101 + [5.0] * 2)
    found = curves.score_by_label(score, label, FIVE)
    assert found["n"] == [101, 0, 0, 0, 2]
    assert found["p50"] == [pytest.approx(0.5), None, None, None, None]
    assert found["p5"][0] == pytest.approx(0.05)
    assert found["p95"][0] == pytest.approx(0.95)


def test_a_histogram_counts_every_row_once_even_of_constant_scores():
    label = np.array([1.0, 2, 2, 5])
    for score in (np.array([1.0, 2, 3, 4]), np.full(4, 2.0)):
        found = curves.score_histogram(score, label, FIVE)
        assert [sum(line) for line in found["counts"]] == [1, 2, 0, 0, 1]
        assert len(found["edges"]) == len(found["counts"][0]) + 1


def test_calibration_bins_hold_all_rows_and_their_means():
    predicted = np.linspace(0, 1, 1000)
    found = curves.calibration(predicted, (predicted > 0.5).astype(float))
    assert sum(found["n"]) == 1000
    assert len(found["n"]) == 10
    assert found["observed"] == [0.0] * 5 + [1.0] * 5
    assert found["predicted"][0] == pytest.approx(0.05, abs=0.01)


def test_calibration_of_one_and_the_same_prediction_is_one_bin():
    found = curves.calibration(np.full(40, 0.25), np.arange(40) % 2)
    assert found == {"predicted": [0.25], "observed": [0.5], "n": [40]}


def test_the_gain_curve_of_a_perfect_order_rises_straight_to_all_positives():
    outcome = np.array([1.0] * 10 + [0.0] * 90)
    found = curves.gain(outcome * 3, outcome)
    assert len(found["share"]) <= 50
    assert found["reached"][found["share"].index(0.1)] == pytest.approx(1.0)
    assert found["reached"][2] == pytest.approx(0.5)


def test_without_a_positive_there_is_no_gain_curve():
    assert curves.gain(np.arange(9.0), np.zeros(9)) == {"share": [], "reached": []}


def test_the_confusion_table_has_a_line_a_label_and_a_column_a_rounded_score():
    found = curves.confusion(np.array([1.2, 4.9, 7.0, 2.6]), np.array([1.0, 4, 5, 2]), FIVE, minimum=1, maximum=5)
    assert found["counts"][0] == [1, 0, 0, 0, 0]
    assert found["counts"][3] == [0, 0, 0, 0, 1]
    assert found["counts"][4] == [0, 0, 0, 0, 1]
    assert found["counts"][1] == [0, 0, 1, 0, 0]


def test_importance_keeps_fifteen_shares_of_the_whole_gain():
    found = curves.importance({f"f{number:02d}": 1.0 for number in range(20)} | {"first": 20.0})
    assert found["name"][:3] == ["first", "f00", "f01"]
    assert len(found["name"]) == 15
    assert found["gain"][0] == 0.5
    assert curves.importance({}) == {"name": [], "gain": []}


def test_weekdays_are_named_and_those_with_too_few_rows_are_absent():
    draw = np.random.default_rng(1)
    day = np.array(
        ["2026-03-02"] * 60 + ["2026-03-09"] * 60 + ["2026-03-08"] * 80 + ["2026-03-04"] * 9, "datetime64[D]"
    )
    label = draw.integers(1, 6, day.size).astype(float)
    found = curves.by_weekday(label + draw.normal(size=day.size), label, day, confidence=0.95)
    assert found["weekday"] == ["Monday", "Sunday"]
    assert found["n"] == [120, 80]
    assert all(a < b < c for a, b, c in zip(found["low"], found["spearman"], found["high"], strict=True))
