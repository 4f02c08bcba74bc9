"""LightGBM's trees, an extra of the package, kept in the library's own text format."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Self

import numpy as np

from leadscore_assets.domain.column import Floats
from leadscore_assets.domain.errors import InvalidInput, Missing
from leadscore_assets.domain.features import Matrix
from leadscore_assets.domain.learning import Examples, Task, watched_spearman

_MOST_LEAVES = 4096


@dataclass(frozen=True)
class LightGbmTrees:
    """Gradient boosting leaf by leaf (Ke et al. 2017), with the parameters of the policy in LightGBM's words."""

    booster: Any
    threads: int
    curve: tuple[float, ...] = ()
    engine: ClassVar[str] = "lightgbm"
    file: ClassVar[str] = "model.txt"

    @classmethod
    def fit(cls, learn: Examples, watch: Examples, task: Task) -> Self:
        """Boost until the watched metric has not improved for `early_stopping_rounds`."""
        lightgbm = _library()
        parameters, metric = _parameters(task, learn), _metric(task)
        history: dict[str, dict[str, list[float]]] = {}
        data = _dataset(learn, task, parameters)
        watched = _dataset(watch, task, parameters, reference=data)

        def spearman(answers: Floats, _: Any) -> tuple[str, float, bool]:
            return "spearman", watched_spearman(answers, watch.label), True

        def progress(state: Any) -> None:
            task.tell_round(state.iteration + 1, metric, float(state.evaluation_result_list[0][2]))

        try:
            booster = lightgbm.train(
                parameters,
                data,
                num_boost_round=task.policy.rounds,
                valid_sets=[watched],
                valid_names=["validation"],
                feval=spearman if task.stops_on_spearman else None,
                callbacks=[
                    progress,
                    lightgbm.record_evaluation(history),
                    lightgbm.early_stopping(task.policy.early_stopping_rounds, verbose=False),
                ],
            )
        except lightgbm.basic.LightGBMError as error:
            raise InvalidInput(f"lightgbm does not learn from these rows: {error}; leave it out of learners") from None
        text = booster.model_to_string(num_iteration=booster.best_iteration)
        model = cls.from_bytes(text.encode(), threads=task.policy.threads)
        return cls(model.booster, model.threads, tuple(float(value) for value in history["validation"][metric]))

    @classmethod
    def from_bytes(cls, content: bytes, *, threads: int) -> Self:
        """Read the text format; raise ValueError when it holds no model, Missing when LightGBM is not installed."""
        lightgbm = _library()
        try:
            return cls(lightgbm.Booster(model_str=content.decode()), threads)
        except lightgbm.basic.LightGBMError as error:
            raise ValueError(f"{error}") from None

    def to_bytes(self) -> bytes:
        """Write the text format."""
        return str(self.booster.model_to_string()).encode()

    def predict(self, matrix: Matrix) -> Floats:
        """Return margins (n,)."""
        return np.asarray(self.booster.predict(matrix, raw_score=True, num_threads=self.threads), dtype=np.float64)

    def contributions(self, matrix: Matrix) -> Floats:
        """Return TreeSHAP values and the base, (n, k + 1)."""
        return np.asarray(self.booster.predict(matrix, pred_contrib=True, num_threads=self.threads), dtype=np.float64)

    @property
    def importance(self) -> Floats:
        """Each input's total gain (k,)."""
        return np.asarray(self.booster.feature_importance("gain"), dtype=np.float64)

    @property
    def rounds(self) -> int:
        """Rounds of boosting."""
        return int(self.booster.current_iteration())


def _library() -> Any:
    try:
        return import_module("lightgbm")
    except ImportError:
        raise Missing(
            "lightgbm is not installed, and a learner or a bundle asks for it; install leadscore-assets[lightgbm], or "
            "leave it out of [training] learners"
        ) from None


def _parameters(task: Task, learn: Examples) -> dict[str, Any]:
    policy, objective = task.policy, dict(task.objective.lightgbm)
    least = {"min_sum_hessian_in_leaf": policy.min_child_weight, "min_data_in_leaf": 1}
    if task.objective.grouped:
        # A pair's curvature is no count of rows as a squared error's is, so that leaves are held to rows.
        least = {"min_sum_hessian_in_leaf": 1e-3, "min_data_in_leaf": max(1, round(policy.min_child_weight))}
        objective["label_gain"] = list(range(int(learn.target.max()) + 1))
    return (
        objective
        | least
        | {
            "metric": "None" if task.stops_on_spearman or task.objective.loss is None else task.objective.loss[1],
            "learning_rate": policy.learning_rate,
            "max_depth": policy.max_depth,
            "num_leaves": min(2**policy.max_depth, _MOST_LEAVES),
            "bagging_fraction": policy.subsample,
            "bagging_freq": 1,
            "feature_fraction": policy.colsample_bytree,
            "lambda_l2": policy.reg_lambda,
            "max_bin": policy.max_bin,
            "seed": policy.seed,
            "num_threads": policy.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
    )


def _metric(task: Task) -> str:
    return "spearman" if task.stops_on_spearman or task.objective.loss is None else task.objective.loss[1]


def _dataset(rows: Examples, task: Task, parameters: dict[str, Any], *, reference: Any = None) -> Any:
    return _library().Dataset(
        rows.matrix,
        rows.target,
        group=rows.group_sizes if task.objective.grouped else None,
        categorical_feature=task.categories,
        reference=reference,
        params=parameters,
    )
