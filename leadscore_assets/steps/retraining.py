"""Retraining: whether the week that is due is retrained, asked of what is stored."""

from datetime import date

from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.domain.errors import Missing
from leadscore_assets.domain.retraining import Trigger, wants_retraining
from leadscore_assets.steps.drifting import stored_drift
from leadscore_assets.steps.platform import Platform


def should_retrain(platform: Platform, week: date) -> Trigger:
    """Answer for a finished week, and record an answer that rests on the week's drift.

    Nothing is opened for a policy that retrains every week; a record holds the cooldown of the alarms after it.
    """
    policy = platform.policy
    if policy.retraining.when == "weekly":
        return wants_retraining(policy, week, champion_exists=True)
    champion = platform.registry.production()
    report, digest = None, None
    if champion is not None and policy.retraining.when == "on_drift":
        try:
            report = stored_drift(platform, week)
        except Missing:
            report = None
        digest = report.digest if report else None
    last = last_started_by_drift(platform, before=week)
    found = wants_retraining(policy, week, champion_exists=champion is not None, report=report, last=last)
    if digest:
        _record(platform, week, found, digest)
    return found


def last_started_by_drift(platform: Platform, *, before: date) -> date | None:
    """Return the day after the last earlier week whose drift started a retraining."""
    records = platform.ledger.records(action="asked")
    weeks = [date.fromisoformat(item.evidence["week"]) for item in records if item.evidence["cause"] == "drift"]
    return max((week + WEEK for week in weeks if week < before), default=None)


def _record(platform: Platform, week: date, found: Trigger, report: str) -> None:
    platform.ledger.append(
        "asked",
        f"retraining of week {week}",
        reason=found.reason,
        evidence={
            "week": week.isoformat(),
            "wanted": found.wanted,
            "cause": found.cause,
            "report": report,
            "policy_digest": platform.policy.digest,
        },
        key=f"asked:{week}:{found.wanted}:{report}:{platform.policy.digest}",
    )
