"""A preset put on a home's policy, and when two policies learn or decide alike."""

import pytest

from leadscore_assets.domain.other_policy import decides_alike, learning_digest, with_preset
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.domain.presets import PRESETS

HOME = policy_from(
    {
        "name": "mine",
        "window": {"minimum_rows": 500},
        "promotion": {"preset": "any_gain", "spearman_floor": 0.1},
        "drift": {"cooldown_days": 7},
    }
)


def test_a_preset_replaces_what_it_sets_and_leaves_the_rest():
    found = with_preset(HOME, "automatic_5")
    assert [rung.name for rung in found.promotion.rungs] == ["large_gain", "some_gain"]
    assert (found.promotion.preset, found.promotion.spearman_floor) == ("automatic_5", 0.1)
    assert (found.window, found.drift) == (HOME.window, HOME.drift)


def test_what_the_homes_own_preset_set_is_taken_back():
    assert HOME.promotion.widest_interval == 0
    found = with_preset(policy_from({"training": {"preset": "conversion"}}), "rank")
    assert (found.training.objective, found.training.positive) == ("rank", "label")


def test_default_resets_what_decides_and_keeps_what_learns():
    found = with_preset(HOME, "default")
    assert (found.promotion, found.drift, found.retraining) == (Policy().promotion, Policy().drift, Policy().retraining)
    assert found.window == HOME.window
    assert with_preset(policy_from({"preset": "psi"}), "default").retraining.when == "weekly"


def test_psi_means_its_drift_rule_and_a_retraining_on_its_alarm_alone():
    found = with_preset(HOME, "psi")
    assert (found.drift.rule, found.drift.cooldown_days, found.retraining.when) == ("psi", 7, "on_drift")
    assert found.promotion == HOME.promotion
    assert policy_from({"preset": "psi"}).retraining.when == "on_drift"


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match="no section has a preset 'weekley'; there are default, "):
        with_preset(HOME, "weekley")


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: f"{item.section}-{item.name}")
def test_only_presets_of_what_decides_share_the_homes_models(item):
    shares = learning_digest(with_preset(HOME, item.name)) == learning_digest(HOME)
    assert shares == (item.section in ("promotion", "drift", "retraining"))


def test_names_do_not_matter_values_do():
    same = policy_from({**HOME.model_dump(mode="json"), "name": "yours"})
    assert decides_alike(HOME, same)
    assert same.digest != HOME.digest
    assert not decides_alike(HOME, with_preset(HOME, "never"))


def test_a_threshold_that_says_what_binary_learns_is_part_of_learning():
    binary = policy_from({"training": {"objective": "binary"}})
    other = policy_from({"training": {"objective": "binary"}, "promotion": {"score_threshold": 4.5}})
    assert learning_digest(binary) != learning_digest(other)
    assert learning_digest(Policy()) == learning_digest(policy_from({"promotion": {"score_threshold": 4.5}}))


def test_of_what_is_rented_only_the_number_of_hosts_makes_another_model():
    bigger = policy_from({"resources": {"endpoint_instances": 3, "most_instances": 4, "spot": True}})
    assert learning_digest(Policy()) == learning_digest(bigger)
    assert learning_digest(Policy()) != learning_digest(policy_from({"resources": {"training_hosts": 2}}))
