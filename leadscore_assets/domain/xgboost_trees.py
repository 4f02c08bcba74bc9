"""XGBoost's trees: boosted, the product's own model, and as a forest, a baseline. Kept as UBJSON."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from leadscore_assets.domain.boosting import Aim, Boosted, boost
from leadscore_assets.domain.column import Floats
from leadscore_assets.domain.features import Matrix
from leadscore_assets.domain.forest import read_trees
from leadscore_assets.domain.learning import Examples, Task, watched_spearman
from leadscore_assets.domain.training_policy import TrainingPolicy
from leadscore_assets.domain.ubjson import read_ubjson
from leadscore_assets.domain.walker import WALKED_ROWS, Walker, proved

_TAKEN = ("learning_rate", "max_depth", "min_child_weight", "subsample", "colsample_bytree", "reg_lambda", "max_bin")
_FOREST_ROWS = 50_000
_FOREST: dict[str, Any] = {
    "objective": "reg:squarederror",
    "tree_method": "hist",
    "learning_rate": 1.0,
    "max_depth": 8,
    "min_child_weight": 5.0,
    "subsample": 0.632,
    "colsample_bytree": 0.5,
    "colsample_bynode": 0.66,
    "reg_lambda": 1e-3,
    "max_bin": 64,
}


@dataclass(frozen=True)
class BoostedTrees:
    """Gradient boosting (Chen and Guestrin 2016), ended by the watched rows and cut back to its best round.

    A model that was read has a `walker` for a few rows, with XGBoost's own bits, or `unwalked` says why not.
    """

    booster: Any
    curve: tuple[float, ...] = ()
    walker: Walker | None = None
    unwalked: str = "just fitted"
    file: ClassVar[str] = "model.ubj"

    @classmethod
    def fit(cls, learn: Examples, watch: Examples, task: Task) -> Self:
        """Boost until the watched metric has not improved for `early_stopping_rounds`; a team does it together."""
        with task.agreed() as agreed:
            state, aim = _boosted(learn, watch, agreed)
        import xgboost

        booster = xgboost.Booster({"nthread": task.policy.threads}, model_file=bytearray(state.model))
        return cls(booster[: state.best(rising=aim.rising) + 1], state.curve)

    @classmethod
    def from_bytes(cls, content: bytes, *, threads: int) -> Self:
        """Read UBJSON; raise ValueError when it holds no model or a broken one."""
        import xgboost

        document = read_ubjson(content)
        trees = read_trees(document)
        booster = xgboost.Booster({"nthread": threads})
        try:
            booster.load_model(bytearray(content))
        except xgboost.core.XGBoostError as error:
            raise ValueError(str(error).splitlines()[0]) from None
        booster.set_param({"nthread": threads})
        walker, reason = proved(document, trees, booster)
        return cls(booster, walker=walker, unwalked=reason)

    def to_bytes(self) -> bytes:
        """Write UBJSON."""
        return bytes(self.booster.save_raw("ubj"))

    def predict(self, matrix: Matrix) -> Floats:
        """Return margins (n,)."""
        if self.walker and 0 < len(matrix) <= WALKED_ROWS:
            return self.walker.margins(matrix)
        return np.asarray(self.booster.inplace_predict(matrix, predict_type="margin"), dtype=np.float64)

    @property
    def engine(self) -> str:
        """What answers for a few rows."""
        return "walker" if self.walker else f"xgboost ({self.unwalked})"

    def contributions(self, matrix: Matrix) -> Floats:
        """Return TreeSHAP values and the base, (n, k + 1) (Lundberg et al. 2018)."""
        import xgboost

        data = xgboost.DMatrix(matrix, feature_types=self.booster.feature_types, enable_categorical=True)
        return np.asarray(self.booster.predict(data, pred_contribs=True), dtype=np.float64)

    @property
    def importance(self) -> Floats:
        """Each input's total gain (k,)."""
        gains = self.booster.get_score(importance_type="total_gain")
        return np.array([gains.get(f"f{position}", 0.0) for position in range(self.booster.num_features())])

    @property
    def rounds(self) -> int:
        """Rounds of boosting."""
        return int(self.booster.num_boosted_rounds())


@dataclass(frozen=True)
class Forest(BoostedTrees):
    """A random forest (Breiman 2001) of the target's mean: one round of many parallel trees on drawn rows and inputs.

    A baseline is there to be beaten, and quick: its settings are fixed but for the number of trees, and it learns from
    at most 50,000 rows, evenly taken.
    """

    @classmethod
    def fit(cls, learn: Examples, watch: Examples, task: Task) -> Self:  # noqa: ARG003 - a forest has nothing to stop
        """Grow the trees."""
        import xgboost

        policy, step = task.policy, -(-len(learn.target) // _FOREST_ROWS)
        few = Examples(learn.matrix[::step], learn.target[::step], learn.label[::step], learn.group[::step])
        data = _matrix(few, task, max_bin=_FOREST["max_bin"], grouped=False)
        parameters = _FOREST | {
            "num_parallel_tree": policy.forest_trees,
            "seed": policy.seed,
            "nthread": policy.threads,
        }
        return cls(xgboost.train(parameters, data, num_boost_round=1))


def boosting_parameters(policy: TrainingPolicy) -> dict[str, Any]:
    """Return XGBoost's parameters as the policy sets them, without an objective."""
    chosen = {name: getattr(policy, name) for name in (*_TAKEN, "seed")}
    return chosen | {"tree_method": "hist", "nthread": policy.threads}


def _boosted(learn: Examples, watch: Examples, task: Task) -> tuple[Boosted, Aim]:
    """Boost on this host's share of the rows; every host watches all of the watched ones, so that all end alike."""
    policy, team = task.policy, task.support.team
    share = learn.part(team.rank, team.size, grouped=task.objective.grouped) if team else learn
    data = _matrix(share, task, max_bin=policy.max_bin)
    watched = _matrix(watch, task, max_bin=policy.max_bin, ref=data)
    parameters, metric = _parameters(task, learn), _metric(task)
    rising = metric == "spearman"

    def judge(booster: Any, number: int) -> float:
        if rising:
            return watched_spearman(booster.predict(watched), watch.label)
        return float(booster.eval_set([(watched, "validation")], number).rpartition(":")[2])

    aim = Aim(parameters | ({"disable_default_eval_metric": True} if rising else {}), metric, rising, judge)
    return boost(data, watched, aim, task), aim


def _parameters(task: Task, learn: Examples) -> dict[str, Any]:
    parameters = boosting_parameters(task.policy) | dict(task.objective.xgboost)
    if task.policy.objective == "pseudo_huber":
        parameters["base_score"] = float(np.median(learn.target))
    if task.objective.loss and not task.stops_on_spearman:
        parameters["eval_metric"] = task.objective.loss[0]
    return parameters


def _metric(task: Task) -> str:
    return "spearman" if task.stops_on_spearman or task.objective.loss is None else task.objective.loss[0]


def _matrix(rows: Examples, task: Task, *, max_bin: int, grouped: bool = True, ref: Any = None) -> Any:
    import xgboost

    groups = {"qid": rows.group} if grouped and task.objective.grouped else {}
    return xgboost.QuantileDMatrix(
        rows.matrix,
        rows.target,
        feature_types=list(task.types),
        enable_categorical=True,
        max_bin=max_bin,
        ref=ref,
        nthread=task.policy.threads,
        **groups,
    )
