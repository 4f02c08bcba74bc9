"""Building an evaluation from arrays: what it decides, what it holds, and that it survives JSON."""

import json
from datetime import date

import numpy as np
import pytest

from leadscore_assets.domain.comparison import compare
from leadscore_assets.domain.digests import canonical_json
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.evaluation import Answers, Evaluation, JudgedRows, Subject, build_evaluation
from leadscore_assets.domain.metrics import evaluate
from leadscore_assets.domain.policy import PromotionPolicy

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


def judge(rows, candidate, champion, **subject):
    terms = {"week": date(2026, 3, 2), "candidate_digest": "a" * 64, "outcome_name": "converted"}
    return build_evaluation(
        subject=Subject(**(terms | subject)),
        rows=rows,
        candidate=candidate,
        champion=champion,
        policy=POLICY,
        importance={"visits": 3.0},
    )


def test_a_better_candidate_is_promoted_on_the_comparison_of_the_same_rows():
    rows, good, poor = draw_rows()
    found = judge(rows, good, poor, **CHAMPION)
    assert found.verdict.decision == "promote"
    assert found.comparison == compare(good.score, poor.score, rows.label, confidence=0.95)
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


@pytest.mark.parametrize("n", [1, 5, 12, 29])
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
