"""How old a week's newest lead was when the week ended."""

from datetime import date, datetime

from leadscore_assets.domain.calendar import WEEK, at_midnight


def staleness(week: date, last_at: datetime | None) -> tuple[int, str]:
    """Return the whole days at the end of a week without a lead (7 for an empty week), and a sentence."""
    if last_at is None:
        return 7, f"Week {week} holds no leads."
    days = max((at_midnight(week + WEEK) - last_at).days, 0)
    return days, f"The newest lead is of {last_at:%a %Y-%m-%d %H:%M} UTC, {days} whole days before the week's end."
