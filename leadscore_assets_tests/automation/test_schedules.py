"""The schedules, tick by tick with a clock that the test holds."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest

from leadscore_assets.automation.schedules import (
    leads_every_monday,
    retraining_on_the_rotating_weekday,
    week_due,
)
from leadscore_assets.definitions import build_definitions
from leadscore_assets.domain.calendar import DAY, WEEK, days_between, run_day
from leadscore_assets.settings import HomeSettings, Settings

FIRST = date(2025, 2, 3)
DAYS = days_between(FIRST, FIRST + WEEK * 14)


def evaluated(schedule: dg.ScheduleDefinition, moment: datetime) -> tuple[dg.RunRequest | None, str]:
    """Let a schedule tick at a moment; return the run that it asks for, or why it skipped."""
    settings = Settings(home=Path("none"), values=HomeSettings(start_week=FIRST - WEEK * 4))
    repository = build_definitions(settings).get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        found = schedule.evaluate_tick(
            dg.build_schedule_context(instance=instance, scheduled_execution_time=moment, repository_def=repository)
        )
    return (found.run_requests[0] if found.run_requests else None), found.skip_message or ""


def tick(schedule: dg.ScheduleDefinition, moment: datetime) -> dg.RunRequest | None:
    return evaluated(schedule, moment)[0]


def at_five(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 5, tzinfo=UTC)


def test_exactly_one_retraining_is_due_every_week() -> None:
    due = [week for day in DAYS if (week := week_due(day))]
    assert due == [FIRST + WEEK * number for number in range(-1, 13)]


def test_the_weekday_of_the_retraining_moves_on_by_one_each_week() -> None:
    weekdays = [day.weekday() for day in DAYS if week_due(day)]
    assert weekdays[:7] != weekdays[:1] * 7
    assert sorted(weekdays[:7]) == list(range(7))
    assert weekdays[7:] == weekdays[:7]


def test_a_tick_requests_the_week_that_is_due_and_no_other() -> None:
    requests = {day: tick(retraining_on_the_rotating_weekday, at_five(day)) for day in DAYS[:21]}
    asked = [request for request in requests.values() if request]
    assert len(asked) == 3
    assert len({request.run_key for request in asked}) == 3
    for day, request in requests.items():
        if request:
            assert request.partition_key
            assert run_day(date.fromisoformat(request.partition_key)) == day


def test_a_day_without_a_retraining_says_when_it_is_due() -> None:
    day = next(day for day in DAYS if not week_due(day))
    request, why = evaluated(retraining_on_the_rotating_weekday, at_five(day))
    assert request is None
    assert "is due on" in why


@pytest.mark.parametrize("hours", [0, 3, 14, 23])
def test_a_tick_in_another_time_zone_is_told_by_its_day_in_utc(hours: int) -> None:
    day = next(day for day in DAYS if week_due(day))
    moment = datetime(day.year, day.month, day.day, hours, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=-11)))
    request = tick(retraining_on_the_rotating_weekday, elsewhere)
    assert request
    assert request.partition_key == f"{week_due(day)}"


def test_the_same_tick_twice_asks_for_the_same_run() -> None:
    day = next(day for day in DAYS if week_due(day))
    keys = {request.run_key for _ in range(2) if (request := tick(retraining_on_the_rotating_weekday, at_five(day)))}
    assert len(keys) == 1


def test_every_monday_asks_for_the_week_that_ended_on_sunday() -> None:
    for number in range(3):
        monday = FIRST + WEEK * number
        request = tick(leads_every_monday, at_five(monday) - timedelta(hours=2))
        assert request
        assert request.partition_key == f"{monday - WEEK}"
        assert request.run_key == f"ingest:{monday - WEEK}"


def test_leads_come_before_the_retraining_that_needs_them() -> None:
    assert (leads_every_monday.cron_schedule, leads_every_monday.execution_timezone) == ("0 3 * * 1", "UTC")
    assert retraining_on_the_rotating_weekday.cron_schedule == "0 5 * * *"
    monday = next(day for day in DAYS if week_due(day) and day.weekday() == 0)
    assert week_due(monday) == monday - WEEK
    assert DAY * 7 == WEEK
