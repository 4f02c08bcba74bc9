"""A promotion rule as data: rungs asked in order, each a list of conditions and what is decided when all of them hold.

Every rule of thumb and the default are ladders, and one function climbs them, for one candidate or for thousands.
"""

from collections.abc import Mapping
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Decision = Literal["promote", "manual", "keep", "not_yet"]
Metric = Literal[
    "spearman",
    "auc",
    "mae",
    "rmse",
    "exact_match",
    "precision",
    "recall",
    "f1",
    "accuracy",
    "precision_top_decile",
    "lift_top_decile",
    "log_loss",
    "brier",
]
Measure = Literal[
    "value",
    "gain",
    "relative_gain",
    "measured_lower_bound",
    "lower_bound",
    "shrunken_gain",
    "shrunken_lower_bound",
    "champion_days",
    "guardrails",
]
METRICS: tuple[str, ...] = get_args(Metric)
LOWER_IS_BETTER = frozenset({"mae", "rmse", "log_loss", "brier"})
OF_THE_PRIMARY = frozenset({"measured_lower_bound", "lower_bound", "shrunken_gain", "shrunken_lower_bound"})
OF_NO_METRIC = frozenset({"champion_days", "guardrails"})
UNBOUNDED = frozenset({"mae", "rmse", "log_loss", "lift_top_decile"})
UNKNOWN = -1

Bound = float | Literal["switching_cost", "guard"]
Facts = Mapping[str, ArrayLike]


class Condition(BaseModel):
    """One claim about a candidate: a measure of a metric lies above, at least at, or below a bound.

    Units by measure: `value` and `gain` in the metric's own unit, a gain counted so that better is positive;
    `relative_gain` as a share of the champion's value (0.02 is 2 %); `measured_lower_bound`, `lower_bound` (week noise
    counted in), `shrunken_gain` and `shrunken_lower_bound` in the primary metric's unit; `champion_days` in days since
    the champion's last training day; `guardrails` is 1 when every one of them holds. A bound is a number or the name of
    a key of the promotion policy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    of: Measure
    metric: Metric | None = None
    above: Bound | None = None
    at_least: Bound | None = None
    below: Bound | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if sum(bound is not None for bound in (self.above, self.at_least, self.below)) != 1:
            raise ValueError(f"a condition on {self.of} needs exactly one of above, at_least and below")
        if self.of in OF_NO_METRIC | OF_THE_PRIMARY and self.metric:
            raise ValueError(
                f"{self.of} takes no metric; remove metric = {self.metric!r} (the primary metric is a key)"
            )
        if isinstance(self.bound, float | int):
            _check_unit(self.of, self.metric, float(self.bound))
        return self

    @property
    def bound(self) -> Bound:
        """The one bound that is set."""
        return next(bound for bound in (self.above, self.at_least, self.below) if bound is not None)

    @property
    def sign(self) -> str:
        """The comparison as a sign."""
        return ">" if self.above is not None else ">=" if self.at_least is not None else "<"

    def fact(self, primary: str) -> str:
        """Return the name of the fact that it is about."""
        return fact_name(self.of, self.metric or primary)

    def truth(self, value: ArrayLike, bound: float) -> NDArray[np.float64]:
        """Return 1 where it holds, 0 where it does not and NaN where the value is not known."""
        known = np.asarray(value, dtype=np.float64)
        compare = {">": np.greater, ">=": np.greater_equal, "<": np.less}[self.sign]
        return np.where(np.isnan(known), np.nan, compare(known, bound).astype(np.float64))


class Rung(BaseModel):
    """What is decided when every condition holds, under a name that the verdict carries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")
    decision: Literal["promote", "manual", "keep"] = "promote"
    when: tuple[Condition, ...] = Field(min_length=1)


def fact_name(of: str, metric: str) -> str:
    """Return the name of a fact: the measure, and the metric where it has one."""
    return of if of in OF_NO_METRIC | OF_THE_PRIMARY else f"{of} {metric}"


def climb(rungs: tuple[Rung, ...], facts: Facts, *, primary: str, bounds: Mapping[str, float]) -> NDArray[np.intp]:
    """Return the first rung that holds, `len(rungs)` where none does and -1 where one that might hold is unknown.

    Facts are numbers or arrays of one shape, NaN or absent where they could not be measured; the answer has that shape.
    `bounds` gives the numbers behind bounds that are names.
    """
    shape = np.broadcast_shapes(*(np.shape(value) for value in facts.values()))
    found = np.full(shape, len(rungs), dtype=np.intp)
    open_ = np.ones(shape, dtype=bool)
    for at, rung in enumerate(rungs):
        truths = [_truth(condition, facts, primary, bounds) for condition in rung.when]
        refuted = np.any([truth == 0 for truth in np.broadcast_arrays(*truths)], axis=0)
        unknown = np.any([np.isnan(truth) for truth in np.broadcast_arrays(*truths)], axis=0)
        found = np.where(open_ & ~refuted, np.where(unknown, UNKNOWN, at), found)
        open_ = open_ & refuted
    return found


def _truth(condition: Condition, facts: Facts, primary: str, bounds: Mapping[str, float]) -> NDArray[np.float64]:
    bound = bounds[condition.bound] if isinstance(condition.bound, str) else condition.bound
    return condition.truth(facts.get(condition.fact(primary), np.nan), bound)


def _check_unit(of: str, metric: str | None, bound: float) -> None:
    if of == "relative_gain" and abs(bound) >= 1:
        raise ValueError(f"a relative gain of {bound:g} is {bound * 100:g} %; write 0.02 for 2 %")
    if of == "champion_days" and not bound >= 0:
        raise ValueError(f"champion_days is {bound:g}; give days, 0 or more")
    if of == "guardrails" and bound != 1:
        raise ValueError("guardrails either all hold or do not; write at_least = 1")
    bounded = (of in ("value", "gain") and metric not in UNBOUNDED) or of in OF_THE_PRIMARY
    if bounded and abs(bound) > 1:
        raise ValueError(f"{of} of {metric or 'the primary metric'} is {bound:g}, and it runs from -1 to 1")
