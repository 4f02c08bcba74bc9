"""Which weeks are past their retention: what a cleaning removes, nothing brings back by itself."""

from datetime import date

from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.slicing import window_start


def weeks_from(platform: Platform, newest: date) -> date:
    """Return the first week that a training, judgement or drift report of the newest week may look back to."""
    policy = platform.policy
    history = max(policy.promotion.history_weeks, policy.drift.history_weeks + policy.drift.reference_weeks)
    return min(window_start(platform, newest), newest - WEEK * (history + 1))


def is_past_retention(platform: Platform, week: date, newest: date, *, days: int) -> bool:
    """Tell whether what a week has is older than the days that it is kept, and nothing to come looks back to it."""
    return (newest - week).days > days and week < weeks_from(platform, newest)
