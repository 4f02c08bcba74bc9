"""Upkeep in Dagster: the weekly job and its schedule, runs as things that are kept, and what may run at once."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import dagster as dg
import pytest

from leadscore_assets.automation.jobs import LANE
from leadscore_assets.automation.run_history import RunHistory
from leadscore_assets.automation.upkeep import upkeep_every_sunday_night
from leadscore_assets.commands.running import open_instance
from leadscore_assets.definitions import build_definitions
from leadscore_assets.settings import HomeSettings, Settings, load_settings
from leadscore_assets_tests.home import Home

FIRST, SECOND = "2025-01-06", "2025-01-13"
Copy = Callable[[Home], Home]


@dg.asset(partitions_def=dg.WeeklyPartitionsDefinition(start_date=FIRST, day_offset=1))
def weekly() -> None:
    """Something that exists week by week."""


@dg.asset
def single() -> None:
    """Something that exists once."""


@dg.op
def fail() -> None:
    """Materialize nothing."""
    raise dg.Failure("as asked for", allow_retries=False)


@dg.job(executor_def=dg.in_process_executor)
def failing_job() -> None:
    fail()


@cache
def repository() -> dg.RepositoryDefinition:
    return build_definitions(Settings(home=Path("none"), values=HomeSettings())).get_repository_def()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test(temp_dir=str(tmp_path)) as opened:
        yield opened


def made(instance: dg.DagsterInstance, asset: dg.AssetsDefinition, week: str | None = None) -> str:
    return dg.materialize([asset], instance=instance, partition_key=week).run_id


def listed(instance: dg.DagsterInstance, *, first: date = date(2025, 1, 1)) -> list[str]:
    return [item.path for item in RunHistory(instance, first=first).files()]


def test_runs_that_show_what_exists_are_no_litter(instance: dg.DagsterInstance) -> None:
    before = [made(instance, weekly, FIRST), made(instance, single)]
    failed = failing_job.execute_in_process(instance=instance, raise_on_error=False).run_id
    shown = [made(instance, weekly, FIRST), made(instance, weekly, SECOND), made(instance, single)]

    assert listed(instance) == [*before, failed]
    # The week that is no longer stored needs no run that shows it; the newest of all is shown all the same.
    assert listed(instance, first=date(2025, 1, 10)) == [*before, failed, shown[0]]


def test_a_run_tells_when_it_ended_and_one_at_work_is_not_listed(instance: dg.DagsterInstance) -> None:
    instance.create_run_for_job(failing_job, status=dg.DagsterRunStatus.STARTED)
    failing_job.execute_in_process(instance=instance, raise_on_error=False)

    (found,) = RunHistory(instance, first=date(2025, 1, 1)).files()

    assert abs(found.at - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_removed_run_is_gone_with_its_events_and_what_exists_still_does(instance: dg.DagsterInstance) -> None:
    old, new = made(instance, weekly, FIRST), made(instance, weekly, FIRST)
    history = RunHistory(instance, first=date(2025, 1, 1))

    for _ in range(2):
        history.remove(old)

    assert not instance.has_run(old)
    shown = instance.fetch_materializations(dg.AssetKey("weekly"), limit=10).records
    assert [record.run_id for record in shown] == [new]
    assert instance.get_materialized_partitions(dg.AssetKey("weekly")) == {FIRST}


def test_a_run_takes_its_file_along_also_when_it_was_killed_in_between(small: Home) -> None:
    with open_instance(load_settings(small.path)) as instance:
        history = RunHistory(instance, first=date(2025, 1, 1))
        first, second = (
            failing_job.execute_in_process(instance=instance, raise_on_error=False).run_id for _ in range(2)
        )
        files = {item.path: item for item in history.files()}
        assert files[first].size > 10_000
        instance.delete_run(second)

        for run_id in (first, second):
            assert run_id in {item.path for item in history.files()}
            history.remove(run_id)

        assert not {first, second} & {item.path for item in history.files()}
        assert not [path for path in (small.path / "dagster").rglob("*.db*") if path.name[:36] in (first, second)]


def test_the_job_cleans_and_shows_it_and_a_dry_run_only_shows(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    junk = home.path / "endpoint" / "capture" / "old.jsonl"
    junk.parent.mkdir(parents=True)
    junk.write_text("{}\n")
    old(junk)
    settings = load_settings(home.path)
    job = build_definitions(settings).resolve_job_def("upkeep_job")
    with open_instance(settings) as instance:
        for dry_run in (True, False):
            config = {"ops": {"clean_home": {"config": {"dry_run": dry_run}}}}
            assert job.execute_in_process(instance=instance, run_config=config).success
            assert junk.exists() is dry_run
    (record,) = home.platform().ledger.records(action="cleaned")
    assert record.evidence["counts"] == {"capture": 1}


def old(path: Path) -> None:
    import os

    os.utime(path, (1, 1))


def test_the_home_is_cleaned_every_sunday_night_before_the_new_weeks_leads_come() -> None:
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    found = upkeep_every_sunday_night.evaluate_tick(context)
    assert [item.run_key for item in found.run_requests or []] == ["upkeep:2026-03-01"]
    assert (upkeep_every_sunday_night.cron_schedule, upkeep_every_sunday_night.execution_timezone) == (
        "30 23 * * 0",
        "UTC",
    )


def test_every_job_ends_in_bounded_time_and_all_but_upkeep_and_what_a_person_says_have_a_lane() -> None:
    jobs = {job.name: job for job in repository().get_all_jobs() if not job.name.startswith("__")}
    assert all(60 <= int(job.tags["dagster/max_runtime"]) <= 7200 for job in jobs.values())
    without = {name for name, job in jobs.items() if LANE not in job.tags}
    assert without == {"rollback_job", "approve_job", "decline_job", "upkeep_job"}
    assert {job.tags[LANE] for name, job in jobs.items() if name in ("retrain_job", "weekly_job", "backfill_job")} == {
        "retraining"
    }


def test_training_and_release_have_a_pool_each_and_going_back_waits_for_none() -> None:
    graph = repository().asset_graph
    pools = {key.to_user_string(): set(graph.get(key).pools or ()) for key in graph.get_all_asset_keys()}
    assert {name: pool for name, pool in pools.items() if pool} == {
        "trained_model": {"training"},
        "endpoint": {"release"},
    }
    assert repository().get_job("rollback_job").get_node_named("go_back").definition.pools == set()


def test_a_home_gives_each_pool_one_place_and_each_lane_one_run_and_frees_what_ended_runs_hold(small: Home) -> None:
    with open_instance(load_settings(small.path)) as instance:
        found = instance.get_concurrency_config()
        assert found.pool_config.default_pool_limit == 1
        assert found.pool_config.pool_granularity is not None
        assert found.pool_config.pool_granularity.value == "op"
        assert found.run_queue_config is not None
        lanes = {job.tags[LANE] for job in repository().get_all_jobs() if LANE in job.tags}
        assert found.run_queue_config.max_concurrent_runs > len({*lanes, "upkeep"})
        limits = [(item["key"], item["limit"]) for item in found.run_queue_config.tag_concurrency_limits]
        assert limits == [(LANE, 1), ("dagster/backfill", 1)]
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_settings["free_slots_after_run_end_seconds"] == 60
        assert not instance.run_retries_enabled
