"""What is usual: calibrated on a feature's own past, also when a week's size changes."""

import numpy as np
import pytest

from leadscore_assets.domain.usual import against_past, feature_against_past, past_pairs
from leadscore_assets_tests.domain.profile_data import fixed, made

RULER = fixed().rulers["bell"]


def week(size, *, draw, wobble=0.0, shift=0.0):
    columns = made(size, seed=int(draw.integers(1 << 30)), shift=shift + wobble * draw.standard_normal())
    return RULER.count(columns["bell"])


def asked(sizes, *, seed, wobble, shift=0.0):
    draw = np.random.default_rng(seed)
    weeks = [week(size, draw=draw, wobble=wobble) for size in sizes[:-1]]
    now = week(sizes[-1], draw=draw, wobble=wobble, shift=shift)
    pair = (now, weeks[-1])
    past = past_pairs(np.stack(weeks), reach=1, most=26, least=100)
    return feature_against_past(pair, past, ordered=True, alpha=0.01)


def test_a_value_against_its_past_is_the_t_interval_of_the_textbook():
    from scipy import stats

    past = [1.0, 1.4, 0.8, 1.1, 1.3]
    found = against_past(2.2, past, alpha=0.05)
    width = np.std(past, ddof=1) * np.sqrt(1.2)
    assert found.p == pytest.approx(stats.t.sf((2.2 - np.mean(past)) / width, 4))
    assert found.usually == pytest.approx(np.mean(past) + width * stats.t.ppf(0.95, 4))


@pytest.mark.parametrize(("before", "after"), [(4000, 400), (400, 4000), (1500, 1500)])
@pytest.mark.parametrize("wobble", [0.0, 0.03])
def test_a_change_of_size_alone_is_not_unusual(before, after, wobble):
    ps = [asked([before] * 20 + [after], seed=seed, wobble=wobble).p for seed in range(60)]
    assert np.mean(np.array(ps) < 0.05) <= 0.12
    assert min(ps) > 1e-4


def test_a_large_shift_is_unusual_and_one_of_the_usual_size_is_not():
    assert asked([2000] * 26, seed=1, wobble=0.02, shift=0.6).p < 1e-4
    assert asked([2000] * 26, seed=1, wobble=0.6, shift=0.6).p > 1e-3


def test_three_comparable_weeks_are_the_fewest_and_tiny_ones_do_not_count():
    assert asked([500] * 4, seed=1, wobble=0.0) is None
    assert asked([50] * 20 + [500], seed=1, wobble=0.0) is None
    found = asked([500] * 6, seed=1, wobble=0.0)
    assert found is not None
    assert found.weeks == 4


def test_a_feature_that_never_varies_is_never_unusual():
    constant = past_pairs(np.tile([500, 0], (20, 1)), reach=4, most=26, least=100)
    assert feature_against_past(([500, 0], [500, 0]), constant, ordered=True, alpha=0.01) is None


def test_each_week_is_paired_with_the_weeks_before_it():
    weeks = np.array([[1, 0], [2, 0], [4, 0], [8, 0]])
    now, before = past_pairs(weeks, reach=2, most=26, least=1)
    assert now[:, 0].tolist() == [2, 4, 8]
    assert before[:, 0].tolist() == [1, 3, 6]
    assert past_pairs(weeks, reach=2, most=2, least=5)[0][:, 0].tolist() == [8]
    assert past_pairs(weeks[:0], reach=2, most=2, least=5)[0].shape == (0, 2)
