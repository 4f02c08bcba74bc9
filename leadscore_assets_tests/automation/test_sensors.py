"""The sensor for weeks that late rows or corrections re-opened."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dagster as dg

from leadscore_assets.automation.sensors import weeks_with_late_or_corrected_leads
from leadscore_assets.domain.calendar import at_midnight
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.home import WEEKS, Home, leads, write_csv

Copy = Callable[[Home], Home]


def tick(platform: Platform) -> tuple[list[dg.RunRequest], str]:
    """Let the sensor tick; return the runs that it asks for, or why it skipped."""
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, resources={"platform": platform})
        found = weeks_with_late_or_corrected_leads.evaluate_tick(context)
    return list(found.run_requests or []), found.skip_message or ""


def test_nothing_changed_is_a_skip_with_its_reason(ingested: Home) -> None:
    assert tick(ingested.platform()) == ([], "no stored week changed in the source")


def test_a_corrected_week_is_asked_for_once_a_content(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    platform = home.platform()
    keys = []
    for seed in (50, 50, 51):
        write_csv(home.data / f"{WEEKS[1]}.csv", leads(WEEKS[1], seed=seed))
        (request,), _ = tick(platform)
        assert request.partition_key == f"{WEEKS[1]}"
        keys.append(request.run_key)
    assert keys[0] == keys[1] != keys[2]
    ingest_week(platform, WEEKS[1])
    assert tick(platform)[0] == []


def test_a_week_that_was_never_stored_is_left_to_the_schedule(home: Home) -> None:
    platform = home.platform()
    assert tick(platform)[0] == []
    ingest_week(platform, WEEKS[0])
    assert tick(platform)[0] == []


def test_a_week_that_is_not_over_is_left_alone(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    write_csv(home.data / f"{WEEKS[3]}.csv", leads(WEEKS[3], seed=50))
    during = at_midnight(WEEKS[3]) + timedelta(days=3)
    assert tick(home.platform(now=lambda: during))[0] == []
    assert len(tick(home.platform(now=lambda: datetime(2025, 6, 1, tzinfo=UTC)))[0]) == 1


def test_a_week_whose_rows_vanished_is_asked_for(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    (home.data / f"{WEEKS[2]}.csv").unlink()
    (request,), _ = tick(home.platform())
    assert request.partition_key == f"{WEEKS[2]}"
