"""The sensor that looks at the release in hand, and the job that goes back."""

from collections.abc import Callable, Iterator

import dagster as dg
import pytest

from leadscore_assets.automation.sensors import rollout_sensor
from leadscore_assets.definitions import build_definitions
from leadscore_assets.settings import load_settings
from leadscore_assets.steps.releasing import package_candidate, release
from leadscore_assets.steps.rolling_out import roll_back
from leadscore_assets_tests.home import NEW, Home
from leadscore_assets_tests.steps.releases import Clock


@pytest.fixture
def home(copy: Callable[[Home], Home], judged: Home) -> Home:
    return copy(judged)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def tick(home: Home, instance: dg.DagsterInstance) -> tuple[int, str]:
    """Let the sensor tick; return how many runs it asks for, and why it skipped."""
    repository = build_definitions(load_settings(home.path)).get_repository_def()
    context = dg.build_sensor_context(
        instance=instance, resources={"platform": home.platform()}, repository_def=repository
    )
    found = rollout_sensor.evaluate_tick(context)
    return len(found.run_requests or []), found.skip_message or ""


def test_runs_that_change_nothing_are_asked_for_ever_more_seldom(home: Home, instance: dg.DagsterInstance) -> None:
    repository = build_definitions(load_settings(home.path)).get_repository_def()
    clock = Clock()
    platform = home.platform(now=clock)
    platform.endpoint.start()
    assert package_candidate(platform, NEW)
    cursor, minutes = None, []
    for minute in range(16):
        context = dg.build_sensor_context(
            instance=instance, resources={"platform": platform}, repository_def=repository, cursor=cursor
        )
        found = rollout_sensor.evaluate_tick(context)
        cursor = found.cursor or cursor
        minutes += [minute] if found.run_requests else []
        clock.pass_(minutes=1)
    assert minutes == [0, 1, 3, 7, 15]
    release(platform)
    context = dg.build_sensor_context(
        instance=instance, resources={"platform": platform}, repository_def=repository, cursor=cursor
    )
    assert '"tries": 0' in rollout_sensor.evaluate_tick(context).cursor


def run(home: Home, instance: dg.DagsterInstance, job: str, **options: object) -> dg.ExecuteInProcessResult:
    job_def = build_definitions(load_settings(home.path)).resolve_job_def(job)
    return job_def.execute_in_process(instance=instance, raise_on_error=False, **options)  # type: ignore[arg-type]


def test_a_package_that_nobody_released_is_brought_on_its_way_and_then_looked_at(
    home: Home, instance: dg.DagsterInstance
) -> None:
    platform = home.platform()
    platform.endpoint.start()
    assert tick(home, instance)[0] == 0
    assert package_candidate(platform, NEW)
    assert tick(home, instance)[0] == 1
    assert run(home, instance, "endpoint_job", tags={"dagster/sensor_name": "rollout_sensor"}).success
    requests, why = tick(home, instance)
    assert requests == 0
    assert "200 more leads of the candidate are needed" in why
    shown = instance.get_latest_materialization_event(dg.AssetKey("endpoint")).asset_materialization.metadata
    assert (shown["version"].value, shown["phase"].value, shown["decision"].value) == (2, "champion", "go_on")
    assert "end of the watch" in shown["next"].value
    assert [row.data for row in shown["variants"].records] == [
        {"variant": "primary", "role": "answers", "version": 2, "share of leads": 1.0},
        {"variant": "previous", "role": "warm", "version": 1, "share of leads": 0.0},
    ]


def test_a_change_outside_dagster_is_recorded_by_a_run(home: Home, instance: dg.DagsterInstance) -> None:
    platform = home.platform()
    assert package_candidate(platform, NEW)
    assert run(home, instance, "endpoint_job").success
    assert tick(home, instance)[0] == 0
    roll_back(platform, actor="ann", reason="complaints")
    assert tick(home, instance)[0] == 1
    assert run(home, instance, "endpoint_job").success
    assert tick(home, instance)[0] == 0


def test_a_package_without_evidence_is_refused_to_a_person_and_left_alone_by_the_sensor(
    home: Home, instance: dg.DagsterInstance
) -> None:
    platform = home.platform()
    platform.endpoint.start()
    assert package_candidate(platform, NEW)
    platform.lake.local_path(f"gates/week={NEW}/train_slice_has_no_leakage.json").unlink()
    assert not run(home, instance, "endpoint_job").success
    assert tick(home, instance)[0] == 0
    assert run(home, instance, "endpoint_job", tags={"dagster/sensor_name": "rollout_sensor"}).success
    assert [item.version for item in platform.endpoint.status().variants if item.weight] == [1]


def test_the_rollback_job_goes_back_with_one_click_and_says_who(home: Home, instance: dg.DagsterInstance) -> None:
    platform = home.platform()
    assert package_candidate(platform, NEW)
    release(platform)
    assert run(home, instance, "rollback_job", tags={"user": "ann"}).success
    assert [item.version for item in platform.endpoint.status().variants if item.weight] == [1]
    shown = instance.get_latest_materialization_event(dg.AssetKey("endpoint")).asset_materialization.metadata
    assert (shown["version"].value, shown["because"].value) == (1, "asked for by a person")
    assert platform.ledger.records(action="rolled back")[-1].evidence["by"] == "ann"
    config = {"ops": {"go_back": {"config": {"to": 9, "reason": "x"}}}}
    failed = run(home, instance, "rollback_job", run_config=config)
    assert not failed.success
    assert "package 9 is not registered" in failed.failure_data_for_node("go_back").error.to_string()
