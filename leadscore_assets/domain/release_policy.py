"""The release section of the policy: the steps of a release as data, and every bound, sample and time behind them."""

from itertools import pairwise
from typing import ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from leadscore_assets.domain.section import Section

Share = float
GuardName = Literal[
    "errors",
    "invalid_outputs",
    "latency_p99",
    "conversion",
    "rank_correlation",
    "band_changes",
    "score_size",
    "split",
    "winner",
]
LiveGuard = Literal["errors", "invalid_outputs", "latency_p99", "conversion"]
GUARDS: tuple[str, ...] = get_args(GuardName)

# Statistical guards that can take a candidate back by chance: five in shadow, three in canary, two in the watch.
CHANCES = 10


class ReleaseStep(BaseModel):
    """A share of leads that the candidate answers, for at least and at most so many watched hours, and what ends it.

    `proof` ends it when every one of `guards` is proved; `winner` when conversions have named the better model too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")
    weight: Share = Field(gt=0, lt=1)
    minimum_hours: float = Field(default=24.0, ge=0, le=24 * 366)
    maximum_hours: float = Field(default=168.0, gt=0, le=24 * 366)
    ends: Literal["proof", "winner"] = "proof"
    guards: tuple[LiveGuard, ...] = Field(default=("errors", "invalid_outputs", "latency_p99"), min_length=1)
    allocation: Literal["fixed", "thompson"] = "fixed"

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.minimum_hours > self.maximum_hours:
            raise ValueError(
                f"step {self.name} lasts {self.minimum_hours:g} hours at least and {self.maximum_hours:g} at most; "
                "raise the second"
            )
        if self.allocation == "thompson" and self.ends != "winner":
            raise ValueError(
                f"step {self.name} follows conversions (thompson) and names no winner; set ends = 'winner'"
            )
        return self


class ReleasePolicy(Section):
    """How a candidate comes to answer all leads, and what takes it back.

    The default is made for one machine: all leads at once, watched, and a newer candidate takes over at once, because a
    laptop's endpoint has no traffic that could decide anything. The presets all begin in shadow. Hours are watched
    hours: between two looks at most `longest_gap_minutes` count, so a clock that jumps ends no step.
    """

    section: ClassVar[str] = "release"

    strategy: str = Field(default="immediate", pattern=r"^[a-z][a-z0-9_]{0,47}$")
    shadow: bool = Field(default=False, description="the candidate first answers the same leads unseen")
    shadow_days: int = Field(default=7, ge=7, le=14)
    shadow_maximum_days: int = Field(default=14, ge=7, le=60)
    steps: tuple[ReleaseStep, ...] = ()
    floor: Share = Field(default=0.05, gt=0, lt=0.5, description="of leads that either arm of a bandit keeps")
    batch_hours: float = Field(default=168.0, gt=0, description="between two changes of a bandit's share")
    most_raise: Share = Field(default=0.20, gt=0, lt=1, description="of a bandit's share in one batch")
    next_candidate: Literal["wait", "supersede", "skip"] = "supersede"
    undecided: Literal["back", "forward"] = Field(
        default="back", description="at a step's maximum; forward only where nothing but the winner is open"
    )
    wait_days: int = Field(default=14, ge=1, le=180, description="for an approval or for its turn; then it is retired")
    warm_hours: float = Field(default=48.0, ge=0, le=720, description="the last champion stays warm, at least")
    watch_hours: float = Field(default=48.0, ge=0, le=720)
    watch_maximum_hours: float = Field(default=168.0, gt=0, le=1440)
    daily_reports: int = Field(
        default=7, ge=0, le=90, description="on the champion after its close watch, one a day; then one a week"
    )
    unproved: Literal["keep", "back"] = Field(default="keep", description="at the end of a watch without enough leads")
    longest_gap_minutes: float = Field(default=60.0, gt=0, le=1440)
    tolerated_failures: int = Field(default=4, ge=1, le=100, description="changes of traffic that fail in a row")
    silent_looks: int = Field(default=4, ge=1, le=1000, description="looks without counts before an alarm")
    errors: Share = Field(default=0.02, gt=0, lt=0.5)
    errors_ratio: float = Field(default=2.0, ge=1, le=100, description="times the champion's rate that is tolerated")
    latency_worse: Share = Field(default=0.50, gt=0, le=10, description="p99 of the champion's")
    latency_ms: float = Field(default=1000.0, gt=0, description="p99 in shadow, and after cutover without a past")
    conversion_worse: Share = Field(default=0.10, gt=0, lt=1)
    rank_correlation: float = Field(default=0.80, gt=-1, lt=1, description="of both models' scores, at least")
    band_changes: Share = Field(default=0.40, gt=0, lt=1, description="of leads in another band, at most")
    score_size: Share = Field(default=0.10, gt=0, lt=1, description="mean distance of scores, of their range")
    bands: tuple[Share, ...] = Field(default=(0.10, 0.30, 0.60), min_length=1, description="cumulative, best first")
    alpha: Share = Field(default=0.01, gt=0, lt=0.5, description="chance of a false step back in a release, all guards")
    proof_alpha: Share = Field(
        default=0.05, gt=0, lt=0.5, description="chance that a guard passes what is out of bounds"
    )
    winner_alpha: Share = Field(default=0.05, gt=0, lt=0.5, description="chance to name the worse model, either way")
    minimum_requests: int = Field(default=200, ge=20, description="the candidate's leads before a step may end well")
    minimum_outcomes: int = Field(
        default=200, ge=20, description="either arm's known outcomes before conversions speak"
    )
    minimum_bad: int = Field(default=5, ge=1, description="distinct leads that fared badly before going back")

    @model_validator(mode="after")
    def _times(self) -> Self:
        if self.shadow_days > self.shadow_maximum_days:
            raise ValueError(
                f"shadow_days {self.shadow_days} is more than shadow_maximum_days {self.shadow_maximum_days}; raise it"
            )
        if self.watch_hours > self.warm_hours:
            raise ValueError(
                f"watch_hours {self.watch_hours:g} is more than warm_hours {self.warm_hours:g}: the watch could step "
                "back to a model that is cold; raise warm_hours"
            )
        if self.watch_hours > self.watch_maximum_hours:
            raise ValueError(
                f"watch_hours {self.watch_hours:g} is more than watch_maximum_hours {self.watch_maximum_hours:g}; "
                "raise the second"
            )
        return self

    @model_validator(mode="after")
    def _steps(self) -> Self:
        names, weights = [step.name for step in self.steps], [step.weight for step in self.steps]
        if len(set(names)) < len(names):
            raise ValueError(f"two steps have one name ({', '.join(names)}); each decision names its step")
        if any(after <= before for before, after in pairwise(weights)):
            raise ValueError(
                f"steps of {', '.join(f'{weight:g}' for weight in weights)}: a share only rises, or leads would move "
                "back and forth; put the smaller share first"
            )
        for step in self.steps:
            self._check_bandit(step)
        if list(self.bands) != sorted(set(self.bands)) or not 0 < self.bands[0] <= self.bands[-1] < 1:
            raise ValueError(f"bands {self.bands} must rise between 0 and 1")
        return self

    def _check_bandit(self, step: ReleaseStep) -> None:
        if step.allocation != "thompson":
            return
        if not self.floor <= step.weight <= 1 - self.floor:
            raise ValueError(
                f"step {step.name} begins at {step.weight:g}, and either arm keeps floor = {self.floor:g}; begin at it "
                "or above"
            )
        if step is not self.steps[-1]:
            raise ValueError(f"step {step.name} follows conversions (thompson); it must be the last step")

    @property
    def guard_alpha(self) -> float:
        """The chance of a false step back that one guard may spend."""
        return self.alpha / CHANCES
