"""The paired comparison against truth known by simulation, against its symmetries and against a bootstrap."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore_assets.domain.comparison import (
    compare,
    paired_bootstrap,
    rows_needed,
    spearman_influence,
    spearman_interval,
)
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.metrics import spearman


def draw_week(draw, n, *, gain=0.0, step=None):
    """Two models' scores and five-level labels; with `step` the scores are tied on a grid of that width."""
    quality = draw.normal(size=n)
    label = np.digitize(quality + draw.normal(size=n), [-2.1, -0.8, 0.6, 1.9]) + 1
    shared = quality + 0.8 * draw.normal(size=n)
    candidate = shared + gain * quality + 0.3 * draw.normal(size=n)
    champion = shared + 0.3 * draw.normal(size=n)
    if step:
        candidate, champion = np.round(candidate / step) * step, np.round(champion / step) * step
    return candidate, champion, label


@pytest.mark.parametrize("step", [None, 1.0], ids=["continuous scores", "tied scores"])
@pytest.mark.parametrize("n", [1000, 3000])
def test_the_standard_error_is_within_five_percent_of_the_truth(step, n):
    draw = np.random.default_rng(20260105)
    weeks = [draw_week(draw, n, step=step) for _ in range(1200)]
    truth = np.std([spearman(new, y) - spearman(old, y) for new, old, y in weeks], ddof=1)
    found = np.mean([compare(new, old, y, confidence=0.95).standard_error for new, old, y in weeks[:60]])
    assert found == pytest.approx(truth, rel=0.05)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    draw = np.random.default_rng(11)
    found = [compare(*draw_week(draw, 500), confidence=0.9) for _ in range(800)]
    held = np.mean([item.low <= 0 <= item.high for item in found])
    assert held == pytest.approx(0.9, abs=0.03)


def test_the_estimate_is_the_tie_corrected_correlation_and_the_influence_has_mean_zero():
    from scipy.stats import spearmanr

    candidate, _, label = draw_week(np.random.default_rng(3), 2000, step=0.5)
    rho, influence = spearman_influence(candidate, label)
    assert rho == pytest.approx(spearmanr(candidate, label).statistic, abs=1e-12)
    assert influence.shape == (2000,)
    assert abs(influence.mean()) < 1e-12


def test_influence_follows_its_definition_row_by_row():
    x, y = np.array([1.0, 2, 2, 3, 5, 5, 5, 8, 9, 9]), np.array([1.0, 1, 3, 2, 3, 5, 4, 4, 5, 5])
    n = len(x)

    def centred(values):
        return np.array([(np.sum(values < v) + (np.sum(values == v) + 1) / 2 - 0.5) / n - 0.5 for v in values])

    def above(values, weights):
        return np.array([np.mean(((values > v) + 0.5 * (values == v) - 0.5) * weights) for v in values])

    a, b = centred(x), centred(y)
    va, vb, cov = np.mean(a * a), np.mean(b * b), np.mean(a * b)
    rho = cov / np.sqrt(va * vb)
    phi = a * b + above(x, b) + above(y, a) - 3 * cov
    psi_a, psi_b = a * a + 2 * above(x, a) - 3 * va, b * b + 2 * above(y, b) - 3 * vb
    expected = phi / np.sqrt(va * vb) - rho / 2 * (psi_a / va + psi_b / vb)
    assert spearman_influence(x, y)[1] == pytest.approx(expected, abs=1e-12)


def test_a_paired_bootstrap_agrees_and_is_the_same_for_the_same_seed():
    columns = draw_week(np.random.default_rng(5), 2000, gain=0.1)
    exact, drawn = compare(*columns, confidence=0.95), paired_bootstrap(*columns, confidence=0.95)
    assert drawn.difference == pytest.approx(exact.difference, abs=1e-12)
    assert drawn.standard_error == pytest.approx(exact.standard_error, rel=0.08)
    assert (drawn.low, drawn.high) == pytest.approx((exact.low, exact.high), abs=0.003)
    assert drawn == paired_bootstrap(*columns, confidence=0.95)
    assert drawn != paired_bootstrap(*columns, confidence=0.95, seed=43)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(40, 200))
def test_exchanging_the_models_turns_the_sign_alone(seed, n):
    candidate, champion, label = draw_week(np.random.default_rng(seed), n, step=0.5)
    one, other = (
        compare(candidate, champion, label, confidence=0.95),
        compare(champion, candidate, label, confidence=0.95),
    )
    assert one.difference == -other.difference
    assert one.standard_error == other.standard_error
    assert one.low == -other.high


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(40, 200))
def test_increasing_changes_of_any_column_change_nothing(seed, n):
    candidate, champion, label = draw_week(np.random.default_rng(seed), n)
    changed = compare(np.exp(candidate), 5 * champion - 2, label**3, confidence=0.95)
    assert changed == compare(candidate, champion, label, confidence=0.95)


def test_two_equal_rankings_differ_by_exactly_nothing():
    candidate, _, label = draw_week(np.random.default_rng(8), 300)
    found = compare(candidate, candidate * 2 + 1, label, confidence=0.95)
    assert (found.difference, found.standard_error, found.low, found.high) == (0.0, 0.0, 0.0, 0.0)


def test_one_models_interval_holds_its_estimate_and_stays_within_one():
    label = np.arange(40) % 5 + 1
    rho, low, high = spearman_interval(label * 2.0, label, confidence=0.95)
    assert (rho, low, high) == pytest.approx((1.0, 1.0, 1.0))
    candidate, _, label = draw_week(np.random.default_rng(2), 60)
    rho, low, high = spearman_interval(candidate, label, confidence=0.95)
    assert -1 <= low < rho < high <= 1


def test_the_rows_needed_give_the_stated_chance_to_see_the_gain():
    draw = np.random.default_rng(17)
    truth = compare(*draw_week(draw, 200_000, gain=0.15), confidence=0.95).difference
    pilot = compare(*draw_week(draw, 2000, gain=0.15), confidence=0.95)
    needed = rows_needed(pilot, gain=truth)
    seen = [compare(*draw_week(draw, needed, gain=0.15), confidence=0.95).low > 0 for _ in range(600)]
    assert np.mean(seen) == pytest.approx(0.8, abs=0.07)


def test_no_number_of_rows_shows_a_gain_that_is_not_there():
    pilot = compare(*draw_week(np.random.default_rng(1), 400), confidence=0.95)
    assert rows_needed(pilot, gain=0.0) is None
    assert rows_needed(pilot, gain=0.01, over=0.02) is None


def test_a_comparison_comes_back_from_json():
    found = compare(*draw_week(np.random.default_rng(1), 100), confidence=0.95)
    assert type(found).from_json(found.to_json()) == found


def test_twenty_thousand_rows_take_a_tenth_of_a_second():
    columns = draw_week(np.random.default_rng(4), 20_000)
    compare(*columns, confidence=0.95)
    best = min(_seconds(columns) for _ in range(5))
    assert best < 0.1


def _seconds(columns):
    start = time.perf_counter()
    compare(*columns, confidence=0.95)
    return time.perf_counter() - start


TEN = np.arange(10.0)


@pytest.mark.parametrize(
    ("candidate", "champion", "label", "message"),
    [
        (TEN[:9], TEN[:9], TEN[:9], "9 rows are too few"),
        (TEN * 0 + 3, TEN, TEN, "candidate is 3 in all 10 rows"),
        (TEN, TEN * 0, TEN, "champion is 0 in all 10 rows"),
        (TEN, TEN, TEN * 0, "label is 0 in all 10 rows"),
        (TEN, TEN[:8], TEN, "same rows"),
        (np.where(TEN > 8, np.nan, TEN), TEN, TEN, "candidate holds values that are missing"),
    ],
    ids=["few", "constant candidate", "constant champion", "constant label", "lengths", "not finite"],
)
def test_what_cannot_be_compared_is_refused_with_its_reason(candidate, champion, label, message):
    with pytest.raises(InvalidInput, match=message):
        compare(candidate, champion, label, confidence=0.95)


def test_a_confidence_outside_zero_to_one_and_too_few_draws_are_refused():
    with pytest.raises(InvalidInput, match="confidence is 95"):
        compare(TEN, TEN[::-1], TEN, confidence=95)
    with pytest.raises(InvalidInput, match="10 draws are too few"):
        paired_bootstrap(TEN, TEN, TEN, confidence=0.95, draws=10)
