"""Profiles: they add up in any order, lose no row, stay small, and come back from JSON as they were."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore_assets.domain.bins import BINS, Bins, Ruler, fit_bins
from leadscore_assets.domain.bundle import json_bytes
from leadscore_assets.domain.column import Column
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.profiles import Profile, profile_of, total
from leadscore_assets_tests.domain.profile_data import fixed, made, profiled

NUMBERS = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), max_size=30)
CODES = st.lists(st.sampled_from([0.0, 1.0, 2.0, float("nan")]), max_size=30)
BIN = Bins("c", {"x": Ruler((-10.0, 0.0, 3.5)), "c": Ruler(levels=("red", "green"))})


@st.composite
def profiles(draw) -> Profile:
    numbers = np.array(draw(NUMBERS), dtype=float)
    codes = np.array(draw(CODES), dtype=float)
    rows = min(numbers.size, codes.size)
    columns = {"x": Column(numbers[:rows]), "c": Column(codes[:rows], ("red", "blue", "grey"))}
    return profile_of(columns, BIN)


def same(one: Profile, two: Profile) -> bool:
    a, b = one.to_json(), two.to_json()
    for side in (a, b):
        for feature in side["features"].values():
            feature["mean"] = None if feature["mean"] is None else pytest.approx(feature["mean"], rel=1e-9, abs=1e-6)
            feature["squares"] = pytest.approx(feature["squares"], rel=1e-6, abs=1e-3)
    for name in a["features"]:
        for key in ("mean", "squares"):
            x, y = a["features"][name].pop(key), b["features"][name].pop(key)
            assert x == getattr(y, "expected", y)
    return a == b


@settings(max_examples=60, deadline=None)
@given(profiles(), profiles(), profiles())
def test_adding_is_associative_and_commutative(a, b, c):
    assert same((a + b) + c, a + (b + c))
    assert same(a + b, b + a)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 200), st.integers(1, 3))
def test_the_sum_of_parts_is_the_profile_of_the_whole(cut, seed):
    whole = made(200, seed=seed)
    first = {name: Column(column.values[:cut], column.levels) for name, column in whole.items()}
    rest = {name: Column(column.values[cut:], column.levels) for name, column in whole.items()}
    assert same(profile_of(first, fixed()) + profile_of(rest, fixed()), profile_of(whole, fixed()))


def test_every_row_is_known_or_missing_and_values_outside_land_in_the_end_bins():
    bins = fixed()
    far = made(100, seed=1) | {"bell": Column(np.concatenate([np.full(60, 1e9), np.full(39, -1e9), [np.nan]]))}
    found = profile_of(far, bins).features["bell"]
    assert (found.counts[0], found.counts[-1], found.missing) == (39, 60, 1)
    assert (found.low, found.high) == (-1e9, 1e9)


def test_moments_and_sizes_are_those_of_the_rows():
    values = made(500, seed=4)["skewed"].values
    found = profiled(500, seed=4).features["skewed"]
    assert found.mean == pytest.approx(np.nanmean(values))
    assert found.deviation == pytest.approx(np.nanstd(values))
    assert sum((found.decades or {}).values()) == np.count_nonzero(~np.isnan(values))


def test_profiles_of_other_bins_are_refused_with_the_remedy():
    other = profile_of(made(50, seed=1), fit_bins(made(60, seed=2), contract="c"))
    with pytest.raises(InvalidInput, match="materialize lead_profile again"):
        profiled(50, seed=1) + other


def test_levels_that_the_bins_do_not_have_are_counted_together_and_named():
    bins = Bins("c", {"c": Ruler(levels=("red",))})
    column = Column(np.array([0.0, 1.0, 1.0, 2.0, np.nan]), ("red", "blue", "grey"))
    found = profile_of({"c": column}, bins).features["c"]
    assert found.counts.tolist() == [1, 3]
    assert found.strange == {"blue": 2, "grey": 1}


def test_a_number_with_few_values_keeps_every_value_as_a_bin_and_one_with_many_has_256():
    bins = fit_bins({"few": Column(np.arange(2000) % 7.0), "many": Column(np.arange(2000.0))}, contract="c")
    assert bins.rulers["few"].edges == tuple(range(7))
    assert bins.rulers["many"].size == BINS


def test_json_gives_the_same_profile_and_stays_under_a_megabyte():
    draw = np.random.default_rng(0)
    wide = {f"f{i}": Column(draw.lognormal(i % 9, 2, 20_000)) for i in range(100)}
    bins = fit_bins(wide, contract="c")
    found = profile_of(wide, bins)
    text = json_bytes(found.to_json())
    assert len(text) < 1_000_000
    assert Profile.from_json(json.loads(text)).digest == found.digest
    assert Bins.from_json(json.loads(json_bytes(bins.to_json()))).digest == bins.digest


def test_a_week_without_leads_adds_nothing():
    empty = profiled(0, seed=1)
    full = profiled(300, seed=2)
    assert (full + empty).digest == full.digest == (empty + full).digest
    assert total([]) is None
