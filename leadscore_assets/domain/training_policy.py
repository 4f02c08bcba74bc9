"""The policy of training and tuning: what is fitted, what it learns, which of it is chosen, and the job's bounds."""

from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from leadscore_assets.domain.section import Section

ObjectiveName = Literal["regression", "pseudo_huber", "rank", "binary"]
LearnerName = Literal["xgboost", "linear", "forest", "lightgbm"]


class TrainingPolicy(Section):
    """What is fitted and how, and the training job's bounds.

    Every one of `learners` is fitted; `choose` takes the one with the best Spearman on validation, or the one it names.
    The parameters are the boosted trees'; the linear baseline and the forest have few of their own.
    """

    section: ClassVar[str] = "training"

    objective: ObjectiveName = Field(
        default="regression", description="regression, pseudo_huber, rank or binary; scores stay on the label's scale"
    )
    positive: Literal["label", "outcome"] = Field(
        default="label", description="what binary learns: label >= [promotion] score_threshold, or the outcome"
    )
    stop_on: Literal["loss", "spearman"] = Field(
        default="loss", description="what ends the boosting, on validation; rank has no loss and takes spearman"
    )
    learners: tuple[LearnerName, ...] = Field(
        default=("xgboost", "linear", "forest"), min_length=1, description="also lightgbm, an extra of the package"
    )
    choose: Literal["best", LearnerName] = "best"
    rounds: int = Field(default=400, ge=1, le=10_000)
    early_stopping_rounds: int = Field(default=25, ge=1)
    learning_rate: float = Field(default=0.08, gt=0, le=1)
    max_depth: int = Field(default=5, ge=1, le=16)
    min_child_weight: float = Field(default=10.0, ge=0)
    subsample: float = Field(default=0.8, gt=0, le=1)
    colsample_bytree: float = Field(default=0.7, gt=0, le=1)
    reg_lambda: float = Field(default=2.0, ge=0)
    max_bin: int = Field(default=256, ge=8, le=1024)
    forest_trees: int = Field(default=60, ge=1, le=5000)
    threads: int = Field(default=2, ge=1, le=256)
    seed: int = Field(default=42, ge=0)
    maximum_minutes: int = Field(default=120, ge=1)

    @field_validator("learners", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """Read "xgboost,linear" as a list: a job's hyperparameters are strings."""
        return tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _chooses_what_is_fitted(self) -> Self:
        if len(set(self.learners)) < len(self.learners):
            raise ValueError(f"learners names one twice: {', '.join(self.learners)}")
        if self.choose not in ("best", *self.learners):
            raise ValueError(f"choose is {self.choose}, and learners are {', '.join(self.learners)}; name one of them")
        return self


class TuningPolicy(Section):
    """The search for better parameters of the boosted trees, on time-ordered folds of the train slice; off at 0 trials.

    50 to 100 trials are usual. The search ends at the first of its two budgets, trials and minutes.
    """

    section: ClassVar[str] = "tuning"

    trials: int = Field(default=0, ge=0, le=1000)
    minutes: float = Field(default=60.0, gt=0, description="no trial begins later; keep it below maximum_minutes")
    folds: int = Field(default=3, ge=1, le=20)
    minimum_fold_rows: int = Field(default=200, ge=20, description="least rows that a fold learns from or judges on")
    prune: bool = True
    warm_start: bool = Field(default=True, description="begin with the champion's parameters too")
