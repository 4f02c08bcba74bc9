"""Profiling a stored week: one small document of the week's present leads, the same bytes for the same leads."""

from datetime import UTC, datetime
from shutil import rmtree

import numpy as np
import pytest

from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.profiling import find_profile, home_bins, profile_path, profile_problems, profile_week
from leadscore_assets_tests.home import CONTRACT, WEEKS, leads, write_csv


def document(platform, week):
    return platform.lake.local_path(profile_path(week)).read_bytes()


def test_a_profile_counts_every_lead_of_the_week_and_stays_small(ingested, copy):
    platform = copy(ingested).platform()
    found = profile_week(platform, WEEKS[0])
    assert profile_problems(platform, WEEKS[0]) == []
    assert found.profile.rows == 210
    assert set(found.profile.features) == set(CONTRACT.names)
    assert len(document(platform, WEEKS[0])) < 1_000_000
    assert platform.lake.read_json(profile_path(WEEKS[0])) == found.to_json()


def test_the_same_week_gives_the_same_bytes_and_other_weeks_are_counted_with_the_same_bins(ingested, copy):
    platform = copy(ingested).platform()
    profile_week(platform, WEEKS[1])
    once = document(platform, WEEKS[1])
    other = profile_week(platform, WEEKS[2])
    profile_week(platform, WEEKS[1])
    assert document(platform, WEEKS[1]) == once
    assert other.profile.bins == home_bins(platform).digest


def test_the_bins_of_a_small_week_come_from_the_weeks_around_it(ingested, copy):
    home = copy(ingested)
    rmtree(home.path / "lake" / "profiles")
    platform = home.platform()
    profile_week(platform, WEEKS[3])
    assert home_bins(platform).rulers["employees"].size > 210


def test_the_sample_holds_no_key_no_moment_and_no_label(ingested, copy):
    platform = copy(ingested).platform()
    found = profile_week(platform, WEEKS[0])
    sample = platform.lake.read_files([found.sample])
    assert sorted(sample.column_names) == sorted(CONTRACT.names)
    assert sample.num_rows == 210
    employees = leads(WEEKS[0])["employees"].to_numpy()
    assert sorted(sample["employees"].to_pylist()) == sorted(employees.astype(np.float32).tolist())
    assert sample["employees"].to_pylist() != employees.astype(np.float32).tolist()


def test_a_week_whose_leads_changed_has_no_profile_until_it_is_made_again(home):
    platform = home.platform()
    ingest_week(platform, WEEKS[0])
    profile_week(platform, WEEKS[0])
    write_csv(home.data / f"{WEEKS[0]}.csv", leads(WEEKS[0], rows=150))
    platform = home.platform()
    ingest_week(platform, WEEKS[0])
    assert find_profile(platform, WEEKS[0], home_bins(platform)) is None
    assert "materialize lead_profile" in profile_problems(platform, WEEKS[0])[0]
    assert profile_week(platform, WEEKS[0]).profile.rows == 150
    assert profile_problems(platform, WEEKS[0]) == []


def test_a_week_that_is_not_there_and_a_document_that_is_not_one_are_named(ingested, copy):
    platform = copy(ingested).platform(now=lambda: datetime(2030, 1, 1, tzinfo=UTC))
    with pytest.raises(Missing, match="materialize weekly_leads"):
        profile_week(platform, WEEKS[-1].replace(year=2026))
    found = profile_week(platform, WEEKS[0])
    platform.lake.write_json(profile_path(WEEKS[0]), found.to_json() | {"profile": {"rows": 3}})
    with pytest.raises(CorruptArtefact, match="materialize lead_profile"):
        find_profile(platform, WEEKS[0], home_bins(platform))
