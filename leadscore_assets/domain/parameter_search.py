"""A search for parameters that score well: Optuna's TPE with a fixed seed and pruning, told one score a fold at a time.

It knows no leads and no models. The same scores give the same trials; only a search that runs out of minutes may end
elsewhere.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadscore_assets.domain.learning import Say
from leadscore_assets.domain.training_policy import TuningPolicy

Clock = Callable[[], float]
Parameters = dict[str, float | int]
Score = Callable[[Parameters, int], float]
_SPACE: dict[str, tuple[float, float]] = {
    "learning_rate": (0.02, 0.3),
    "max_depth": (2, 9),
    "min_child_weight": (1.0, 100.0),
    "subsample": (0.5, 1.0),
    "colsample_bytree": (0.3, 1.0),
    "reg_lambda": (0.1, 30.0),
}
_LOGARITHMIC = ("learning_rate", "min_child_weight", "reg_lambda")
_UNPRUNED_TRIALS = 5


@dataclass(frozen=True)
class Found:
    """The best trial's parameters, and each trial's mean score over the folds, None where it was pruned.

    `ended_by` names the budget that ended the search: trials or minutes.
    """

    parameters: Parameters
    scores: tuple[float | None, ...]
    ended_by: str

    @property
    def best_score(self) -> float:
        """The best mean score."""
        return max(score for score in self.scores if score is not None)


def search(
    score: Score,
    *,
    folds: int,
    starts: Sequence[Parameters],
    policy: TuningPolicy,
    seed: int,
    clock: Clock | None = None,
    say: Say = lambda _: None,
) -> Found:
    """Try the starts, then what the sampler proposes, until trials or minutes are spent; at least one trial is made.

    `score(parameters, fold)` judges a trial on fold 0 upwards; a trial below the median of the others so far is pruned.
    `clock` gives seconds; without it there is no bound on time.
    """
    began = clock() if clock else 0.0
    ended_by = "trials"
    with _quiet_study(policy, seed) as study:
        for start in starts:
            study.enqueue_trial(within_space(start))
        for number in range(policy.trials):
            if number and clock and clock() - began >= policy.minutes * 60:
                ended_by = "minutes"
                break
            mean = _try(study, score, folds)
            say(f"trial {number + 1}/{policy.trials} " + ("pruned" if mean is None else f"score={mean:.5f}"))
        scores = tuple(trial.value if _complete(trial) else None for trial in study.trials)
        return Found(_rounded(study.best_trial.params), scores, ended_by)


def within_space(parameters: Mapping[str, Any]) -> Parameters:
    """Return the parameters that are searched, each moved to the nearest value that a trial may take."""
    return _rounded({name: min(max(parameters[name], low), high) for name, (low, high) in _SPACE.items()})


def _try(study: Any, score: Score, folds: int) -> float | None:
    from optuna.trial import TrialState

    trial = study.ask()
    parameters = _rounded({name: _suggested(trial, name) for name in _SPACE})
    found: list[float] = []
    for fold in range(folds):
        found.append(score(parameters, fold))
        trial.report(found[-1], fold)
        if fold + 1 < folds and trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return None
    study.tell(trial, float(np.mean(found)))
    return float(np.mean(found))


def _suggested(trial: Any, name: str) -> float | int:
    low, high = _SPACE[name]
    if isinstance(low, int) and isinstance(high, int):
        return int(trial.suggest_int(name, low, high))
    return float(trial.suggest_float(name, low, high, log=name in _LOGARITHMIC))


def _rounded(parameters: Mapping[str, float | int]) -> Parameters:
    """Keep four digits: a parameter is read by people, and more say nothing."""
    return {name: value if isinstance(value, int) else float(f"{value:.4g}") for name, value in parameters.items()}


def _complete(trial: Any) -> bool:
    from optuna.trial import TrialState

    return bool(trial.state == TrialState.COMPLETE)


@contextmanager
def _quiet_study(policy: TuningPolicy, seed: int) -> Iterator[Any]:
    """Make a seeded study in memory; Optuna tells of warnings only while it lasts."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    median = optuna.pruners.MedianPruner(n_startup_trials=_UNPRUNED_TRIALS)
    try:
        yield optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=seed),
            pruner=median if policy.prune else optuna.pruners.NopPruner(),
        )
    finally:
        optuna.logging.set_verbosity(before)
