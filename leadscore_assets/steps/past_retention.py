"""Which weeks of leads are past their retention: what a cleaning removes, no ingestion brings back by itself."""

from datetime import date

from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.slicing import window_start


def weeks_from(platform: Platform, newest: date) -> date:
    """Return the first week that a training, judgement or drift report of the newest week may look back to."""
    policy = platform.policy
    history = max(policy.promotion.history_weeks, policy.drift.history_weeks + policy.drift.reference_weeks)
    return min(window_start(platform, newest), newest - WEEK * (history + 1))


def is_past_retention(platform: Platform, week: date, newest: date) -> bool:
    """Tell whether a week's leads are older than the policy keeps them, and nothing to come looks back to them."""
    return (newest - week).days > platform.policy.retention.leads_days and week < weeks_from(platform, newest)
