"""How often S3 is asked which weeks changed: as often for one week as for many."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.backends.aws.s3_lake import S3Lake
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.steps.ingest import ingest_week, reopened_weeks
from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.automation.test_sensors import tick
from leadscore_assets_tests.home import WEEKS, Home, leads, write_csv


@pytest.fixture
def platform(home: Home, store: S3Store, tmp_path: Path) -> Platform:
    return replace(home.platform(), lake=S3Lake(store, tmp_path / "cache"))


def asked(platform: Platform, weeks: Sequence[date], calls: list[Any]) -> list[str]:
    """Ingest weeks, look once as the sensor does, and return what S3 is asked at the second look."""
    for week in weeks:
        ingest_week(platform, week)
    tick(platform)
    calls.clear()
    tick(platform)
    return [name for name, _ in calls]


def test_a_look_costs_the_same_calls_however_many_weeks_are_stored(platform: Platform, calls: list[Any]) -> None:
    few = asked(platform, WEEKS[:2], calls)

    assert asked(platform, WEEKS[2:], calls) == few == ["ListObjectsV2", "ListObjectsV2"]


def test_a_week_that_lost_a_file_in_the_bucket_is_asked_for(
    platform: Platform, store: S3Store, home: Home, calls: list[Any]
) -> None:
    asked(platform, WEEKS, calls)
    lost = platform.lake.manifest(WEEKS[3])
    assert lost
    store.delete(f"lake/{lost.files[2].path}")
    write_csv(home.data / f"{WEEKS[5]}.csv", leads(WEEKS[5], seed=50))

    assert reopened_weeks(platform) == [WEEKS[3], WEEKS[5]]
