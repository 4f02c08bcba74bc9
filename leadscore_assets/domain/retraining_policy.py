"""When a retraining starts by itself: its calendar, the conditions beside it, and what holds it back."""

from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from leadscore_assets.domain.section import Section

When = Literal["weekly", "phases", "monthly", "cron", "on_drift", "never"]
Condition = Literal["drift", "volume", "age", "performance"]
CONDITIONS: tuple[Condition, ...] = ("drift", "volume", "age", "performance")


class RetrainingPolicy(Section):
    """What starts a retraining by itself; `leadscore retrain` trains whenever it is asked.

    `weekly` moves on by a weekday each week; `phases` is weekly for `weekly_days` after the first model, then monthly;
    `on_drift` has no calendar and one condition, `never` has neither. A condition waits for the calendar when that is
    due within `merge_hours`, unless it is urgent. Without a champion every week trains: the first model has to come
    from somewhere.
    """

    section: ClassVar[str] = "retraining"

    when: When = Field(default="weekly", description="weekly, phases, monthly, cron, on_drift (no calendar) or never")
    cron: str = Field(default="", description="five fields, UTC; for when = 'cron'")
    weekly_days: int = Field(default=91, ge=7, le=3660)
    on: tuple[Condition, ...] = Field(default=CONDITIONS, description="conditions that start one beside the calendar")
    volume_rows: int = Field(default=1_000, ge=1, description="new matured rows that start a retraining")
    urgent_rows: int = Field(default=100_000, ge=1, description="so many do not wait for anything")
    age_days: int = Field(
        default=30, ge=1, le=3660, description="of the champion's training, and since the last one tried"
    )
    realised_margin: float = Field(default=0.05, ge=0, le=1, description="below what the champion showed when judged")
    minimum_auc: float = Field(default=0.75, ge=0, le=1, description="realised; 0 asks nothing")
    rest_days: int = Field(default=2, ge=0, le=366, description="after a retraining, before a condition starts another")
    merge_hours: int = Field(default=168, ge=0, le=24 * 62)
    cheap_hours: tuple[int, ...] = Field(default=(), description="hours of the day (UTC) at which machines are cheap")
    put_off_hours: int = Field(default=24, ge=0, le=24 * 7, description="at most so long for a cheap hour")

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions in force."""
        return {"on_drift": ("drift",), "never": ()}.get(self.when, self.on)  # type: ignore[return-value]

    @field_validator("cheap_hours")
    @classmethod
    def _hours_of_a_day(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        wrong = [hour for hour in value if not 0 <= hour <= 23]
        if wrong:
            raise ValueError(f"{wrong[0]} is no hour of a day; give whole numbers from 0 to 23")
        return tuple(sorted(set(value)))

    @model_validator(mode="after")
    def _has_its_times(self) -> Self:
        if (self.when == "cron") != bool(self.cron):
            raise ValueError("cron belongs to when = 'cron', and that needs one, such as cron = '0 5 * * 2'")
        if self.cron:
            _check_cron(self.cron)
        if self.urgent_rows < self.volume_rows:
            raise ValueError(f"urgent_rows = {self.urgent_rows} is below volume_rows = {self.volume_rows}; raise it")
        return self


def _check_cron(expression: str) -> None:
    from datetime import UTC, datetime

    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValueError(f"cron = {expression!r} is not five fields of a calendar ({error})") from None
