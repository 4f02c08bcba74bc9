"""When a retraining starts by itself."""

from typing import ClassVar, Literal

from pydantic import Field

from leadscore_assets.domain.section import Section

When = Literal["weekly", "on_drift", "never"]


class RetrainingPolicy(Section):
    """What starts a retraining by itself; `leadscore retrain` trains whenever it is asked.

    Without a champion every week trains: the first model has to come from somewhere.
    """

    section: ClassVar[str] = "retraining"

    when: When = Field(default="weekly", description="weekly, on_drift (only after a drift alarm) or never")
