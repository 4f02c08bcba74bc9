"""Guardrails and segments: when they hold, when they are broken, and when the rows cannot tell."""

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.promotion_world import draw_pair
from leadscore_assets.domain.contract import Contract, Feature, default_contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.guardrails import Guardrail, all_hold, guardrails, state_of
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.domain.segments import segment_columns, segments

POLICY = PromotionPolicy()


def pair(n=3000, delta=0.0, seed=3):
    return draw_pair(np.random.default_rng(seed), n, delta)


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (-0.02, 0.01, "holds"),
        (-0.04, -0.01, "holds"),
        (-0.08, -0.01, "broken"),
        (-0.08, 0.03, "unclear"),
        (0.1, 0.2, "holds"),
    ],
)
def test_a_state_follows_from_interval_and_margin(low, high, state):
    assert state_of(low, high, 0.05) == state


def test_an_equal_model_keeps_every_guardrail():
    models = pair()
    found = guardrails(models.candidate, models.champion, latency_p99_ms=3.0, policy=POLICY)
    assert [item.name for item in found] == ["mae", "brier", "latency_p99_ms"]
    assert {item.state for item in found} == {"holds"}
    assert all_hold(found) == 1.0


def test_an_equal_model_is_hardly_ever_called_worse():
    draws = [pair(800, seed=seed) for seed in range(100)]
    found = [guardrails(item.candidate, item.champion, latency_p99_ms=None, policy=POLICY) for item in draws]
    assert np.mean([all_hold(item) == 0.0 for item in found]) <= 0.03
    assert np.mean([all_hold(item) == 1.0 for item in found]) > 0.95


def test_errors_and_chances_that_get_worse_are_found_although_the_order_stays():
    models = pair()
    shifted = replace(models.candidate, score=models.candidate.score + 0.4)
    overconfident = replace(models.candidate, probability=np.clip(models.candidate.probability * 2, 0, 1))
    for worse, name in ((shifted, "mae"), (overconfident, "brier")):
        found = guardrails(worse, models.champion, latency_p99_ms=None, policy=POLICY)
        assert {item.name: item.state for item in found}[name] == "broken"
        assert all_hold(found) == 0.0


def test_a_slow_model_breaks_its_limit():
    models = pair(200)
    found = guardrails(models.candidate, models.champion, latency_p99_ms=251.0, policy=POLICY)[-1]
    assert (found.state, found.limit, found.margin) == ("broken", True, 250.0)


def test_few_rows_cannot_tell_and_a_model_without_chances_has_no_brier():
    models = pair(40, seed=5)
    plain = replace(models.candidate, probability=None)
    narrow = PromotionPolicy(mae_margin=0.001)
    found = guardrails(plain, replace(models.champion, probability=None), latency_p99_ms=None, policy=narrow)
    assert [(item.name, item.state) for item in found] == [("mae", "unclear")]


def test_an_unclear_guardrail_forbids_only_what_was_measured_beyond_its_margin():
    within = Guardrail("mae", "mae", "unclear", 0.72, 0.70, 0.035, gain=-0.02, low=-0.08, high=0.04)
    assert all_hold((within,)) == 1.0
    assert math.isnan(all_hold((within, replace(within, gain=-0.04))))
    assert all_hold((within, replace(within, state="broken"))) == 0.0


def test_a_segment_that_pays_for_the_gain_is_named():
    models = pair(4000)
    region = np.where(np.arange(4000) % 4 == 0, "emea", "amer").astype(object)
    draw, there = np.random.default_rng(1), region == "emea"
    score = models.candidate.score.copy()
    score[there] = draw.permutation(score[there])
    found = segments(replace(models.candidate, score=score), models.champion, columns={"region": region}, policy=POLICY)
    assert {item.level: item.state for item in found} == {"amer": "holds", "emea": "broken"}
    assert next(item for item in found if item.level == "emea").n == 1000


def test_small_segments_and_missing_levels_are_not_judged():
    models = pair(500)
    size = np.array(["big"] * 390 + ["small"] * 80 + [None] * 30, dtype=object)
    found = segments(models.candidate, models.champion, columns={"size": size}, policy=POLICY)
    assert [(item.level, item.n, item.margin) for item in found] == [("big", 390, 0.05)]


def test_equal_models_break_some_of_twenty_segments_in_at_most_one_week_of_ten():
    weeks = [pair(4000, seed=seed) for seed in range(60)]
    levels = np.arange(4000).astype(str).astype(object)
    levels[:] = [f"{number % 20}" for number in range(4000)]
    broken = [
        any(
            item.state == "broken"
            for item in segments(week.candidate, week.champion, columns={"a": levels}, policy=POLICY)
        )
        for week in weeks
    ]
    assert np.mean(broken) <= 0.1


def test_segments_are_the_first_short_lists_of_the_contract_or_those_that_the_policy_names():
    assert segment_columns(default_contract(), POLICY) == ("region", "company_size", "job_level")
    own = PromotionPolicy(segments={"device": 0.02})
    assert segment_columns(default_contract(), own) == ("device",)
    with pytest.raises(InvalidInput, match="segments names no_column, and the contract's categorical features are"):
        segment_columns(default_contract(), PromotionPolicy(segments={"device": 0.02, "no_column": 0.1}))
    assert segment_columns(default_contract(), PromotionPolicy(segment_features=0)) == ()
    open_only = Contract(features=(Feature(name="a", kind="categorical", open_levels=True),))
    assert segment_columns(open_only, POLICY) == ()


def test_a_segment_has_its_own_margin():
    models = pair(400)
    level = np.full(400, "x", dtype=object)
    policy = PromotionPolicy(segments={"kind": 0.2})
    assert segments(models.candidate, models.champion, columns={"kind": level}, policy=policy)[0].margin == 0.2
