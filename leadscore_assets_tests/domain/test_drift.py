"""The drift verdict: quiet on quiet weeks, loud and by name on others, honest about what it cannot tell."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from leadscore_assets.domain.column import Column
from leadscore_assets.domain.drift import DriftReport, judge_drift, may_retrain
from leadscore_assets.domain.drift_policy import DriftPolicy
from leadscore_assets.domain.profiles import profile_of
from leadscore_assets.domain.score_monitor import ScoreDrift
from leadscore_assets.domain.separation import separation
from leadscore_assets_tests.domain.drift_questions import WEEK, changed, judged, lost, question
from leadscore_assets_tests.domain.profile_data import LEVELS, fixed, made


def test_a_quiet_week_is_quiet_and_says_what_would_have_been_found():
    report = judged(made(3000, seed=70))
    assert report.verdict.decision == "quiet"
    assert (
        "None of 5 features drifted, on 3,000 leads against 12,000 of the 4 weeks before it." in report.verdict.sentence
    )
    assert "would have alarmed" in report.verdict.reasons[-1]
    assert "13 more weeks" in report.verdict.reasons[-1] or "9 more weeks" in report.verdict.reasons[-1]


PLANTS = {
    "half a deviation": ("bell", lambda values: values + 0.5, "KS distance"),
    "another unit": ("skewed", lambda values: values * 1000, "1,000 times as large"),
    "lost values": ("skewed", lost, "missing"),
    "other levels": ("colour", lambda values: np.where(values == 0, 2.0, values), "total variation"),
    "a flag turned": ("flag", lambda values: 1 - values, "KS distance"),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_planted_alarms_and_is_the_feature_named_first(plant):
    name, change, said = PLANTS[plant]
    report = judged(changed(name, change))
    first = report.features[0]
    assert report.verdict.decision == "alarm"
    assert (first.name, first.severity) == (name, "alarm")
    assert said in " ".join(first.findings)
    assert name in report.verdict.sentence
    assert {item.name for item in report.named("alarm")} == {name}
    assert sum(first.picture["now"]) == pytest.approx(1, abs=0.06)


def test_a_new_level_is_to_watch_and_named():
    columns = made(3000, seed=71)
    codes = np.where(np.random.default_rng(1).random(3000) < 0.03, 3.0, columns["colour"].values)
    report = judged(columns | {"colour": Column(codes, (*LEVELS, "violet"))})
    assert report.verdict.decision == "watch"
    assert report.features[0].strange == {"violet": pytest.approx(0.03, abs=0.01)}
    assert "violet" in report.verdict.sentence


@pytest.mark.parametrize(("rows", "short"), [(0, 200), (68, 132), (199, 1)])
def test_too_few_leads_are_no_verdict_and_it_says_how_many_are_missing(rows, short):
    report = judged(made(rows, seed=3))
    assert report.verdict.decision == "not_yet"
    assert f"so {short} more" in report.verdict.reasons[1]
    assert report.features == ()


def test_without_a_reference_there_is_no_verdict():
    alone = replace(question(made(3000, seed=1)), reference=None, reference_weeks=())
    report = judge_drift(alone, DriftPolicy())
    assert report.verdict.decision == "not_yet"
    assert "no earlier week has a profile" in report.verdict.sentence


def test_a_feature_without_any_value_on_a_side_is_a_change_of_missing_values():
    report = judged(changed("bell", lambda values: np.full(values.size, np.nan)))
    assert report.features[0].name == "bell"
    assert "100.0% missing" in report.features[0].findings[0]


def test_the_past_is_asked_once_there_is_enough_of_it():
    without, beside = (judged(made(3000, seed=70), history=history) for history in (11, 30))
    assert all(item.usual is None for item in without.features)
    assert all(item.usual is not None and item.usual.weeks == 26 for item in beside.features)
    assert beside.verdict.decision == "quiet"


def test_a_small_shift_that_no_bound_sees_is_seen_beside_the_past():
    small = changed("bell", lambda values: values + 0.14)
    assert judged(small).verdict.decision != "alarm"
    report = judged(small, history=30)
    assert report.verdict.decision == "alarm"
    assert "unusual beside 26 past weeks" in report.features[0].findings[0]


def test_a_feature_that_no_week_leaves_alone_is_judged_by_its_past_only():
    wild = [profile_of(changed("bell", lambda v, k=k: v + k % 2, seed=k), fixed()) for k in range(20)]
    usual = changed("bell", lambda values: values + 1, seed=99)
    report = judged(usual, past=wild, reach=1, reference=wild[-2])
    assert report.features[0].name == "bell"
    assert report.verdict.decision == "quiet"
    assert "of past weeks were beyond their bound too" in report.features[0].findings[0]
    far = changed("bell", lambda values: values + 40, seed=99)
    assert judged(far, past=wild, reach=1, reference=wild[-2]).verdict.decision == "alarm"


def test_the_classifier_alone_can_alarm_and_names_what_it_looks_at():
    past = [0.5 + 0.003 * (place % 5) for place in range(20)]
    loud = separation(0.70, past, size=2000, features=["bell", "zeros"], policy=DriftPolicy())
    report = judged(made(3000, seed=70), separation=loud)
    assert report.verdict.decision == "alarm"
    assert "hang together differently" in report.verdict.sentence
    assert "bell, zeros" in report.verdict.reasons[1]
    calm = separation(0.512, past, size=2000, features=["bell"], policy=DriftPolicy())
    assert judged(made(3000, seed=70), separation=calm).verdict.decision == "quiet"


def test_an_unusual_auc_that_chance_alone_reaches_is_no_alarm():
    past = [0.5 + 0.0001 * (place % 5) for place in range(20)]
    found = separation(0.51, past, size=2000, features=[], policy=DriftPolicy())
    assert found.usual.p < 0.001
    assert not found.alarm


def test_the_score_alone_can_alarm():
    scores = ScoreDrift("alarm", "Scores no longer spread as they did.", 5000, 3.0)
    report = judged(made(3000, seed=70), scores=scores)
    assert report.verdict.decision == "alarm"
    assert scores.sentence in report.verdict.reasons


def test_importance_weighs_what_drifted():
    heavy = judged(
        changed("bell", lambda values: values + 1), importance={"bell": 3.0, "zeros": 1.0, "created_hour": 9}
    )
    assert heavy.weight == pytest.approx(0.75)
    assert "75% of the model's gain" in heavy.verdict.sentence


@pytest.mark.parametrize(
    ("rule", "plant", "decision"),
    [
        ({"preset": "psi"}, 0.6, "alarm"),
        ({"preset": "psi"}, 0.2, "quiet"),
        ({"preset": "ks_fdr_5"}, 0.2, "alarm"),
        ({"preset": "evidently"}, 0.52, "watch"),
        ({"preset": "evidently_any"}, 0.52, "alarm"),
    ],
)
def test_each_rule_of_thumb_decides_by_its_own_number(rule, plant, decision):
    policy = DriftPolicy.model_validate(rule)
    report = judged(changed("bell", lambda values: values + plant), policy=policy)
    assert report.verdict.decision == decision
    assert policy.rule in report.verdict.reasons[-1]


def test_a_report_comes_back_from_json_and_repeats_bit_for_bit():
    report = judged(changed("skewed", lambda values: values * 10), history=20)
    assert DriftReport.from_json(report.to_json()) == report
    assert judged(changed("skewed", lambda values: values * 10), history=20).digest == report.digest


def test_an_alarm_may_retrain_unless_drift_did_so_lately():
    alarm = judged(changed("bell", lambda values: values + 1))
    assert may_retrain(alarm, last=None, cooldown_days=14)[0]
    assert may_retrain(alarm, last=date(2026, 2, 23), cooldown_days=14)[0]
    may, reason = may_retrain(alarm, last=date(2026, 3, 1), cooldown_days=14)
    assert not may
    assert "not before 2026-03-15" in reason
    assert not may_retrain(judged(made(3000, seed=70)), last=None, cooldown_days=0)[0]
    assert alarm.week == WEEK


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"minimum_history": 30}, "raise history_weeks"),
        ({"psi_warn": 0.5}, "a warning comes before"),
        ({"rule": "psi_or_ks"}, "larger_than_usual"),
    ],
)
def test_impossible_terms_are_refused_with_the_reason(keys, said):
    with pytest.raises(ValueError, match=said):
        DriftPolicy.model_validate(keys)
