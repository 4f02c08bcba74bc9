"""Presets: typed, spread over sections, overridden key by key, refused by name, and each with measured rates."""

import pytest
from pydantic import ValidationError

from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.domain.presets import PRESETS, measured_rates, presets
from leadscore_assets.domain.setting import differences, settings_of


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: f"{item.section}-{item.name}")
def test_every_preset_is_a_sound_policy_that_changes_something(item):
    policy = policy_from({item.section: {"preset": item.name}})
    assert policy.digest != Policy().digest
    assert differences({}, {item.section: {"preset": item.name}})
    assert policy_from(policy.model_dump(mode="json")) == policy
    assert item.decides


def test_every_promotion_preset_has_its_measured_rates():
    assert set(measured_rates()) == set(presets("promotion"))
    assert all(rates["regret_1"] > 0 for rates in measured_rates().values())


def test_a_preset_of_the_whole_policy_reaches_the_sections_that_know_it():
    policy = policy_from({"preset": "any_gain", "window": {"minimum_rows": 500}})
    assert policy.promotion == policy_from({"promotion": {"preset": "any_gain"}}).promotion
    assert policy.window.minimum_rows == 500
    assert policy.window.preset == "default"


def test_a_key_beside_a_preset_is_set_on_top_and_a_sections_own_preset_wins():
    policy = policy_from({"preset": "any_gain", "promotion": {"minimum_rows": 70}})
    assert (policy.promotion.preset, policy.promotion.minimum_rows) == ("any_gain", 70)
    assert policy_from({"preset": "any_gain", "promotion": {"preset": "ladder"}}).promotion.preset == "ladder"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"preset": "anygain"}, "no section has a preset 'anygain'; there are default, "),
        ({"promotion": {"preset": "6_months"}}, r"no preset '6_months' of \[promotion\]; there are default, any_gain"),
        ({"promotion": {"gaurd": -0.01}}, "Extra inputs are not permitted"),
        ({"promotion": {"guard": 0.01}}, "less than or equal to 0"),
        ({"promotion": {"preset": 3}}, "valid string"),
        ({"window": {"days": 30, "maximum_days": 7}}, "raise the second"),
        ({"window": {"test_days": 6, "maximum_days": 7}}, "leave no day to train"),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy(content, said):
    with pytest.raises(ValidationError, match=said):
        policy_from(content)


def test_window_presets_hold_the_days_they_are_named_for():
    windows = {
        name: policy_from({"window": {"preset": name}}).window for name in ("fixed_7_days", "6_months", "cumulative")
    }
    assert [(item.days, item.maximum_days) for item in windows.values()] == [(7, 7), (182, 182), (3660, 3660)]


def test_every_key_is_shown_with_its_origin():
    content = {"window": {"preset": "6_months", "minimum_rows": 500}, "name": "mine"}
    origins = {item.name: (item.value, item.origin) for item in settings_of(content)}
    assert origins["window.days"] == (182, "preset 6_months")
    assert origins["window.minimum_rows"] == (500, "policy")
    assert origins["window.test_days"] == (2, "default")
    assert origins["name"] == ("mine", "policy")
    assert set(origins) >= {"promotion.guard", "training.seed", "lists.bands"}


def test_two_policies_differ_in_the_keys_that_differ():
    found = differences({}, {"window": {"preset": "6_months"}, "quality": {"minimum_score": 0.9}})
    assert {one.name: (one.value, other.value) for one, other in found} == {
        "window.days": (7, 182),
        "window.maximum_days": (180, 182),
    }
