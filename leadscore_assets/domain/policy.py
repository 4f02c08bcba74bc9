"""The policy: every threshold of the product, typed, with a default; its digest stands in every decision."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from leadscore_assets.domain.approval_policy import ApprovalPolicy
from leadscore_assets.domain.capture_policy import CapturePolicy
from leadscore_assets.domain.contract import Frozen
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.drift_policy import DriftPolicy
from leadscore_assets.domain.notice_policy import NoticePolicy
from leadscore_assets.domain.presets import DEFAULT, spread
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.domain.release_policy import ReleasePolicy
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets.domain.retention_policy import RetentionPolicy
from leadscore_assets.domain.retraining_policy import RetrainingPolicy
from leadscore_assets.domain.section import Section
from leadscore_assets.domain.training_policy import TrainingPolicy, TuningPolicy

Share = float
Severity = Literal["error", "warn"]
Encoding = Literal["ordinal", "onehot", "native"]


class WindowPolicy(Section):
    """Which days a model learns from, and how they are cut.

    The window is `days` long and widened backwards until it holds `minimum_rows` matured rows, to at most
    `maximum_days`. Test and validation keep their days and are widened backwards only to reach their own minimum.
    """

    section: ClassVar[str] = "window"

    days: int = Field(default=7, ge=3, le=3660)
    maximum_days: int = Field(default=180, ge=3, le=3660)
    minimum_rows: int = Field(default=10_000, ge=20)
    test_days: int = Field(default=2, ge=1, le=60)
    validation_days: int = Field(default=1, ge=1, le=60)
    minimum_test_rows: int = Field(default=400, ge=5)
    minimum_validation_rows: int = Field(default=200, ge=5)

    @model_validator(mode="after")
    def _leaves_days_to_train(self) -> Self:
        if self.days > self.maximum_days:
            raise ValueError(f"days = {self.days} is more than maximum_days = {self.maximum_days}; raise the second")
        if self.test_days + self.validation_days >= self.maximum_days:
            raise ValueError(
                f"test_days + validation_days = {self.test_days + self.validation_days} leave no day to train of "
                f"maximum_days = {self.maximum_days}; lower the first two or raise the last"
            )
        return self


class FeaturePolicy(Frozen):
    """How columns become the model's inputs; what is fitted is fitted on the train slice alone."""

    encoding: Encoding = "ordinal"
    impute: bool = False
    cap_iqr: float | None = Field(default=None, gt=0, description="cap at this many interquartile ranges")
    scale: bool = False
    smoothing: float = Field(default=20.0, ge=0, description="rows of prior behind the order of a categorical level")
    maximum_levels: int = Field(default=512, ge=2, le=4096)


class QualityPolicy(Frozen):
    """What a week of leads must be worth before anything is learnt from it."""

    minimum_score: Share = Field(default=0.90, ge=0, le=1)
    maximum_quarantined: Share = Field(default=0.10, ge=0, le=1)
    outlier_iqr: float = Field(default=6.0, gt=0)
    tolerated_outliers: Share = Field(default=0.03, ge=0, le=1)
    tolerated_duplicates: Share = Field(default=0.05, ge=0, le=1)
    stale_after_days: int = Field(default=2, ge=1)
    label_weeks: int = Field(default=4, ge=1, le=52, description="past weeks that a week's labels are compared with")
    label_tolerance: Share = Field(default=0.10, ge=0, le=1, description="of labels that may move without harm")
    label_alpha: Share = Field(default=0.01, gt=0, lt=0.5)
    minimum_labels: int = Field(default=200, ge=10, description="on either side; below it the labels are not judged")


class CheckPolicy(Frozen):
    """How severe each check of data is: `error` stops what follows and a release, `warn` informs."""

    weekly_leads_match_the_contract: Severity = "error"
    weekly_leads_reach_the_quality_score: Severity = "error"
    weekly_leads_are_as_complete_as_agreed: Severity = "warn"
    weekly_leads_have_few_outliers: Severity = "warn"
    weekly_leads_have_few_duplicates: Severity = "warn"
    weekly_labels_are_like_those_before: Severity = "warn"
    train_slice_has_no_leakage: Severity = "error"

    def severity(self, check: str) -> Severity:
        """Return a check's severity; one that is not named here is an error."""
        found: Severity = getattr(self, check, "error")
        return found


class LeakagePolicy(Frozen):
    """When a single feature decides the outcome too well to be honest."""

    maximum_spearman: float = Field(default=0.95, gt=0, le=1)
    maximum_auc: float = Field(default=0.98, gt=0.5, le=1)
    minimum_rows: int = Field(default=100, ge=10)


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
    preset: str = DEFAULT
    window: WindowPolicy = WindowPolicy()
    features: FeaturePolicy = FeaturePolicy()
    training: TrainingPolicy = TrainingPolicy()
    tuning: TuningPolicy = TuningPolicy()
    quality: QualityPolicy = QualityPolicy()
    checks: CheckPolicy = CheckPolicy()
    leakage: LeakagePolicy = LeakagePolicy()
    promotion: PromotionPolicy = PromotionPolicy()
    drift: DriftPolicy = DriftPolicy()
    approval: ApprovalPolicy = ApprovalPolicy()
    release: ReleasePolicy = ReleasePolicy()
    capture: CapturePolicy = CapturePolicy()
    retraining: RetrainingPolicy = RetrainingPolicy()
    resources: ResourcesPolicy = ResourcesPolicy()
    retention: RetentionPolicy = RetentionPolicy()
    notices: NoticePolicy = NoticePolicy()
    lists: ListPolicy = ListPolicy()

    @model_validator(mode="before")
    @classmethod
    def _on_top_of_its_preset(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or not isinstance(given.get("preset", ""), str):
            return given
        sections = tuple(name for name, item in cls.model_fields.items() if is_section(item.annotation))
        return spread(given, sections)

    @model_validator(mode="after")
    def _tells_before_it_gives_up(self) -> Self:
        notice, days = self.approval.notice_hours, self.release.wait_days
        if notice >= days * 24:
            raise ValueError(
                f"approval.notice_hours = {notice:g} is not less than release.wait_days = {days}: a version would be "
                "retired before it sets off; raise the second"
            )
        return self

    @cached_property
    def digest(self) -> str:
        """SHA-256 of every threshold, defaults included."""
        return digest_of(self.model_dump(mode="json"))


def is_section(annotation: Any) -> bool:
    """Tell whether a key of the policy is a section that has presets."""
    return isinstance(annotation, type) and issubclass(annotation, Section)


def policy_from(content: dict[str, Any]) -> Policy:
    """Build a policy from a parsed TOML document; keys left out take their default."""
    return Policy.model_validate(content)
