"""Distances from profiles beside the exact ones from rows, and the laws of chance beside simulation."""

import numpy as np
import pytest
from scipy import stats

from leadscore_assets.domain import chance, distances
from leadscore_assets.domain.bins import fit_bins
from leadscore_assets.domain.column import Column

ROWS = 100_000
SHAPES = {
    "bell": lambda draw, n: draw.normal(0, 1, n),
    "lognormal": lambda draw, n: np.exp(draw.normal(0, 1, n)),
    "many zeros": lambda draw, n: np.where(draw.random(n) < 0.45, 0, draw.gamma(2, 3, n)),
    "whole numbers": lambda draw, n: draw.poisson(4, n).astype(float),
    "heavy tail": lambda draw, n: draw.standard_t(2.5, n),
}


def sides(shape, shift, rows=ROWS):
    draw = np.random.default_rng(3)
    bins = fit_bins({"x": Column(SHAPES[shape](draw, 7000))}, contract="c").rulers["x"]
    before, now = SHAPES[shape](draw, rows), SHAPES[shape](draw, rows)
    now = draw.poisson(4 + shift, rows) if shape == "whole numbers" else now * (1 + shift) + shift
    return now, before, bins.count(Column(now)), bins.count(Column(before)), bins


def exact_psi(now, before):
    inner = np.unique(np.quantile(before, np.arange(1, 10) / 10))
    p, q = (np.bincount(np.searchsorted(inner, side), minlength=inner.size + 1) / side.size for side in (now, before))
    seen = (p + q) > 0
    p, q = np.maximum(p[seen], 1e-4), np.maximum(q[seen], 1e-4)
    return np.sum((p - q) * np.log(p / q))


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("shape", SHAPES)
def test_psi_is_within_002_and_ks_within_0005_of_the_exact_answer_at_100_000_rows(shape, shift):
    now, before, a, b, _ = sides(shape, shift)
    assert distances.kolmogorov_smirnov(a, b) == pytest.approx(stats.ks_2samp(now, before).statistic, abs=0.005)
    assert distances.psi(a, b, distances.psi_groups(b)) == pytest.approx(exact_psi(now, before), abs=0.02)


@pytest.mark.parametrize("shift", [0.1, 0.5])
def test_wasserstein_is_that_of_the_rows(shift):
    now, before, a, b, ruler = sides("bell", shift)
    found = distances.wasserstein(a, b, edges=ruler.edges, shift=now.mean() - before.mean())
    assert found == pytest.approx(stats.wasserstein_distance(now, before), rel=0.03, abs=0.002)


def test_levels_known_answers():
    assert distances.total_variation([50, 50], [100, 0]) == pytest.approx(0.5)
    assert distances.jensen_shannon([10, 0], [0, 10]) == pytest.approx(np.sqrt(np.log(2)))
    assert distances.psi([60, 40], [40, 60]) == pytest.approx(0.4 * np.log(1.5))


def test_a_side_without_values_is_no_distance_and_no_crash():
    assert distances.kolmogorov_smirnov([0, 0], [3, 4]) == 0
    assert distances.psi([0, 0], [3, 4]) == 0
    assert chance.ks_margin(0, 5, features=3, alpha=0.05) == np.inf


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("weights", [[1] * 20, [50, 1, 1, 5, 20]], ids=["even", "uneven"])
def test_the_squared_distance_expects_exactly_what_chance_makes(ordered, weights):
    draw = np.random.default_rng(1)
    p = np.array(weights) / np.sum(weights)
    a, b = draw.multinomial(300, p, 4000), draw.multinomial(900, p, 4000)
    found, unit = distances.squared_distance(a, b, ordered=ordered)
    assert np.mean(found) == pytest.approx(np.mean(unit) * (1 / 300 + 1 / 900), rel=0.06)


@pytest.mark.parametrize("n", [300, 1000])
def test_psi_exceeds_its_chance_level_as_often_as_said(n):
    draw = np.random.default_rng(2)
    even = np.full(10, 0.1)
    pairs = zip(draw.multinomial(n, even, 4000), draw.multinomial(n, even, 4000), strict=True)
    found = [distances.psi(a, b) for a, b in pairs]
    level = chance.psi_chance(n, n, groups=10, features=1, alpha=0.05)
    assert np.mean(np.array(found) > level) == pytest.approx(0.05, abs=0.02)


def test_psi_chance_is_the_published_value():
    assert chance.psi_chance(100, 100, groups=10, features=50, alpha=0.05) == pytest.approx(0.56, abs=0.01)
    assert chance.psi_chance(1000, 1000, groups=10, features=50, alpha=0.05) == pytest.approx(0.056, abs=0.001)


@pytest.mark.parametrize("levels", [3, 12, 200])
def test_total_variation_stays_below_its_margin_whatever_the_number_of_levels(levels):
    draw = np.random.default_rng(4)
    p = draw.dirichlet(np.ones(levels))
    a, b = draw.multinomial(700, p, 1500), draw.multinomial(900, p, 1500)
    over = [
        distances.total_variation(one, two) > chance.tv_margin(one, two, features=1, alpha=0.05)
        for one, two in zip(a, b, strict=True)
    ]
    assert np.mean(over) <= 0.05


def test_shares_stay_inside_their_margin():
    draw = np.random.default_rng(6)
    a, b = draw.binomial(800, 0.05, 4000) / 800, draw.binomial(2000, 0.05, 4000) / 2000
    margin = chance.share_margin(800, 2000, pooled=0.05, features=1, alpha=0.05)
    assert np.mean(np.abs(a - b) > margin) <= 0.05


def test_p_values_are_those_of_the_field():
    draw = np.random.default_rng(7)
    a, b = draw.normal(0, 1, 3000), draw.normal(0.05, 1, 2500)
    known = stats.ks_2samp(a, b, method="asymp")
    assert chance.ks_p_value(known.statistic, 3000, 2500) == pytest.approx(known.pvalue, rel=0.05)
    table = [[30, 50, 20], [45, 40, 15]]
    assert chance.levels_p_value(*table) == pytest.approx(stats.chi2_contingency(table).pvalue)
    given = [0.001, 0.2, 0.012, 0.04]
    kept = stats.false_discovery_control(given) <= 0.05
    assert chance.false_discoveries(given, rate=0.05) == kept.tolist()
