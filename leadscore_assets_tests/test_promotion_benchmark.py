"""The promotion benchmark, small: bounds that the default rule has to keep, with the product's own code."""

import numpy as np
import pytest

from benchmarks.promotion_rules import (
    best_regret,
    one_week,
    one_year,
    preset_rules,
    simulated_years,
    single_rules,
)
from benchmarks.promotion_world import WORLDS, draw_pair, draw_world
from leadscore_assets.domain.comparison import compare
from leadscore_assets.domain.metrics import spearman
from leadscore_assets.domain.presets import measured_rates
from leadscore_assets.domain.promotion_policy import PromotionPolicy

YEARS, ROWS = 500, 3000


@pytest.fixture(scope="module")
def years():
    return simulated_years({**single_rules(), "default": PromotionPolicy()}, n=ROWS, years=YEARS)


def test_the_simulated_difference_is_the_one_asked_for_and_its_error_within_five_percent_of_the_truth():
    draw = np.random.default_rng(31)
    pairs = [draw_pair(draw, 1500, 0.01) for _ in range(1200)]
    gains = [
        spearman(p.candidate.score, p.candidate.label) - spearman(p.champion.score, p.champion.label) for p in pairs
    ]
    errors = [
        compare(p.candidate.score, p.champion.score, p.candidate.label, confidence=0.9).standard_error
        for p in pairs[:60]
    ]
    assert np.mean(gains) == pytest.approx(0.01, abs=0.001)
    assert np.mean(errors) == pytest.approx(np.std(gains), rel=0.05)


def test_regret_is_at_most_a_quarter_above_the_best_single_rule_in_every_world(years):
    for found, best in zip(years["default"], best_regret(years), strict=True):
        assert found.regret <= 1.25 * best


def test_regret_is_less_than_a_third_of_the_five_percent_rules(years):
    for found, thumb in zip(years["default"], years["+5 % relative"], strict=True):
        assert found.regret < thumb.regret / 3


def test_clearly_worse_models_are_promoted_at_most_once_a_year_and_broken_ones_never(years):
    for found in years["default"]:
        assert found.worse_005 <= 1
        assert found.broken == 0


def test_the_shrunken_gain_exaggerates_less_than_half_as_much_as_the_measured_one(years):
    for found in years["default"]:
        assert abs(found.shrunken_curse) < found.curse / 2 + 0.0003


def test_without_the_guard_more_clearly_worse_models_are_promoted(years):
    world = draw_world(next(iter(WORLDS)), years=YEARS)
    loose = one_year(PromotionPolicy(guard=-0.5), world, n=ROWS)
    assert loose.worse_005 > 1.2 * years["default"][0].worse_005


def test_one_week_of_equal_models_promotes_as_often_as_the_rates_say():
    found = one_week(preset_rules(), n=ROWS, delta=0.0, draws=60)
    for name, rates in measured_rates().items():
        spread = 4 * np.sqrt(rates["promotes_equal"] * (1 - rates["promotes_equal"]) / 60)
        assert found[name].promote == pytest.approx(rates["promotes_equal"], abs=spread + 0.03)
        assert found[name].manual == pytest.approx(rates["asks_equal"], abs=0.3)


def test_a_truly_worse_candidate_is_promoted_by_the_default_in_one_week_of_fifty_at_most():
    assert one_week({"default": PromotionPolicy()}, n=ROWS, delta=-0.01, draws=100)["default"].promote <= 0.03
    assert one_week({"default": PromotionPolicy()}, n=ROWS, delta=0.02, draws=60)["default"].promote >= 0.95
