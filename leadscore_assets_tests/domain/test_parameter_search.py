import optuna
import pytest

from leadscore_assets.domain.parameter_search import search, within_space
from leadscore_assets.domain.training_policy import TrainingPolicy, TuningPolicy

START = within_space(TrainingPolicy().model_dump())


def score(parameters, fold):
    return -abs(parameters["learning_rate"] - 0.2) - 0.01 * parameters["max_depth"] - 0.1 * fold


def test_a_search_comes_nearer_to_the_best_than_where_it_started():
    found = search(score, folds=2, starts=[START], policy=TuningPolicy(trials=40), seed=1)
    assert found.scores[0] == pytest.approx((score(START, 0) + score(START, 1)) / 2)
    assert found.best_score > found.scores[0] + 0.05
    assert found.parameters["learning_rate"] == pytest.approx(0.2, abs=0.05)
    assert (len(found.scores), found.ended_by) == (40, "trials")


def test_the_same_seed_makes_the_same_trials_and_another_seed_others():
    found = [search(score, folds=2, starts=[START], policy=TuningPolicy(trials=15), seed=seed) for seed in (1, 1, 2)]
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_a_trial_below_the_median_is_pruned_after_its_first_fold():
    asked: list[int] = []

    def falling(parameters, fold):
        asked.append(fold)
        return -float(len(asked))

    found = search(falling, folds=3, starts=[START], policy=TuningPolicy(trials=12), seed=1)
    assert found.scores[:5].count(None) == 0
    assert found.scores.count(None) == 7
    assert asked.count(0) == 12
    assert asked.count(2) == 5


def test_without_pruning_every_trial_sees_every_fold():
    found = search(
        lambda parameters, fold: -parameters["max_depth"],
        folds=3,
        starts=[START],
        policy=TuningPolicy(trials=12, prune=False),
        seed=1,
    )
    assert None not in found.scores


@pytest.mark.parametrize(("minutes", "made"), [(2.0, 3), (0.5, 1)])
def test_no_trial_begins_after_the_minutes_are_spent_and_one_is_always_made(minutes, made):
    ticks = iter(range(0, 10_000, 50))
    policy = TuningPolicy(trials=50, minutes=minutes)
    found = search(score, folds=1, starts=[START], policy=policy, seed=1, clock=lambda: float(next(ticks)))
    assert (len(found.scores), found.ended_by) == (made, "minutes")


def test_parameters_outside_the_space_are_moved_to_its_edge():
    moved = within_space({**START, "min_child_weight": 0.0, "max_depth": 16, "rounds": 5})
    assert (moved["min_child_weight"], moved["max_depth"]) == (1.0, 9)
    assert "rounds" not in moved


def test_optuna_speaks_as_loudly_after_a_search_as_before(capfd):
    before = optuna.logging.get_verbosity()
    search(score, folds=1, starts=[START], policy=TuningPolicy(trials=2), seed=1)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr().err == ""
