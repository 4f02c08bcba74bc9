"""The schedules, tick by tick with a clock that the test holds."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from leadscore_assets.automation.schedules import (
    leads_every_monday,
    retraining_on_the_rotating_weekday,
    week_due,
)
from leadscore_assets.definitions import build_definitions
from leadscore_assets.domain.calendar import DAY, WEEK, days_between, run_day
from leadscore_assets.domain.policy import policy_from
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import HomeSettings, Settings
from leadscore_assets.steps.drifting import report_drift
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.profiling import profile_week
from leadscore_assets_tests.home import POLICY, START, Home, leads, write_csv

FIRST = date(2025, 2, 3)
DAYS = days_between(FIRST, FIRST + WEEK * 14)


def evaluated(
    schedule: dg.ScheduleDefinition, moment: datetime, platform: Platform | None = None
) -> tuple[dg.RunRequest | None, str]:
    """Let a schedule tick at a moment; return the run that it asks for, or why it skipped."""
    settings = Settings(home=Path("none"), values=HomeSettings(start_week=FIRST - WEEK * 4))
    repository = build_definitions(settings).get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            resources={"platform": platform or open_platform(settings)},
            scheduled_execution_time=moment,
            repository_def=repository,
        )
        found = schedule.evaluate_tick(context)
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


def on_home(platform: Platform, when: str) -> Platform:
    drift = {"rule": "psi", "minimum_rows": 50, "evidently_page": False}
    return replace(platform, policy=policy_from({**POLICY, "drift": drift, "retraining": {"when": when}}))


def test_a_policy_that_never_retrains_skips_with_its_reason_but_makes_a_first_model(
    champion: Home, ingested: Home
) -> None:
    day = run_day(START + WEEK * 5)
    request, why = evaluated(retraining_on_the_rotating_weekday, at_five(day), on_home(champion.platform(), "never"))
    assert request is None
    assert "never retrains" in why
    assert evaluated(retraining_on_the_rotating_weekday, at_five(day), on_home(ingested.platform(), "never"))[0]


def test_a_policy_that_waits_for_drift_retrains_after_an_alarm_and_not_again_within_the_cooldown(
    champion: Home, copy: Callable[[Home], Home]
) -> None:
    home = copy(champion)
    shutil.rmtree(home.path / "lake" / "reports")
    platform = on_home(home.platform(), "on_drift")
    weeks = [START + WEEK * number for number in range(7)]
    for number, week in enumerate(weeks):
        if number >= 4:
            table = leads(week)
            values = [None if value is None else value * 1000 for value in table["revenue"].to_pylist()]
            place = table.schema.get_field_index("revenue")
            write_csv(home.data / f"{week}.csv", table.set_column(place, "revenue", pa.array(values)))
        ingest_week(platform, week)
        profile_week(platform, week)
    for week in weeks[3:6]:
        report_drift(platform, week)
    days = [at_five(run_day(week)) for week in weeks[3:]]
    ticks = [evaluated(retraining_on_the_rotating_weekday, day, platform) for day in days]
    assert [request is not None for request, _ in ticks] == [False, True, False, False]
    assert ticks[1][0]
    assert ticks[1][0].partition_key == f"{weeks[4]}"
    assert "Drift does not ask" in ticks[0][1]
    assert "not before" in ticks[2][1]
    assert "materialize drift_report" in ticks[3][1]
