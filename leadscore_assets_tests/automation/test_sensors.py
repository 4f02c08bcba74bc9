"""The sensor for weeks that late rows or corrections re-opened."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from leadscore_assets.automation.sensors import conditions_of_a_retraining, weeks_with_late_or_corrected_leads
from leadscore_assets.definitions import build_definitions
from leadscore_assets.domain.calendar import WEEK, at_midnight
from leadscore_assets.settings import HomeSettings, Settings
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.home import WEEKS, Home, leads, write_csv

Copy = Callable[[Home], Home]
NOON = datetime(2025, 6, 4, 12, tzinfo=UTC)


def tick(platform: Platform) -> tuple[list[dg.RunRequest], str]:
    """Let the sensor tick; return the runs that it asks for, or why it skipped."""
    settings = Settings(home=Path("none"), values=HomeSettings(start_week=platform.start_week))
    repository = build_definitions(settings).get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, resources={"platform": platform}, repository_def=repository
        )
        found = weeks_with_late_or_corrected_leads.evaluate_tick(context)
    return list(found.run_requests or []), found.skip_message or ""


def test_nothing_changed_is_a_skip_with_its_reason(ingested: Home) -> None:
    requests, why = tick(ingested.platform())
    assert requests == []
    assert "no stored week changed in the source" in why


def test_a_corrected_week_is_asked_for_until_it_is_ingested_and_again_when_it_changes_back(
    copy: Copy, ingested: Home
) -> None:
    home = copy(ingested)
    platform = home.platform(now=lambda: NOON)
    keys = []
    for seed in (50, 1, 50):
        write_csv(home.data / f"{WEEKS[1]}.csv", leads(WEEKS[1], seed=seed))
        for _ in range(2):
            (request,), _ = tick(platform)
            assert request.partition_key == f"{WEEKS[1]}"
            keys.append(request.run_key)
        ingest_week(platform, WEEKS[1])
        assert tick(platform)[0] == []
    assert keys[0::2] == keys[1::2]
    assert len(set(keys)) == 3


def test_a_run_that_failed_is_asked_for_again_the_next_day(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    write_csv(home.data / f"{WEEKS[1]}.csv", leads(WEEKS[1], seed=50))
    days = [NOON, NOON + timedelta(hours=1), NOON + timedelta(days=1)]
    keys = [tick(home.platform(now=lambda day=day: day))[0][0].run_key for day in days]
    assert keys[0] == keys[1] != keys[2]


def test_a_home_that_holds_nothing_yet_is_left_to_the_first_ingest(home: Home) -> None:
    assert tick(home.platform())[0] == []


def test_weeks_that_were_missed_since_the_first_are_asked_for(home: Home) -> None:
    platform = home.platform()
    ingest_week(platform, WEEKS[2])
    assert [request.partition_key for request in tick(platform)[0]] == [f"{week}" for week in WEEKS[3:]]


def test_a_week_that_is_not_over_is_left_alone(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    write_csv(home.data / f"{WEEKS[3]}.csv", leads(WEEKS[3], seed=50))
    during = at_midnight(WEEKS[3]) + timedelta(days=3)
    assert tick(home.platform(now=lambda: during))[0] == []
    assert len(tick(home.platform(now=lambda: NOON))[0]) == 1


def test_a_week_whose_rows_vanished_is_asked_for(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    (home.data / f"{WEEKS[2]}.csv").unlink()
    (request,), _ = tick(home.platform())
    assert request.partition_key == f"{WEEKS[2]}"


def test_the_conditions_are_asked_and_answered_with_one_record(copy: Copy, ingested: Home) -> None:
    platform = replace(copy(ingested).platform(), now=lambda: at_midnight(WEEKS[-1] + WEEK) + timedelta(hours=6))
    repository = build_definitions(
        Settings(home=Path("none"), values=HomeSettings(start_week=WEEKS[0]))
    ).get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance,
            resources={"platform": platform},
            repository_def=repository,
            sensor_name="conditions_of_a_retraining",
        )
        found = conditions_of_a_retraining.evaluate_tick(context)
    [record] = platform.ledger.records(action="asked")
    assert (record.evidence["asker"], record.actor) == ("conditions", "sensor conditions_of_a_retraining")
    assert found.run_requests == []
    assert found.skip_message == record.evidence["sentence"]
    assert "the calendar's next question" in found.skip_message
