"""The shift of a shadow's scores: the same figures as from raw scores, and an answer on each side of every bound."""

import numpy as np
import pytest

from leadscore_assets.domain.prediction_shift import changed_bands, mean_distance, rank_correlation, shift_guards
from leadscore_assets.domain.release_policy import ReleasePolicy
from leadscore_assets.domain.serving_counts import SCORE_BINS
from leadscore_assets.domain.spearman import spearman_influence

POLICY = ReleasePolicy(preset="canary")


def scores(correlation: float, n: int, *, move: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Bins of two models' scores."""
    draw = np.random.default_rng(4)
    first = draw.normal(size=n)
    second = correlation * first + np.sqrt(1 - correlation**2) * draw.normal(size=n)
    return tuple(np.clip((one / 6 + 0.5) * SCORE_BINS, 0, SCORE_BINS - 1).astype(int) for one in (first, second + move))


def table(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    found = np.zeros((SCORE_BINS, SCORE_BINS))
    np.add.at(found, (first, second), 1)
    return found


def test_the_table_gives_the_raw_scores_rank_correlation_and_its_influence():
    first, second = scores(0.9, 3000)
    found = rank_correlation(table(first, second))
    value, influence = spearman_influence(first.astype(float), second.astype(float))
    assert found.value == pytest.approx(value)
    assert found.deviation == pytest.approx(influence.std())
    assert found.n == 3000


def test_distance_and_bands_are_counted_from_the_table():
    first, second = scores(0.95, 2000)
    found = mean_distance(table(first, second))
    assert found.value == pytest.approx(np.abs(first - second).mean() / SCORE_BINS)
    assert changed_bands(table(first, first), POLICY.bands) == 0
    assert changed_bands(table(first, SCORE_BINS - 1 - first), POLICY.bands) > 1500


@pytest.mark.parametrize(
    ("correlation", "move", "answers"),
    [
        (0.96, 0.0, ("go_on", "go_on", "go_on")),
        (0.50, 0.0, ("go_back", "go_back", "go_back")),
        (0.96, 1.2, ("go_on", "go_on", "go_back")),
    ],
    ids=["alike", "another order", "moved"],
)
def test_each_bound_is_judged_by_itself(correlation, move, answers):
    joint = table(*scores(correlation, 8000, move=move)).astype(int).ravel().tolist()
    assert tuple(item.answer for item in shift_guards(joint, POLICY)) == answers


def test_few_leads_or_a_constant_score_are_not_yet():
    few = table(*scores(0.96, 150)).astype(int).ravel().tolist()
    assert [item.answer for item in shift_guards(few, POLICY)] == ["not_yet"] * 3
    assert [item.needed for item in shift_guards(few, POLICY)] == [50, 50, 50]
    constant = np.zeros((SCORE_BINS, SCORE_BINS), dtype=int)
    constant[7] = 100
    assert shift_guards(constant.ravel().tolist(), POLICY)[0].answer == "not_yet"
    assert [item.answer for item in shift_guards((), POLICY)] == ["not_yet"] * 3
