"""The schedules, tick by tick with a clock that the test holds."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.defs_state.base import _current_storage

from leadscore_assets.automation.retraining import asked_run
from leadscore_assets.automation.schedules import leads_every_monday, retraining_when_it_is_due
from leadscore_assets.definitions import build_definitions
from leadscore_assets.domain.calendar import WEEK, days_between, rotation, run_day
from leadscore_assets.domain.policy import policy_from
from leadscore_assets.domain.retraining_calendar import HOUR
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import HomeSettings, Settings
from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.home import POLICY, START, WEEKS, Home

FIRST = date(2025, 2, 3)
Copy = Callable[[Home], Home]


@contextmanager
def _instance() -> Iterator[dg.DagsterInstance]:
    # A context that is built by hand leaves the closed instance's store behind for whoever loads definitions next, and
    # does so again when it is collected.
    with dg.instance_for_test() as instance:
        yield instance
        gc.collect()
    _current_storage.set(None)


@cache
def repository() -> dg.RepositoryDefinition:
    settings = Settings(home=Path("none"), values=HomeSettings(start_week=FIRST - WEEK * 4))
    return build_definitions(settings).get_repository_def()


def evaluated(
    schedule: dg.ScheduleDefinition, moment: datetime, platform: Platform | None = None
) -> tuple[dg.RunRequest | None, str]:
    """Let a schedule tick at a moment; return the run that it asks for, or why it skipped."""
    settings = Settings(home=Path("none"), values=HomeSettings(start_week=FIRST - WEEK * 4))
    with _instance() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            resources={"platform": platform or open_platform(settings)},
            scheduled_execution_time=moment,
            repository_def=repository(),
        )
        found = schedule.evaluate_tick(context)
    return (found.run_requests[0] if found.run_requests else None), found.skip_message or ""


def tick(schedule: dg.ScheduleDefinition, moment: datetime) -> dg.RunRequest | None:
    return evaluated(schedule, moment)[0]


def at_five(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 5, tzinfo=UTC)


def retraining(platform: Platform) -> dg.ScheduleDefinition:
    return retraining_when_it_is_due(platform.policy)


def asked(platform: Platform, moment: datetime) -> tuple[dg.RunRequest | None, str]:
    return evaluated(retraining(platform), moment, platform)


def test_a_day_without_a_retraining_says_when_it_is_due_and_the_day_of_it_asks_for_its_week(
    copy: Copy, champion: Home
) -> None:
    platform = ruled(copy(champion).platform(), "weekly")
    week = WEEKS[5]
    days = days_between(week + WEEK, week + WEEK * 2)
    found = {day: asked(platform, at_five(day)) for day in days}
    early = [why for day, (request, why) in found.items() if day < run_day(week) and not request]
    assert len(early) == rotation(week)
    assert all(f"{run_day(week)}" in why for why in early)
    request, _ = found[run_day(week)]
    assert request
    assert request.partition_key == f"{week}"
    assert request.tags["leadscore/cause"] == "weekly"


def test_each_tick_leaves_one_record_however_often_it_is_evaluated(copy: Copy, champion: Home) -> None:
    platform = ruled(copy(champion).platform(), "weekly")
    moment = at_five(run_day(WEEKS[5]))
    before = len(platform.ledger.records(action="asked"))
    keys = {request.run_key for _ in range(2) if (request := asked(platform, moment)[0])}
    assert len(keys) == 1
    asked(platform, moment + timedelta(days=1))
    assert len(platform.ledger.records(action="asked")) == before + 2


def test_a_custom_calendar_is_the_schedules_own() -> None:
    policy = policy_from({"retraining": {"when": "cron", "cron": "30 4 * * 2,5"}})
    assert retraining_when_it_is_due(policy).cron_schedule == "30 4 * * 2,5"
    assert retraining_when_it_is_due(policy_from({})).cron_schedule == "0 5 * * *"


@pytest.mark.parametrize("hours", [6, 14, 23])
def test_a_tick_in_another_time_zone_is_told_by_its_day_in_utc(copy: Copy, champion: Home, hours: int) -> None:
    platform = ruled(copy(champion).platform(), "weekly")
    moment = at_five(run_day(WEEKS[5])).replace(hour=hours)
    request, why = asked(platform, moment.astimezone(timezone(timedelta(hours=-11))))
    assert request, why
    assert request.partition_key == f"{WEEKS[5]}"


def test_every_monday_asks_for_the_week_that_ended_on_sunday() -> None:
    for number in range(3):
        monday = FIRST + WEEK * number
        request = tick(leads_every_monday, at_five(monday) - timedelta(hours=2))
        assert request
        assert request.partition_key == f"{monday - WEEK}"
        assert request.run_key == f"ingest:{monday - WEEK}"


def test_leads_come_before_the_retraining_that_needs_them() -> None:
    assert (leads_every_monday.cron_schedule, leads_every_monday.execution_timezone) == ("0 3 * * 1", "UTC")
    assert HOUR > 3


def ruled(platform: Platform, when: str) -> Platform:
    drift = {"rule": "psi", "minimum_rows": 50, "evidently_page": False}
    return replace(platform, policy=policy_from({**POLICY, "drift": drift, "retraining": {"when": when}}))


def test_a_policy_that_never_retrains_skips_with_its_reason_but_makes_a_first_model(
    copy: Copy, champion: Home, ingested: Home
) -> None:
    moment = at_five(run_day(WEEKS[5]))
    request, why = asked(ruled(copy(champion).platform(), "never"), moment)
    assert request is None
    assert "never retrains" in why
    assert asked(ruled(copy(ingested).platform(), "never"), moment)[0]


def test_one_that_runs_already_is_not_launched_again(copy: Copy, champion: Home) -> None:
    platform, moment = ruled(copy(champion).platform(), "weekly"), at_five(run_day(WEEKS[5]))
    with _instance() as instance:
        run = instance.create_run_for_job(
            job_def=build_definitions(
                Settings(home=Path("none"), values=HomeSettings(start_week=START))
            ).resolve_job_def("retrain_job"),
            status=dg.DagsterRunStatus.STARTED,
            tags={"dagster/partition": f"{WEEKS[5]}"},
        )
        then = replace(platform, now=lambda: moment)
        found = asked_run(then, instance, asker="calendar", tick="x")
    assert isinstance(found, dg.SkipReason)
    assert run.run_id[:8] in (found.skip_message or "")
