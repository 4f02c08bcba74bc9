"""Each rule of the ladder with the sentence it writes, and what no rule may ever do."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.comparison import Comparison
from leadscore_assets.domain.policy import PromotionPolicy
from leadscore_assets.domain.promotion import Verdict, decide, reaches_floor

POLICY = PromotionPolicy()
GAIN = Comparison(
    metric="spearman",
    n=2345,
    candidate=0.5623,
    champion=0.55,
    difference=0.0123,
    standard_error=0.004,
    low=0.0045,
    high=0.0201,
    confidence=0.95,
)
UNCLEAR = dataclasses.replace(GAIN, candidate=0.554, difference=0.004, low=-0.0038, high=0.0118)
WORSE = dataclasses.replace(GAIN, candidate=0.53, difference=-0.02, low=-0.0278, high=-0.0122)
SAME = dataclasses.replace(GAIN, candidate=0.55, difference=0.0, standard_error=0.0, low=0.0, high=0.0)


def judge(**change):
    given_facts = {
        "comparison": GAIN,
        "metrics": {"spearman": 0.5623},
        "champion_exists": True,
        "comparable": True,
        "rows": 2345,
        "policy": POLICY,
    }
    return decide(**(given_facts | change))


@pytest.mark.parametrize(
    ("change", "decision", "rule", "said"),
    [
        ({"rows": 29}, "not_yet", "too_few_rows", "at least 30 matured test rows"),
        ({"metrics": {}}, "not_yet", "not_measurable", "all scores or all labels are the same"),
        (
            {"metrics": {"spearman": 0.01}},
            "keep",
            "below_floor",
            "0.0100 on 2,345 test rows lies below the floor of 0.05",
        ),
        ({"champion_exists": False, "comparison": None}, "promote", "first_model", "reaches the floor of 0.05"),
        ({"comparable": False}, "keep", "not_comparable", "training saw these days"),
        ({"comparison": None}, "not_yet", "not_compared", "could not be ranked on these 2,345 test rows"),
        ({}, "promote", "significant_gain", "+0.0123 (95 % interval +0.0045 to +0.0201)"),
        ({"comparison": UNCLEAR}, "keep", "no_significant_gain", "would need about 19,000 test rows"),
        ({"comparison": WORSE}, "keep", "no_significant_gain", "ranks leads worse than the champion"),
        ({"comparison": SAME}, "keep", "no_significant_gain", "rank these 2,345 test rows identically"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_each_rule_decides_and_says_why(change, decision, rule, said):
    verdict = judge(**change)
    assert (verdict.decision, verdict.rule) == (decision, rule)
    assert said in verdict.sentence
    assert all(reason.endswith(".") for reason in verdict.reasons)


def test_without_a_champion_a_model_below_the_floor_is_not_promoted():
    verdict = judge(champion_exists=False, comparison=None, metrics={"spearman": 0.0})
    assert verdict.decision == "keep"
    assert "No model goes into production." in verdict.reasons[1]


def test_a_minimum_gain_must_be_exceeded_by_the_whole_interval():
    assert judge(policy=PromotionPolicy(minimum_gain=0.004)).decision == "promote"
    verdict = judge(policy=PromotionPolicy(minimum_gain=0.0045))
    assert verdict.decision == "keep"
    assert "the minimum gain of 0.0045" in verdict.sentence


def test_a_difference_that_is_no_gain_names_the_gain_that_would_have_been_needed():
    level = dataclasses.replace(GAIN, candidate=0.549, difference=-0.001, low=-0.0088, high=0.0068)
    assert "a measured gain above +0.0078 would have been needed" in judge(comparison=level).sentence


def test_the_floor_is_reached_by_standing_on_it():
    assert reaches_floor({"spearman": 0.05}, POLICY)
    assert not reaches_floor({"spearman": 0.0499}, POLICY)
    assert not reaches_floor({"mae": 0.1}, PromotionPolicy(spearman_floor=-1))


@given(
    st.builds(
        lambda low: dataclasses.replace(GAIN, low=low, high=low + 0.0156, difference=low + 0.0078), st.floats(-1, 1)
    ),
    st.booleans(),
    st.integers(0, 100),
)
def test_an_existing_champion_is_only_replaced_by_a_comparable_significant_gain(comparison, comparable, rows):
    verdict = judge(comparison=comparison, comparable=comparable, rows=rows)
    if verdict.decision == "promote":
        assert comparable
        assert rows >= 30
        assert comparison.low > 0


def test_a_verdict_comes_back_from_json():
    verdict = judge()
    assert Verdict.from_json(verdict.to_json()) == verdict
