"""What a policy asks for in vain: hidden rungs, KPI gates without power, and weeks that can never decide."""

import numpy as np
import pytest

from leadscore_assets.domain.feasibility import Volume, impossible
from leadscore_assets.domain.policy import policy_from
from leadscore_assets.domain.power import SHARED, kpi_power, kpi_rows_needed


def rung(name, *when, decision="promote"):
    return {"name": name, "decision": decision, "when": list(when)}


def test_the_default_and_every_rule_of_thumb_without_a_kpi_are_possible():
    for name in ("default", "any_gain", "automatic_5", "several_metrics", "ladder", "significant_002"):
        assert impossible(policy_from({"preset": name}), Volume(3000, 0.15)) == []


def test_a_kpi_gate_without_power_is_refused_and_says_what_would_do():
    gated = policy_from({"preset": "auc_2_or_kpi_5"})
    (said,) = impossible(gated, Volume(3000, 0.15))
    assert "would show it in 14% of weeks, at least 50% are asked; about 26,000 would do" in said
    assert impossible(gated, Volume(26_000, 0.15)) == []
    assert impossible(gated, Volume(3000)) == []
    assert (
        impossible(policy_from({"preset": "auc_2_or_kpi_5", "promotion": {"minimum_power": 0}}), Volume(3000, 0.15))
        == []
    )


def test_a_rung_behind_a_looser_one_never_speaks():
    loose, strict = {"of": "relative_gain", "at_least": 0.02}, {"of": "relative_gain", "at_least": 0.05}
    wrong = policy_from({"promotion": {"rungs": [rung("some", loose, decision="manual"), rung("large", strict)]}})
    (said,) = impossible(wrong)
    assert said.startswith("rung large never speaks: some before it")
    right = policy_from({"promotion": {"rungs": [rung("large", strict), rung("some", loose, decision="manual")]}})
    assert impossible(right) == []


def test_a_rule_that_only_keeps_and_weeks_below_the_minimum_are_refused():
    keeps = policy_from({"promotion": {"rungs": [rung("never", {"of": "gain", "above": 0}, decision="keep")]}})
    assert "no rung promotes" in impossible(keeps)[0]
    assert "every verdict would be 'not yet'" in impossible(policy_from({}), Volume(40))[0]


def test_a_search_that_may_use_the_whole_training_is_refused():
    content = {"tuning": {"trials": 60, "minutes": 200}}
    (said,) = impossible(policy_from(content))
    assert "[tuning] minutes = 200 leaves no time for the rest of a training of at most 120 minutes" in said
    assert impossible(policy_from({"tuning": {"trials": 60, "minutes": 90}})) == []


def test_power_is_what_simulation_finds():
    draw, rows, rate, gain = np.random.default_rng(8), 40_000, 0.15, 0.05
    apart = int(rows * 0.1 * (1 - SHARED))
    old, new = (
        draw.binomial(apart, share, 20_000) for share in (rate, rate * (1 + gain / (1 - SHARED) * (1 - SHARED)))
    )
    error = np.sqrt(apart * (rate * (1 - rate) * 2))
    # The whole tenth's gain shows in the leads that are not shared.
    shift = rows * 0.1 * rate * gain - apart * rate * gain
    seen = np.mean((new - old + shift) / error > 1.645)
    assert kpi_power(rate=rate, relative_gain=gain, rows=rows) == pytest.approx(seen, abs=0.02)


def test_the_rows_that_are_said_to_do_give_the_power():
    needed = kpi_rows_needed(rate=0.15, relative_gain=0.05, power=0.5)
    assert kpi_power(rate=0.15, relative_gain=0.05, rows=needed) == pytest.approx(0.5, abs=0.01)
    assert kpi_rows_needed(rate=0.0, relative_gain=0.05, power=0.5) is None
    assert kpi_power(rate=0.0, relative_gain=0.05, rows=1000) == 0.0
