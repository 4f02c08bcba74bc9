"""The release's policy: presets as data, and combinations that cannot work, refused with the reason."""

import pytest
from pydantic import ValidationError

from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.domain.release_policy import CHANCES, ReleasePolicy
from leadscore_assets.domain.release_strategies import STRATEGIES


def step(name: str, weight: float, **more) -> dict:
    return {"name": name, "weight": weight, **more}


def test_the_default_releases_at_once_so_that_a_laptop_without_traffic_keeps_releasing():
    policy = Policy().release
    assert (policy.strategy, policy.shadow, policy.steps, policy.next_candidate) == (
        "immediate",
        False,
        (),
        "supersede",
    )


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_begins_in_shadow_for_7_to_14_days_and_its_share_only_rises(name):
    policy = policy_from({"release": {"preset": name}}).release
    assert (policy.strategy, policy.shadow, policy.shadow_days, policy.shadow_maximum_days) == (name, True, 7, 14)
    weights = [item.weight for item in policy.steps]
    assert weights == sorted(set(weights))


def test_the_strategies_hold_the_numbers_they_are_named_for():
    steps = {name: ReleasePolicy(preset=name).steps for name in STRATEGIES}
    assert [(item.weight, item.minimum_hours) for item in steps["canary"]] == [(0.10, 24), (0.50, 48)]
    assert [(item.weight, item.ends) for item in steps["ab"]] == [(0.50, "winner")]
    assert [(item.weight, item.ends) for item in steps["champion_challenger"]] == [(0.10, "winner")]
    assert [item.allocation for item in steps["bandit"]] == ["thompson"]
    assert steps["immediate"] == ()
    assert len(steps["gradual"]) == 5


def test_the_bounds_are_those_that_were_promised():
    policy = ReleasePolicy()
    bounds = (policy.errors, policy.latency_worse, policy.conversion_worse, policy.warm_hours, policy.watch_hours)
    assert bounds == (0.02, 0.50, 0.10, 48, 48)
    assert policy.guard_alpha * CHANCES == pytest.approx(policy.alpha) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"steps": [step("a", 0.5), step("b", 0.1)]}, "a share only rises, or leads would move back"),
        ({"steps": [step("a", 0.5), step("b", 0.5)]}, "a share only rises"),
        ({"steps": [step("a", 0.1), step("a", 0.5)]}, "two steps have one name"),
        ({"steps": [step("a", 1.0)]}, "less than 1"),
        ({"steps": [step("a", 0.1, minimum_hours=48, maximum_hours=24)]}, "48 hours at least and 24 at most"),
        ({"steps": [step("a", 0.1, guards=[])]}, "at least 1 item"),
        ({"steps": [step("a", 0.1, allocation="thompson")]}, "names no winner; set ends = 'winner'"),
        ({"steps": [step("a", 0.01, allocation="thompson", ends="winner")]}, "either arm keeps floor = 0.05"),
        (
            {"steps": [step("a", 0.1, allocation="thompson", ends="winner"), step("b", 0.5)]},
            "it must be the last step",
        ),
        ({"shadow_days": 3}, "greater than or equal to 7"),
        ({"shadow_days": 14, "shadow_maximum_days": 8}, "is more than shadow_maximum_days 8; raise it"),
        ({"watch_hours": 72}, "step back to a model that is cold; raise warm_hours"),
        ({"watch_hours": 40, "watch_maximum_hours": 24}, "more than watch_maximum_hours 24; raise the second"),
        ({"bands": [0.5, 0.2]}, "must rise between 0 and 1"),
        ({"errors": 2}, "less than 0.5"),
    ],
    ids=lambda item: item if isinstance(item, str) else None,
)
def test_what_cannot_work_is_refused_with_the_reason(given, said):
    with pytest.raises(ValidationError, match=said):
        ReleasePolicy.model_validate(given)
