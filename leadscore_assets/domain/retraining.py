"""Whether a week is retrained, asked the same way by the schedule and by a replay of the past."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from leadscore_assets.domain.drift import DriftReport, may_retrain
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.policy import Policy

Cause = Literal["weekly", "first_model", "drift", "none"]


@dataclass(frozen=True)
class Trigger(Record):
    """The answer, what speaks for it (`none` where nothing does), and the reason in a sentence."""

    wanted: bool
    cause: Cause
    reason: str


def wants_retraining(
    policy: Policy, week: date, *, champion_exists: bool, report: DriftReport | None = None, last: date | None = None
) -> Trigger:
    """Answer for a finished week.

    `report` is the week's drift against the champion, which only `on_drift` reads; `last` is the day on which drift
    last started a retraining.
    """
    when = policy.retraining.when
    if when == "weekly":
        return Trigger(wanted=True, cause="weekly", reason="The policy retrains every week.")
    if not champion_exists:
        return Trigger(wanted=True, cause="first_model", reason="There is no champion yet.")
    if when == "never":
        return Trigger(wanted=False, cause="none", reason="The policy never retrains once there is a champion.")
    if report is None:
        reason = f"Week {week} has no drift report, and the policy retrains on a drift alarm; materialize drift_report."
        return Trigger(wanted=False, cause="none", reason=reason)
    wanted, reason = may_retrain(report, last=last, cooldown_days=policy.drift.cooldown_days)
    return Trigger(wanted=wanted, cause="drift" if wanted else "none", reason=reason)
