"""When a week's leads count as drifted: every threshold of the drift verdict."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from leadscore_assets.domain.section import Section

DriftRule = Literal["larger_than_usual", "psi", "ks_fdr", "evidently"]
Share = float


class DriftPolicy(Section):
    """When a week's leads differ from those the champion learnt from; distances are shares of rows, 0 to 1.

    The default rule asks for more than chance, more than a tolerance and, once there are enough past weeks, more than
    usual. The other rules are the field's rules of thumb.
    """

    section: ClassVar[str] = "drift"

    rule: DriftRule = "larger_than_usual"
    minimum_rows: int = Field(default=200, ge=20, description="on either side; below it the answer is not yet")
    reference_weeks: int = Field(default=4, ge=1, le=52, description="the last weeks, where there is no champion")
    alpha: Share = Field(default=0.05, gt=0, lt=0.5, description="chance of a false bound in a week, all features")
    tolerance: Share = Field(default=0.05, ge=0, lt=1, description="distance that is harmless whatever the sample")
    missing_tolerance: Share = Field(default=0.03, ge=0, lt=1)
    new_level_share: Share = Field(default=0.01, gt=0, le=1)
    history_weeks: int = Field(default=26, ge=4, le=104)
    minimum_history: int = Field(default=12, ge=4, le=104)
    restless_share: Share = Field(
        default=0.25,
        ge=0,
        le=1,
        description="of past weeks beyond their bound; above it a feature's past alone decides",
    )
    usual_alpha: Share = Field(default=0.025, gt=0, lt=0.5)
    classifier_alpha: Share = Field(default=0.02, gt=0, lt=0.5)
    score_tolerance: Share = Field(default=0.02, gt=0, lt=0.1, description="of each decile's share of leads")
    score_bound: float = Field(default=1000.0, gt=1, description="days between false alarms of the score, at least")
    psi_warn: float = Field(default=0.2, gt=0)
    psi_retrain: float = Field(default=0.25, gt=0)
    false_discovery_rate: Share = Field(default=0.05, gt=0, lt=1)
    drifted_share: Share = Field(default=0.5, ge=0, le=1, description="of the columns, for Evidently's rule")
    cooldown_days: int = Field(default=14, ge=0, le=366)
    evidently_page: bool = True

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.minimum_history > self.history_weeks:
            raise ValueError(
                f"minimum_history {self.minimum_history} is more than history_weeks {self.history_weeks}: "
                "what is usual would never be known; raise history_weeks"
            )
        if self.psi_warn > self.psi_retrain:
            raise ValueError(
                f"psi_warn {self.psi_warn:g} is above psi_retrain {self.psi_retrain:g}; a warning comes before"
            )
        return self
