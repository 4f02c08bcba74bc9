"""Each rule with the sentences it writes, and what no rule may ever do."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.comparison import Comparison, z_score
from leadscore_assets.domain.guardrails import Guardrail
from leadscore_assets.domain.posterior import posterior
from leadscore_assets.domain.promotion import Evidence, Verdict, decide, known_facts, reaches_floor
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.domain.segments import Segment

POLICY = PromotionPolicy()
MAE = Guardrail("mae", "mae", "holds", 0.70, 0.71, 0.035, gain=0.01, low=0.004, high=0.016)
BROKEN = dataclasses.replace(MAE, state="broken", gain=-0.05, low=-0.056, high=-0.044)
UNCLEAR = dataclasses.replace(MAE, state="unclear", gain=-0.01, low=-0.08, high=0.06)
BEYOND = dataclasses.replace(MAE, state="unclear", gain=-0.05, low=-0.12, high=0.02)


def compared(gain: float, *, error: float = 0.004, n: int = 2345, champion: float = 0.55) -> Comparison:
    reach = z_score(POLICY.confidence) * error
    return Comparison(
        "spearman", n, champion + gain, champion, gain, error, gain - reach, gain + reach, POLICY.confidence
    )


def evidence(gain: float = 0.0123, *, error: float = 0.004, history=(), policy=POLICY, **change) -> Evidence:
    comparison = compared(gain, error=error)
    facts = {
        "rows": 2345,
        "metrics": {"spearman": comparison.candidate, "auc": 0.66, "f1": 0.32, "recall": 0.41, "rmse": 0.9},
        "champion_metrics": {"spearman": comparison.champion, "auc": 0.65, "f1": 0.30, "recall": 0.40, "rmse": 0.91},
        "interval": (comparison.candidate - 0.02, comparison.candidate + 0.02),
        "comparison": comparison,
        "posterior": posterior(comparison, history, policy),
        "guardrails": (MAE,),
        "champion_days": 9,
    }
    return Evidence(**(facts | change))


ALONE = {"champion_exists": False, "comparison": None, "posterior": None, "champion_metrics": {}}


@pytest.mark.parametrize(
    ("found", "decision", "rule", "said"),
    [
        (evidence(rows=49), "not_yet", "too_few_rows", "at least 50 matured test rows"),
        (evidence(metrics={}), "not_yet", "not_measurable", "all scores or all labels are the same"),
        (evidence(interval=()), "not_yet", "not_measurable", "tells them apart"),
        (
            evidence(metrics={"spearman": 0.01}, interval=(-0.01, 0.03)),
            "keep",
            "below_floor",
            "0.0100 on 2,345 test rows (90 % interval -0.0100 to 0.0300) lies below the floor of 0.05",
        ),
        (evidence(**ALONE), "promote", "first_model", "reaches the floor of 0.05"),
        (
            evidence(**ALONE, metrics={"spearman": 0.15}, interval=(-0.05, 0.35), rows=60),
            "not_yet",
            "floor_not_shown",
            "about 250 test rows would show a model this good",
        ),
        (evidence(comparable=False), "keep", "not_comparable", "training saw these days"),
        (
            evidence(comparison=None, posterior=None),
            "not_yet",
            "not_compared",
            "could not be ranked on these 2,345 test rows",
        ),
        (evidence(), "promote", "better", "a measured gain of +0.0123 (90 % interval +0.0057 to +0.0189)"),
        (evidence(0.001), "keep", "not_better", "test rows would show a gain of this size in four weeks of five"),
        (evidence(-0.02), "keep", "not_better", "The candidate is worse than the champion with a chance of over 99 %"),
        (evidence(0.0, error=0.0), "keep", "not_better", "answer alike"),
        (evidence(0.01, error=0.04), "not_yet", "interval_too_wide", "An interval around zero may be 0.1 wide"),
        (evidence(0.2, error=0.04), "promote", "better", "every guardrail holds"),
        (evidence(-0.2, error=0.04), "keep", "not_better", "worse than the champion"),
        (evidence(guardrails=(BROKEN,)), "keep", "not_better", "Guardrail MAE is broken: change -0.0500"),
        (evidence(guardrails=(UNCLEAR,)), "promote", "better", "Guardrail MAE cannot tell"),
        (evidence(guardrails=(BEYOND,)), "not_yet", "not_decidable", "Guardrail MAE cannot tell"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_each_rule_decides_and_says_why(found, decision, rule, said):
    verdict = decide(found, POLICY)
    assert (verdict.decision, verdict.rule) == (decision, rule)
    assert said in verdict.sentence
    assert all(reason.endswith(".") for reason in verdict.reasons)


def test_every_verdict_on_a_comparison_names_its_rows_its_intervals_and_what_would_change_it():
    for gain in (-0.03, 0.0, 0.003, 0.012, 0.05):
        verdict = decide(evidence(gain), POLICY)
        assert "2,345 test rows" in verdict.sentence
        assert verdict.sentence.count(" to ") >= 2
        assert (
            "would not hold with" if verdict.decision == "promote" else "would have been needed"
        ) in verdict.sentence


def test_the_gain_that_would_have_been_needed_is_just_enough():
    verdict = decide(evidence(-0.004), POLICY)
    needed = float(verdict.sentence.split("a measured gain above ")[1].split()[0])
    assert decide(evidence(needed + 0.0002), POLICY).decision == "promote"
    assert decide(evidence(needed - 0.0002), POLICY).decision == "keep"


def test_a_segment_that_is_shown_to_be_worse_forbids_and_one_that_cannot_tell_does_not():
    worse = Segment("region", "emea", 800, 0.40, 0.52, -0.12, -0.16, -0.08, 0.05, "broken")
    assert decide(evidence(segments=(worse,)), POLICY).decision == "keep"
    assert "region = emea (800 rows)" in decide(evidence(segments=(worse,)), POLICY).sentence
    unclear = dataclasses.replace(worse, gain=-0.03, low=-0.2, high=0.14, state="unclear")
    assert decide(evidence(segments=(unclear,)), POLICY).decision == "promote"


def test_a_switching_cost_must_be_exceeded_by_the_shrunken_gain():
    found = evidence(0.0123)
    mean = found.posterior.mean
    assert decide(found, PromotionPolicy(switching_cost=mean - 1e-6)).decision == "promote"
    verdict = decide(found, PromotionPolicy(switching_cost=mean + 1e-6))
    assert verdict.decision == "keep"
    assert "(switching cost)" in verdict.sentence


def test_the_guard_forbids_a_gain_whose_lower_bound_reaches_below_it():
    found = evidence(0.0123)
    assert (
        decide(found, PromotionPolicy(guard=min(found.posterior.low - 1e-6, 0.0), guard_spreads=0)).decision
        == "promote"
    )
    low = evidence(0.006)
    assert low.posterior.low < -0.001
    assert decide(low, PromotionPolicy(guard=-0.001, guard_spreads=0)).decision == "keep"


def test_what_is_clearly_worse_hangs_on_how_much_retrainings_differ_at_the_site():
    found = evidence(0.03, error=0.02)
    wild = dataclasses.replace(found.posterior, mean=0.02, low=-0.02, prior_sd=0.05)
    calm = dataclasses.replace(wild, prior_sd=0.01)
    assert decide(dataclasses.replace(found, posterior=wild), POLICY).decision == "promote"
    verdict = decide(dataclasses.replace(found, posterior=calm), POLICY)
    assert verdict.decision == "keep"
    assert "shrunken lower bound > -0.0075 (guard)" in verdict.sentence


def test_rows_that_could_not_have_shown_a_gain_do_not_hold_a_gain_back_that_they_show():
    assert decide(evidence(0.2, error=0.04), POLICY).decision == "promote"
    assert decide(evidence(0.02, error=0.04), POLICY).rule == "interval_too_wide"


def test_a_wide_interval_hides_neither_a_broken_guardrail_nor_a_rung_that_keeps():
    verdict = decide(evidence(0.02, error=0.04, guardrails=(BROKEN,)), POLICY)
    assert (verdict.decision, verdict.rule) == ("keep", "not_better")
    assert "Guardrail MAE is broken" in verdict.sentence
    keeping = PromotionPolicy.model_validate(
        {"rungs": [{"name": "hold", "decision": "keep", "when": [{"of": "gain", "above": -1.0}]}]}
    )
    assert decide(evidence(0.02, error=0.04), keeping).rule == "hold"


@pytest.mark.parametrize(
    ("preset", "change", "decision", "rule"),
    [
        ("any_gain", {"gain": 0.0001}, "promote", "any_gain"),
        ("any_gain", {"gain": 0.0}, "keep", "not_better"),
        ("auc_2_or_kpi_5", {"metrics": {"spearman": 0.5, "auc": 0.66301}}, "promote", "auc_gain"),
        (
            "auc_2_or_kpi_5",
            {"metrics": {"spearman": 0.5, "auc": 0.6629, "precision_top_decile": 0.211}},
            "promote",
            "kpi_gain",
        ),
        (
            "auc_2_or_kpi_5",
            {"metrics": {"spearman": 0.5, "auc": 0.6629, "precision_top_decile": 0.209}},
            "keep",
            "not_better",
        ),
        ("auc_2_or_kpi_5", {"metrics": {"spearman": 0.5, "auc": 0.6629}}, "not_yet", "not_decidable"),
        ("automatic_5", {"gain": 0.0276}, "promote", "large_gain"),
        ("automatic_5", {"gain": 0.0274}, "manual", "some_gain"),
        ("automatic_5", {"gain": -0.001}, "keep", "not_better"),
        ("significant_002", {"gain": 0.0201}, "promote", "significant_gain"),
        ("significant_002", {"gain": 0.0199}, "keep", "not_better"),
        ("significant_002", {"gain": 0.0201, "error": 0.02}, "keep", "not_better"),
        ("significant_2_percent", {"gain": 0.0111}, "promote", "significant_gain"),
        ("significant_2_percent", {"gain": 0.0109}, "keep", "not_better"),
        (
            "several_metrics",
            {"metrics": {"spearman": 0.5, "auc": 0.671, "f1": 0.311, "recall": 0.401}},
            "promote",
            "several_gains",
        ),
        (
            "several_metrics",
            {"metrics": {"spearman": 0.5, "auc": 0.671, "f1": 0.311, "recall": 0.400}},
            "keep",
            "not_better",
        ),
        (
            "several_metrics",
            {"metrics": {"spearman": 0.5, "auc": 0.669, "f1": 0.311, "recall": 0.401}},
            "keep",
            "not_better",
        ),
        (
            "several_metrics",
            {"metrics": {"spearman": 0.5, "auc": 0.671, "f1": 0.309, "recall": 0.401}},
            "keep",
            "not_better",
        ),
        ("rmse_below_010", {"metrics": {"spearman": 0.5, "rmse": 0.099}}, "promote", "small_error"),
        ("rmse_below_010", {"metrics": {"spearman": 0.9, "rmse": 0.10}}, "keep", "not_better"),
        ("ladder", {"gain": 0.0276}, "promote", "large_gain"),
        ("ladder", {"gain": 0.0274}, "manual", "middle_gain"),
        ("ladder", {"gain": 0.0111}, "manual", "middle_gain"),
        ("ladder", {"gain": 0.0109}, "keep", "not_better"),
        ("ladder", {"gain": 0.0109, "champion_days": 31}, "promote", "refresh"),
        ("ladder", {"gain": 0.0109, "champion_days": 30}, "keep", "not_better"),
        ("ladder", {"gain": 0.001, "champion_days": 31}, "keep", "not_better"),
        ("ladder", {"gain": -0.001, "champion_days": 31}, "keep", "not_better"),
        ("lower_bound_above_0", {"gain": 0.012}, "promote", "significant_gain"),
        ("lower_bound_above_0", {"gain": 0.008}, "keep", "not_better"),
    ],
)
def test_each_preset_decides_by_its_own_numbers(preset, change, decision, rule):
    kpi = {"champion_metrics": {"spearman": 0.55, "auc": 0.65, "f1": 0.30, "recall": 0.40, "precision_top_decile": 0.2}}
    found = evidence(**(kpi | change)) if "metrics" in change else evidence(**change)
    verdict = decide(found, PromotionPolicy(preset=preset))
    assert (verdict.decision, verdict.rule) == (decision, rule)


def test_a_rule_of_thumb_asks_no_guardrail():
    assert decide(evidence(guardrails=(BROKEN,)), PromotionPolicy(preset="any_gain")).decision == "promote"


def test_gains_of_errors_count_better_as_positive():
    facts = known_facts(evidence())
    assert facts["gain rmse"] == pytest.approx(0.01)
    assert facts["relative_gain rmse"] == pytest.approx(0.01 / 0.91)
    assert facts["gain auc"] == pytest.approx(0.01)


def test_the_floor_is_reached_by_standing_on_it():
    assert reaches_floor({"spearman": 0.05}, POLICY)
    assert not reaches_floor({"spearman": 0.0499}, POLICY)
    assert not reaches_floor({"mae": 0.1}, PromotionPolicy(spearman_floor=-1))


@given(st.floats(-0.5, 0.5), st.floats(0.0005, 0.1), st.booleans(), st.integers(0, 100))
def test_a_champion_is_only_replaced_by_a_comparable_measured_gain(gain, error, comparable, rows):
    verdict = decide(evidence(gain, error=error, comparable=comparable, rows=rows), POLICY)
    if verdict.decision == "promote":
        assert comparable
        assert rows >= 50
        assert gain > 0


@given(st.floats(-0.05, 0.05), st.floats(0.001, 0.05), st.floats(0.0, 0.03))
def test_a_larger_measured_gain_never_turns_a_promotion_into_anything_else(gain, error, more):
    if decide(evidence(gain, error=error), POLICY).decision == "promote":
        assert decide(evidence(gain + more, error=error), POLICY).decision == "promote"


def test_a_verdict_repeats_bit_for_bit_and_comes_back_from_json():
    verdict = decide(evidence(), POLICY)
    assert decide(evidence(), POLICY) == verdict
    assert Verdict.from_json(verdict.to_json()) == verdict
