"""The policy: every threshold of the product, typed, with a default; its digest stands in every decision."""

from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from leadscore_assets.domain.contract import Frozen
from leadscore_assets.domain.digests import digest_of

Share = float
Encoding = Literal["ordinal", "onehot", "native"]


class WindowPolicy(Frozen):
    """Which days a model learns from, and how they are cut.

    The window is `days` long and widened backwards until it holds `minimum_rows` matured rows, to at most
    `maximum_days`. Test and validation keep their days and are widened backwards only to reach their own minimum.
    """

    days: int = Field(default=7, ge=3, le=366)
    maximum_days: int = Field(default=180, ge=3, le=3660)
    minimum_rows: int = Field(default=10_000, ge=20)
    test_days: int = Field(default=2, ge=1, le=60)
    validation_days: int = Field(default=1, ge=1, le=60)
    minimum_test_rows: int = Field(default=400, ge=5)
    minimum_validation_rows: int = Field(default=200, ge=5)


class FeaturePolicy(Frozen):
    """How columns become the model's inputs; what is fitted is fitted on the train slice alone."""

    encoding: Encoding = "ordinal"
    impute: bool = False
    cap_iqr: float | None = Field(default=None, gt=0, description="cap at this many interquartile ranges")
    scale: bool = False
    smoothing: float = Field(default=20.0, ge=0, description="rows of prior behind the order of a categorical level")
    maximum_levels: int = Field(default=512, ge=2, le=4096)


class TrainingPolicy(Frozen):
    """XGBoost's parameters and the training job's bounds."""

    rounds: int = Field(default=400, ge=1, le=10_000)
    early_stopping_rounds: int = Field(default=25, ge=1)
    learning_rate: float = Field(default=0.08, gt=0, le=1)
    max_depth: int = Field(default=5, ge=1, le=16)
    min_child_weight: float = Field(default=10.0, ge=0)
    subsample: float = Field(default=0.8, gt=0, le=1)
    colsample_bytree: float = Field(default=0.7, gt=0, le=1)
    reg_lambda: float = Field(default=2.0, ge=0)
    max_bin: int = Field(default=256, ge=8, le=1024)
    threads: int = Field(default=2, ge=1, le=256)
    seed: int = Field(default=42, ge=0)
    maximum_minutes: int = Field(default=120, ge=1)
    instance_type: str = "ml.c5.2xlarge"


class QualityPolicy(Frozen):
    """What a week of leads must be worth before anything is learnt from it."""

    minimum_score: Share = Field(default=0.90, ge=0, le=1)
    maximum_quarantined: Share = Field(default=0.10, ge=0, le=1)
    outlier_iqr: float = Field(default=6.0, gt=0)
    tolerated_outliers: Share = Field(default=0.03, ge=0, le=1)
    stale_after_days: int = Field(default=2, ge=1)


class LeakagePolicy(Frozen):
    """When a single feature decides the outcome too well to be honest."""

    maximum_spearman: float = Field(default=0.95, gt=0, le=1)
    maximum_auc: float = Field(default=0.98, gt=0.5, le=1)
    minimum_rows: int = Field(default=100, ge=10)


class PromotionPolicy(Frozen):
    """The first ladder: first model; significant gain in Spearman by a paired interval; else keep."""

    spearman_floor: float = Field(default=0.05, ge=-1, le=1)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    minimum_gain: float = Field(default=0.0, ge=0)
    score_threshold: float = Field(
        default=3.5, description="scores at or above it count as positive in precision and recall"
    )


class ListPolicy(Frozen):
    """How a ranked list of leads is written."""

    bands: dict[str, float] = Field(
        default={"hot": 0.10, "warm": 0.30, "cool": 0.60, "cold": 1.0},
        description="band name to the cumulative share of leads, best first",
    )
    reasons: int = Field(default=3, ge=0, le=10)
    clip: bool = True


class Policy(Frozen):
    """Every threshold, by the noun it governs."""

    name: str = "default"
    window: WindowPolicy = WindowPolicy()
    features: FeaturePolicy = FeaturePolicy()
    training: TrainingPolicy = TrainingPolicy()
    quality: QualityPolicy = QualityPolicy()
    leakage: LeakagePolicy = LeakagePolicy()
    promotion: PromotionPolicy = PromotionPolicy()
    lists: ListPolicy = ListPolicy()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of every threshold, defaults included."""
        return digest_of(self.model_dump(mode="json"))


def policy_from(content: dict[str, Any]) -> Policy:
    """Build a policy from a parsed TOML document; keys left out take their default."""
    return Policy.model_validate(content)
