import json
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from leadscore_assets.domain import bundle
from leadscore_assets.domain.contract import default_contract
from leadscore_assets.domain.errors import InvalidInput, NotEnoughData
from leadscore_assets.domain.labelled import labelled
from leadscore_assets.domain.policy import policy_from
from leadscore_assets.domain.training import train_bundle
from leadscore_assets.domain.tuning import Champion, tune
from leadscore_assets_tests.leads import START, made_leads

CONTRACT = default_contract()
TRAINING = {"rounds": 20, "early_stopping_rounds": 3, "learning_rate": 0.3, "learners": ["xgboost"], "threads": 1}
TUNING = {"trials": 4, "minimum_fold_rows": 100}
POLICY = policy_from({"training": TRAINING, "tuning": TUNING})
TRAIN = pa.concat_tables([made_leads(150, seed=day, start=START + timedelta(days=day)) for day in range(4)])
VALIDATION = made_leads(200, seed=8, start=START + timedelta(days=4))


def trained(validation: pa.Table = VALIDATION, **given) -> dict[str, bytes]:
    return train_bundle(TRAIN, validation, contract=CONTRACT, policy=POLICY, lineage={}, **given)


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return trained()


@pytest.fixture(scope="module")
def record(files):
    return json.loads(files[bundle.METRICS])["tuning"]


def test_the_same_trials_give_a_byte_identical_bundle(files):
    assert trained() == files


def test_a_trial_is_judged_on_days_after_all_that_it_learnt_from_within_the_train_slice(record):
    assert [fold["validation"][0] for fold in record["folds"]] == ["2026-01-06", "2026-01-07", "2026-01-08"]
    for fold in record["folds"]:
        assert fold["train"][1] < fold["validation"][0]
        assert fold["validation"][1] <= "2026-01-08"


def test_no_trial_sees_the_validation_slice(record):
    turned = VALIDATION["lead_score"].to_numpy()[::-1]
    other = VALIDATION.set_column(VALIDATION.column_names.index("lead_score"), "lead_score", pa.array(turned))
    again = json.loads(trained(other)[bundle.METRICS])["tuning"]
    searched = ("scores", "parameters", "best_score", "folds")
    assert {name: again[name] for name in searched} == {name: record[name] for name in searched}
    assert again["validation_score"] < record["validation_score"]


def test_the_optimism_of_the_best_trial_is_its_score_less_its_score_on_validation(record):
    assert record["trials"] == len(record["scores"]) == 4
    assert record["best_score"] == max(score for score in record["scores"] if score is not None)
    assert record["optimism"] == pytest.approx(record["best_score"] - record["validation_score"])
    gain = record["validation_score"] - record["validation_start_score"]
    assert record["gain_optimism"] == pytest.approx(record["best_score"] - record["start_score"] - gain)


def test_parameters_that_do_not_hold_on_validation_are_not_kept(files, record):
    used = json.loads(files[bundle.METRICS])["hyperparameters"]
    expected = record["parameters"] if record["kept"] else TRAINING
    assert used["learning_rate"] == expected["learning_rate"]
    assert record["kept"] == (record["validation_score"] >= record["validation_start_score"])


def test_no_wall_clock_time_stands_in_the_bundle():
    ticks = iter(np.linspace(0, 1, 1000).tolist())
    assert trained(clock=lambda: next(ticks)) == trained()


def test_a_search_begins_with_the_champions_parameters():
    champion = Champion("c" * 64, {"learning_rate": 0.05, "max_depth": 3, "learners": ["linear"], "seed": 1})
    seen: list[str] = []
    found = tune(labelled(TRAIN, CONTRACT), contract=CONTRACT, policy=POLICY, champion=champion, say=seen.append)
    assert found.started_from == f"champion {'c' * 64}"
    assert len(seen) == 4
    cold = policy_from({"training": TRAINING, "tuning": {**TUNING, "trials": 2, "warm_start": False}})
    assert tune(labelled(TRAIN, CONTRACT), contract=CONTRACT, policy=cold, champion=champion).started_from == "policy"
    alone = policy_from({"training": {**TRAINING, "learning_rate": 0.05, "max_depth": 3}, "tuning": {"trials": 1}})
    own = tune(labelled(TRAIN, CONTRACT), contract=CONTRACT, policy=alone_with_rows(alone))
    assert found.found.scores[1] == own.found.scores[0]


def alone_with_rows(policy):
    return policy.model_copy(update={"tuning": policy.tuning.model_copy(update={"minimum_fold_rows": 100})})


def test_tuning_needs_a_boosted_learner_and_days_to_cut():
    linear = policy_from({"training": {"learners": ["linear"]}, "tuning": TUNING})
    with pytest.raises(InvalidInput, match="learners lists neither"):
        tune(labelled(TRAIN, CONTRACT), contract=CONTRACT, policy=linear)
    with pytest.raises(NotEnoughData, match="trials = 0"):
        tune(labelled(TRAIN.slice(0, 150), CONTRACT), contract=CONTRACT, policy=POLICY)
    same = TRAIN.set_column(TRAIN.column_names.index("lead_score"), "lead_score", pa.array([3] * 600))
    with pytest.raises(NotEnoughData, match="more than one label"):
        tune(labelled(same, CONTRACT), contract=CONTRACT, policy=POLICY)


def test_without_trials_there_is_no_search():
    off = policy_from({"training": TRAINING})
    files = train_bundle(TRAIN, VALIDATION, contract=CONTRACT, policy=off, lineage={})
    assert "tuning" not in json.loads(files[bundle.METRICS])
