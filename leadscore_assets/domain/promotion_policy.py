"""The promotion section of the policy: the rule as rungs, and every threshold, margin and start value behind it."""

from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from leadscore_assets.domain.ladder import Condition, Metric, Rung
from leadscore_assets.domain.section import Section


class PromotionPolicy(Section):
    """When a candidate takes the champion's place: rungs are asked in order, and the first that holds decides.

    A gain is shrunk towards what past retrainings brought; the start values below weigh as much as `start_weeks` weeks
    of the site's own history. Margins say by how much what is beside the gain may get worse: the whole interval must
    lie above minus the margin.
    """

    section: ClassVar[str] = "promotion"

    metric: Metric = Field(default="spearman", description="the primary metric, which gains are counted in")
    rungs: tuple[Rung, ...] = Field(
        default=(
            Rung(
                name="better",
                decision="promote",
                when=(
                    Condition(of="shrunken_gain", above="switching_cost"),
                    Condition(of="shrunken_lower_bound", above="guard"),
                    Condition(of="gain", above=0.0),
                    Condition(of="guardrails", at_least=1),
                ),
            ),
        ),
        min_length=1,
    )
    switching_cost: float = Field(default=0.0, ge=0, lt=1, description="the gain that a change of model must be worth")
    guard: float = Field(
        default=-0.0075, gt=-1, le=0, description="where the shrunken gain's lower bound must lie above"
    )
    guard_spreads: float = Field(
        default=0.66,
        ge=0,
        lt=10,
        description="the guard lies at least so many spreads of true gains below 0; 0 keeps it where it is",
    )
    confidence: float = Field(
        default=0.90, gt=0.5, lt=1, description="of two-sided intervals; each end is a one-sided 95 % bound"
    )
    minimum_rows: int = Field(default=50, ge=30, description="test rows below which there is no verdict")
    widest_interval: float = Field(
        default=0.10, ge=0, description="a wider interval around zero gives no verdict; 0 is no bound"
    )
    spearman_floor: float = Field(default=0.05, ge=-1, le=1, description="no model below it goes into production")
    score_threshold: float = Field(
        default=3.5, description="scores at or above it count as positive in precision and recall"
    )
    prior_mean: float = Field(default=0.0, gt=-1, lt=1, description="start value: the mean gain of a retraining")
    prior_sd: float = Field(default=0.0113, gt=0, lt=1, description="start value: its spread from week to week")
    noise: float = Field(default=0.004, ge=0, lt=1, description="start value: noise of a gain from week to week")
    least_noise: float = Field(default=0.002, gt=0, lt=1)
    start_weeks: float = Field(default=8.0, ge=1, description="weeks of history that the start values weigh")
    history_weeks: int = Field(default=52, ge=0, le=520)
    mae_margin: float = Field(default=0.05, gt=0, lt=1, description="share of the champion's MAE")
    brier_margin: float = Field(default=0.05, gt=0, lt=1, description="share of the champion's Brier score")
    latency_p99_ms: float = Field(default=250.0, gt=0, description="for one lead, scored alone")
    segment_margin: float = Field(default=0.05, gt=0, lt=2, description="Spearman, absolute")
    segment_features: int = Field(
        default=3, ge=0, le=20, description="categorical features that are judged apart where segments names none"
    )
    segment_rows: int = Field(default=100, ge=30, description="a segment with fewer test rows is not judged")
    segments: dict[str, float] = Field(default={}, description="column to its own margin")
    minimum_power: float = Field(
        default=0.5, ge=0, lt=1, description="'policy check' refuses a KPI gate that sees its gain less often"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [rung.name for rung in self.rungs]
        if len(set(names)) < len(names):
            raise ValueError(f"two rungs have one name ({', '.join(names)}); each verdict names its rung")
        wrong = [f"{name} {margin:g}" for name, margin in self.segments.items() if not 0 < margin < 2]
        if wrong:
            raise ValueError(f"segments: {', '.join(wrong)}; a margin is a Spearman difference above 0")
        return self

    def guard_at(self, spread: ArrayLike) -> NDArray[np.float64]:
        """Return the guard of a site whose true gains spread by so much: what is clearly worse hangs on that."""
        return np.minimum(self.guard, -self.guard_spreads * np.asarray(spread, dtype=np.float64))

    @property
    def bounds(self) -> dict[str, float]:
        """The numbers behind the bounds that rungs name."""
        return {"switching_cost": self.switching_cost, "guard": self.guard}
