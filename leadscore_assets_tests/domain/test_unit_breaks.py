"""Unit breaks: known factors are named, other changes are not."""

import numpy as np
import pytest

from leadscore_assets.domain.column import Column
from leadscore_assets.domain.profiles import profile_of
from leadscore_assets.domain.unit_breaks import unit_break
from leadscore_assets_tests.domain.profile_data import fixed


def sizes(values):
    columns = {name: Column(values) for name in ("bell", "skewed", "zeros", "flag")}
    return profile_of(columns | {"colour": Column(np.zeros(0), ("red",))}, fixed()).features["skewed"].decades


@pytest.mark.parametrize("factor", [10, 1000, 0.1, 0.001, 60, 1 / 3600, 24])
@pytest.mark.parametrize("spread", [0.3, 1.5])
def test_a_known_factor_is_found_in_either_direction(factor, spread):
    draw = np.random.default_rng(1)
    before, now = np.exp(draw.normal(3, spread, 6000)), factor * np.exp(draw.normal(3, spread, 5000))
    found = unit_break(sizes(now), sizes(before))
    assert found is not None
    assert found.factor == pytest.approx(factor)
    assert "another unit" in found.sentence


@pytest.mark.parametrize("factor", [1.0, 1.65, 4.0, 0.3])
def test_growth_is_not_a_unit(factor):
    draw = np.random.default_rng(1)
    before, now = np.exp(draw.normal(3, 1, 6000)), factor * np.exp(draw.normal(3, 1, 5000))
    assert unit_break(sizes(now), sizes(before)) is None


def test_another_shape_or_a_handful_of_values_is_not_a_unit():
    draw = np.random.default_rng(1)
    before = np.exp(draw.normal(3, 0.5, 6000))
    assert unit_break(sizes(10 * np.exp(draw.normal(3, 2.0, 6000))), sizes(before)) is None
    assert unit_break(sizes(10 * before[:15]), sizes(before)) is None
    assert unit_break({}, {}) is None
