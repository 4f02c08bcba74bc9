"""Label shift: harmless movement and chance are let through, another scale is not, and few labels say nothing."""

import numpy as np

from leadscore_assets.domain.label_shift import label_shift
from leadscore_assets.domain.policy import QualityPolicy

POLICY = QualityPolicy()
BEFORE = [{"1": 300, "2": 250, "3": 200, "4": 150, "5": 100}] * 4


def test_the_same_spread_and_a_harmless_change_do_not_shift():
    assert (
        label_shift({"1": 30_000, "2": 25_000, "3": 20_000, "4": 15_000, "5": 10_000}, BEFORE, POLICY).shifted is False
    )
    assert label_shift({"1": 350, "2": 250, "3": 200, "4": 150, "5": 50}, BEFORE, POLICY).shifted is False


def test_another_scale_shifts_and_says_which_labels_moved():
    found = label_shift({"3": 500, "4": 300, "5": 200}, BEFORE, POLICY)
    assert found.shifted is True
    assert found.distance == 0.55
    assert "1: 0% (before 30%)" in found.sentence
    assert "3: 50% (before 20%)" in found.sentence


def test_few_labels_on_either_side_say_nothing():
    assert label_shift({"1": 199}, BEFORE, POLICY).shifted is None
    found = label_shift({"1": 5000}, [], POLICY)
    assert found.shifted is None
    assert "not judged below 200" in found.sentence


def test_weeks_of_one_spread_shift_at_most_once_in_a_hundred():
    draw = np.random.default_rng(3)
    shares = [0.3, 0.25, 0.2, 0.15, 0.1]

    def week(n):
        return dict(zip("12345", draw.multinomial(n, shares).tolist(), strict=True))

    found = [label_shift(week(200), [week(200) for _ in range(4)], POLICY).shifted for _ in range(400)]
    assert sum(item is True for item in found) <= 4
