"""The notices section of the policy: what goes at once, what waits for the morning, and how long a channel is tried."""

from datetime import timedelta
from typing import Self

from pydantic import Field, field_validator, model_validator

from leadscore_assets.domain.contract import Frozen
from leadscore_assets.domain.notices import NoticeKind


class NoticePolicy(Frozen):
    """When people are told, by kind; hours are those of a day in UTC.

    Urgent kinds go at once, whatever the hour. Each set of kinds in `digests` goes as one message a day, at
    `digest_hour`. Everything else goes at once outside the quiet hours, and at their end otherwise. A channel that does
    not answer is tried again after `first_wait_minutes`, then twice as long each time, for `give_up_hours` in all.
    """

    urgent: tuple[NoticeKind, ...] = ("promotion_coming", "rolled_back", "alarm", "run_failed")
    digests: tuple[tuple[NoticeKind, ...], ...] = Field(default=(), description="sets of kinds, one message a day each")
    digest_hour: int = Field(default=7, ge=0, le=23)
    quiet_hours: tuple[int, ...] = Field(default=(), description="hours in which nothing goes that is not urgent")
    news_days: int = Field(default=35, ge=1, le=3660, description="a decision about an older week is told to nobody")
    silent_after_minutes: float = Field(
        default=10.0, ge=1, le=60 * 24 * 31, description="past its time, a sensor or schedule counts as silent"
    )
    first_wait_minutes: float = Field(default=1.0, gt=0, le=1440)
    longest_wait_minutes: float = Field(default=60.0, gt=0, le=1440)
    give_up_hours: float = Field(default=72.0, gt=0, le=24 * 31)

    @property
    def silent_after(self) -> timedelta:
        """How long a busy daemon, or one that was just started, is not silent yet."""
        return timedelta(minutes=self.silent_after_minutes)

    @field_validator("quiet_hours")
    @classmethod
    def _hours_of_a_day(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        wrong = [hour for hour in value if not 0 <= hour <= 23]
        if wrong:
            raise ValueError(f"{wrong[0]} is no hour of a day; give whole numbers from 0 to 23")
        if len(set(value)) == 24:
            raise ValueError("every hour of the day is quiet; leave one in which people are told")
        return tuple(sorted(set(value)))

    @model_validator(mode="after")
    def _each_kind_has_one_way(self) -> Self:
        gathered = [kind for kinds in self.digests for kind in kinds]
        twice = sorted({kind for kind in gathered if gathered.count(kind) > 1})
        if twice:
            raise ValueError(f"{twice[0]} stands in two digests; keep it in one")
        both = sorted(set(gathered) & set(self.urgent))
        if both:
            raise ValueError(f"{both[0]} is urgent and in a digest; take it out of one of them")
        if gathered and self.digest_hour in self.quiet_hours:
            raise ValueError(f"digest_hour = {self.digest_hour} is a quiet hour; choose another")
        if self.first_wait_minutes > self.longest_wait_minutes:
            raise ValueError("first_wait_minutes is more than longest_wait_minutes; raise the second")
        return self

    def wait(self, attempts: int) -> timedelta:
        """Return how long a channel rests after so many failed tries."""
        return timedelta(minutes=min(self.first_wait_minutes * 2 ** min(attempts - 1, 20), self.longest_wait_minutes))
