"""The one weekly calendar as Dagster sees it: Mondays in UTC, keys as ISO dates."""

from datetime import date

import dagster as dg


def weekly_partitions(start: date) -> dg.WeeklyPartitionsDefinition:
    """Return the partitions of every weekly asset, from the home's start week on."""
    return dg.WeeklyPartitionsDefinition(start_date=start.isoformat(), day_offset=1, timezone="UTC")
