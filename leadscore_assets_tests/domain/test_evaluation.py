"""Building an evaluation from arrays: what it decides, what it holds, and that it survives JSON."""

import json
from datetime import date

import numpy as np
import pytest

from leadscore_assets.domain.comparison import compare
from leadscore_assets.domain.digests import canonical_json
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.evaluation import (
    Answers,
    Background,
    Evaluation,
    JudgedRows,
    Subject,
    build_evaluation,
    history_of,
)
from leadscore_assets.domain.metrics import evaluate
from leadscore_assets.domain.posterior import PastGain
from leadscore_assets.domain.promotion_policy import PromotionPolicy

POLICY = PromotionPolicy()
CHAMPION = {"champion_digest": "c" * 64, "champion_version": 3}


def draw_rows(n=1500, seed=1):
    draw = np.random.default_rng(seed)
    quality = draw.normal(size=n)
    label = np.digitize(quality + draw.normal(size=n), [-2, -0.7, 0.7, 2]) + 1
    rows = JudgedRows(
        label=label, day=np.datetime64("2026-03-06") + np.arange(n) % 2, outcome=draw.random(n) < label / 9
    )
    good, poor = 3 + 0.5 * quality, 3 + 0.5 * (quality + 1.5 * draw.normal(size=n))
    return rows, Answers(good, label / 9), Answers(poor, np.full(n, 0.3))


def judge(rows, candidate, champion, *, policy=POLICY, background=None, **subject):
    terms = {"week": date(2026, 3, 2), "candidate_digest": "a" * 64, "outcome_name": "converted"}
    return build_evaluation(
        subject=Subject(**(terms | subject)),
        rows=rows,
        candidate=candidate,
        champion=champion,
        policy=policy,
        importance={"visits": 3.0},
        background=background,
    )


def test_a_better_candidate_is_promoted_on_the_comparison_of_the_same_rows():
    rows, good, poor = draw_rows()
    found = judge(rows, good, poor, **CHAMPION)
    assert found.verdict.decision == "promote"
    assert found.comparison == compare(good.score, poor.score, rows.label, confidence=0.90)
    assert found.candidate_metrics == evaluate(
        good.score, rows.label, outcome=rows.outcome, probability=good.probability, threshold=3.5
    )
    assert found.champion_metrics["spearman"] == found.comparison.champion
    assert found.days == (date(2026, 3, 6), date(2026, 3, 7))
    assert (found.rows, found.outcome) == (1500, "converted")
    assert found.interval[0] < found.candidate_metrics["spearman"] < found.interval[1]


def test_a_worse_candidate_is_not_promoted():
    rows, good, poor = draw_rows()
    assert judge(rows, poor, good, **CHAMPION).verdict.decision == "keep"


def test_a_first_model_is_judged_alone():
    rows, good, _ = draw_rows()
    found = judge(rows, good, None)
    assert found.verdict.rule == "first_model"
    assert found.comparison is None
    assert found.champion_metrics == {}


def test_a_champion_that_saw_the_rows_is_described_and_not_compared():
    rows, good, poor = draw_rows()
    found = judge(rows, good, poor, comparable=False, **CHAMPION)
    assert found.verdict.rule == "not_comparable"
    assert found.comparison is None
    assert found.champion_metrics["spearman"] > 0


def test_a_champion_without_answers_or_with_constant_ones_gives_no_verdict_yet():
    rows, good, poor = draw_rows()
    constant = Answers(np.full(1500, 3.0))
    assert judge(rows, good, None, **CHAMPION).verdict.rule == "not_compared"
    assert judge(rows, good, constant, **CHAMPION).verdict.rule == "not_compared"
    assert judge(rows, constant, poor, **CHAMPION).verdict.rule == "not_measurable"


@pytest.mark.parametrize("n", [1, 5, 12, 49])
def test_a_handful_of_rows_gives_an_evaluation_without_a_verdict(n):
    found = judge(*draw_rows(n), **CHAMPION)
    assert found.verdict.rule == "too_few_rows"
    assert Evaluation.from_json(found.to_json()) == found


def test_no_rows_at_all_are_refused():
    with pytest.raises(InvalidInput, match="at least one row"):
        judge(JudgedRows(label=[], day=[]), Answers([]), None)


def test_an_evaluation_comes_back_from_json_and_keeps_its_digest():
    rows, good, poor = draw_rows()
    found = judge(rows, good, poor, judged=2, trained_first=date(2026, 2, 2), trained_last=date(2026, 3, 5), **CHAMPION)
    back = Evaluation.from_json(json.loads(canonical_json(found.to_json())))
    assert back == found
    assert back.digest == found.digest
    assert judge(rows, poor, good, **CHAMPION).digest != found.digest


def test_without_an_outcome_the_label_says_what_is_positive():
    rows, good, _ = draw_rows()
    found = judge(JudgedRows(label=rows.label, day=rows.day), Answers(good.score), None, outcome_name=None)
    assert found.outcome == "lead_score >= 3.5"
    assert found.curves["calibration"]["candidate"]["of"] == "score"


def test_an_evaluation_does_not_grow_with_its_rows():
    few, many = (len(canonical_json(judge(*draw_rows(n), **CHAMPION).to_json())) for n in (500, 20_000))
    assert many < few * 1.1


def test_history_and_latency_reach_the_verdict_and_the_record():
    rows, good, poor = draw_rows()
    past = [PastGain(date(2026, 2, 2), "spearman", 0.01, 0.01, 0.02, 0.01)]
    found = judge(rows, good, poor, background=Background(past, past[0], 12.5), champion_days=9, **CHAMPION)
    assert (found.posterior.weeks, found.posterior.repeats) == (1, 1)
    assert found.repeated == past[0]
    assert found.candidate_metrics["latency_p99_ms"] == 12.5
    assert [item.name for item in found.guardrails] == ["mae", "brier", "latency_p99_ms"]
    assert Evaluation.from_json(json.loads(canonical_json(found.to_json()))) == found
    slow = judge(rows, good, poor, background=Background(latency_p99_ms=900.0), **CHAMPION)
    assert slow.verdict.decision == "keep"
    assert "Guardrail latency p99 ms is broken: 900" in slow.verdict.sentence


def test_segments_are_judged_and_written():
    rows, good, poor = draw_rows()
    region = np.where(np.arange(1500) % 3, "emea", "apac").astype(object)
    found = judge(JudgedRows(rows.label, rows.day, rows.outcome, {"region": region}), good, poor, **CHAMPION)
    assert {(item.name, item.n, item.state) for item in found.segments} == {
        ("region = apac", 500, "holds"),
        ("region = emea", 1000, "holds"),
    }
    assert Evaluation.from_json(found.to_json()) == found


@pytest.mark.parametrize("metric", ["auc", "mae", "brier"])
def test_another_primary_metric_decides(metric):
    rows, good, poor = draw_rows()
    found = judge(rows, good, poor, policy=PromotionPolicy(metric=metric), **CHAMPION)
    assert (found.comparison.metric, found.verdict.decision) == (metric, "promote")
    assert found.past_gain.gain > 0
    assert judge(rows, poor, good, policy=PromotionPolicy(metric=metric), **CHAMPION).verdict.decision == "keep"


def test_history_is_each_compared_week_with_what_became_of_it():
    rows, good, poor = draw_rows()
    weeks = [date(2026, 2, 2), date(2026, 2, 9), date(2026, 2, 16)]
    first = judge(rows, good, poor, week=weeks[0], **CHAMPION)
    again = PastGain(weeks[0], "spearman", first.past_gain.gain, 0.01, 0.05, 0.02)
    alone = judge(rows, good, None, week=weeks[1], background=Background(repeated=again))
    third = judge(rows, good, poor, week=weeks[2], **CHAMPION)
    found = history_of([first, alone, third])
    assert [item.week for item in found] == [weeks[0], weeks[2]]
    assert found[0] == again
    now = PastGain(weeks[2], "spearman", third.past_gain.gain, 0.01, 0.03, 0.02)
    assert history_of([first, alone, third], repeated=now)[1] == now


def test_the_same_inputs_give_the_same_evaluation_bit_for_bit():
    one, other = (judge(*draw_rows(), **CHAMPION) for _ in range(2))
    assert one.digest == other.digest


def test_a_few_dozen_rows_never_give_a_verdict_on_noise():
    decisions = []
    for seed in range(120):
        draw = np.random.default_rng(seed)
        quality = draw.normal(size=60)
        label = np.digitize(quality + draw.normal(size=60), [-2, -0.7, 0.7, 2]) + 1
        rows = JudgedRows(label=label, day=np.full(60, np.datetime64("2026-03-06")), outcome=label > 3)
        scores = 3 + 0.5 * (quality + draw.normal(size=(2, 60)))
        decisions.append(judge(rows, *map(Answers, scores), **CHAMPION).verdict.decision)
    assert decisions.count("not_yet") / 120 > 0.75
    assert decisions.count("promote") / 120 < 0.08
