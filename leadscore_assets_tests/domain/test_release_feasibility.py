"""What a site's volume cannot decide is refused before a release begins, with the number that would do."""

import pytest

from leadscore_assets.domain.feasibility import Volume, impossible, unchecked_release
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.domain.release_feasibility import impossible_release, kpi_days, proof_leads
from leadscore_assets.domain.release_policy import ReleasePolicy


def test_a_canary_that_no_sample_can_decide_is_refused_step_by_step():
    said = impossible_release(ReleasePolicy(preset="canary"), leads_a_day=200, conversion=None)
    assert len(said) == 1
    assert said[0].startswith("step canary_10 gives the candidate about 140 leads in 7 days")
    assert impossible_release(ReleasePolicy(preset="canary"), leads_a_day=1000, conversion=None) == []


def test_a_shadow_without_leads_is_refused():
    (said,) = impossible_release(ReleasePolicy(preset="immediate"), leads_a_day=5, conversion=None)
    assert said.startswith("shadow sees about 70 leads in 14 days")


def test_a_search_for_a_winner_needs_power():
    policy = policy_from({"release": {"preset": "champion_challenger"}})
    (said,) = impossible(policy, Volume(leads_a_day=500, conversion=0.05))
    assert "fewer than half of the releases within 182 days" in said
    assert impossible(policy, Volume(leads_a_day=1400, conversion=0.05)) == []
    assert unchecked_release(policy, Volume(leads_a_day=1400))
    assert not unchecked_release(Policy(), Volume())


def test_a_guard_on_conversions_is_refused_where_a_step_is_too_short_for_it():
    steps = [{"name": "kpi", "weight": 0.1, "guards": ["errors", "conversion"]}]
    (said,) = impossible_release(ReleasePolicy(steps=steps), leads_a_day=2000, conversion=0.05)
    assert said.startswith("step kpi waits for conversions")
    assert "weeks would do" in said


def test_the_numbers_behind_a_refusal_shrink_with_volume_and_share():
    policy, step = ReleasePolicy(preset="ab"), ReleasePolicy(preset="ab").steps[0]
    slow, fast = (kpi_days(step, policy, leads_a_day=leads, conversion=0.05) for leads in (1000, 2000))
    assert slow == pytest.approx(2 * fast)
    assert 60 < slow < 100
    assert proof_leads(policy, weight=0.1) == policy.minimum_requests
