import sys
from typing import get_args

import numpy as np
import pytest

from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.learners import LEARNERS, read_model
from leadscore_assets.domain.learning import Examples, Task
from leadscore_assets.domain.policy import policy_from
from leadscore_assets.domain.ridge import Ridge
from leadscore_assets.domain.training_policy import LearnerName, TrainingPolicy

ROWS, INPUTS, LEVELS = 600, 6, 4
TASK = Task(("q",) * (INPUTS - 1) + ("c",), TrainingPolicy(rounds=30, threads=1, max_depth=3))


def examples(seed: int, rows: int = ROWS) -> Examples:
    """Three inputs that matter (one is a category, one is missing now and then), three that do not."""
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(rows, INPUTS)).astype(np.float32)
    matrix[:, -1] = draw.integers(0, LEVELS, rows)
    matrix[draw.random(rows) < 0.1, 1] = np.nan
    worth = (
        matrix[:, 0] + np.nan_to_num(matrix[:, 1], nan=2.0) + np.array([0.0, 3.0, 1.0, -1.0])[matrix[:, -1].astype(int)]
    )
    label = worth + draw.normal(0, 0.3, rows)
    return Examples(matrix, label, label, np.zeros(rows, dtype=np.int64))


LEARN, WATCH = examples(0), examples(1)


@pytest.fixture(scope="module", params=list(LEARNERS))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def model(name):
    return LEARNERS[name].fit(LEARN, WATCH, TASK)


def test_every_name_of_the_policy_is_a_learner():
    assert tuple(LEARNERS) == get_args(LearnerName)


def test_the_same_rows_policy_and_seed_give_the_same_bytes(name, model):
    assert LEARNERS[name].fit(LEARN, WATCH, TASK).to_bytes() == model.to_bytes()


def test_a_model_that_is_read_back_answers_with_the_same_bits_and_writes_the_same_bytes(name, model):
    again = read_model({model.file: model.to_bytes()}, threads=1)
    assert again.predict(WATCH.matrix).tolist() == model.predict(WATCH.matrix).tolist()
    assert again.to_bytes() == model.to_bytes()
    assert again.importance.tolist() == model.importance.tolist()


def test_one_row_alone_gets_the_bits_it_gets_among_others(model):
    together = model.predict(WATCH.matrix)
    assert [float(model.predict(WATCH.matrix[at : at + 1])[0]) for at in range(100)] == together[:100].tolist()


def test_a_model_learns_what_the_target_is_made_of(model):
    assert np.corrcoef(model.predict(WATCH.matrix), WATCH.target)[0, 1] > 0.85
    assert set(np.argsort(model.importance)[-3:].tolist()) == {0, 1, INPUTS - 1}


def test_contributions_sum_to_the_answer(model):
    found = model.contributions(WATCH.matrix)
    assert found.shape == (ROWS, INPUTS + 1)
    assert np.allclose(found.sum(axis=1), model.predict(WATCH.matrix), atol=1e-4)


def test_bytes_that_hold_no_model_are_refused(name):
    with pytest.raises(ValueError, match=r"."):
        LEARNERS[name].from_bytes(b'{"not": "a model"}', threads=1)


def test_the_linear_baseline_is_the_least_squares_solution_where_the_penalty_is_small():
    draw = np.random.default_rng(3)
    matrix = draw.uniform(-1, 1, size=(5000, 3)).astype(np.float32)
    target = 2.0 + matrix @ np.array([1.0, -2.0, 0.5])
    rows = Examples(matrix, target, target, np.zeros(5000, dtype=np.int64))
    model = Ridge.fit(rows, rows, Task(("q",) * 3, TrainingPolicy()))
    inside = np.abs(matrix).max(axis=1) < 0.97
    assert np.allclose(model.predict(matrix)[inside], target[inside], atol=0.02)


def test_the_linear_baseline_gives_a_missing_value_a_weight_of_its_own_and_caps_what_is_far_out():
    model = Ridge.fit(LEARN, WATCH, TASK)
    row = np.zeros((3, INPUTS), dtype=np.float32)
    row[1, 1], row[2, 1] = np.nan, 1e9
    plain, missing, far = model.contributions(row)[:, 1]
    assert missing - plain == pytest.approx(2.0, abs=0.2)
    assert far < 3.5


def test_an_input_that_never_varies_or_is_never_known_does_no_harm(name):
    matrix = LEARN.matrix.copy()
    matrix[:, 2], matrix[:, 3] = 7.0, np.nan
    rows = Examples(matrix, LEARN.target, LEARN.label, LEARN.group)
    found = LEARNERS[name].fit(rows, rows, TASK).predict(matrix)
    assert np.isfinite(found).all()
    assert np.corrcoef(found, LEARN.target)[0, 1] > 0.85


def test_spearman_ends_boosting_where_the_policy_asks_for_it():
    lines: list[str] = []
    task = Task(TASK.types, TrainingPolicy(rounds=30, threads=1, stop_on="spearman"), lines.append)
    for learner in ("xgboost", "lightgbm"):
        model = LEARNERS[learner].fit(LEARN, WATCH, task)
        assert model.rounds == int(np.argmax(model.curve)) + 1
        assert model.curve[model.rounds - 1] > 0.85
    assert any("validation_spearman=" in line for line in lines)


def test_a_learner_whose_library_is_not_there_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(Missing, match=r"install leadscore-assets\[lightgbm\]"):
        LEARNERS["lightgbm"].fit(LEARN, WATCH, TASK)


def test_a_bundle_holds_one_model():
    with pytest.raises(CorruptArtefact, match="none"):
        bundle.model_file(["contract.json"])
    with pytest.raises(CorruptArtefact, match=r"model\.json and model\.ubj"):
        bundle.model_file(["model.ubj", "model.json"])


@pytest.mark.parametrize(
    ("training", "told"),
    [
        ({"learners": ["xgboost", "xgboost"]}, "names one twice"),
        ({"learners": []}, "at least 1"),
        ({"learners": ["svm"]}, "lightgbm"),
        ({"learners": ["linear"], "choose": "xgboost"}, "choose is xgboost, and learners are linear"),
        ({"objective": "auc"}, "pseudo_huber"),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused_by_the_policy(training, told):
    with pytest.raises(ValueError, match=told):
        policy_from({"training": training})


def test_presets_name_the_objectives():
    assert policy_from({"training": {"preset": "rank"}}).training.objective == "rank"
    conversion = policy_from({"training": {"preset": "conversion"}}).training
    assert (conversion.objective, conversion.positive) == ("binary", "outcome")
    assert policy_from({"tuning": {"preset": "search"}}).tuning.trials == 60
