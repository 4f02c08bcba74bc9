"""The sensors that tell people: letters go, a silent sensor is found once, a failed run is told, all without a run."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from leadscore_assets.automation.notices import failed_runs_are_told, notices_are_delivered
from leadscore_assets.commands.running import open_instance
from leadscore_assets.definitions import build_definitions
from leadscore_assets.settings import load_settings
from leadscore_assets.steps.delivering import deliveries
from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.home import Home

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
NAME = "rollout_sensor"


def repository(home: Home) -> dg.RepositoryDefinition:
    return build_definitions(load_settings(home.path)).get_repository_def()


def ticked(home: Home, instance: dg.DagsterInstance, now: datetime, cursor: str | None) -> tuple[str, str | None]:
    platform = home.platform(now=lambda: now)
    context = dg.build_sensor_context(
        instance=instance, resources={"platform": platform}, repository_def=repository(home), cursor=cursor
    )
    found: Any = notices_are_delivered(context)
    return str(found.skip_reason.skip_message), found.cursor


def subjects(platform: Platform) -> list[str]:
    return [item for letter in deliveries(platform, limit=99) for item in letter.subjects]


def remember_tick(instance: dg.DagsterInstance, home: Home, at: datetime) -> None:
    """Write down what a daemon writes down: the sensor's state and one tick."""
    place = InProcessCodeLocationOrigin(LoadableTargetOrigin(executable_path="python"), location_name="here")
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(place, "__repository__"), NAME)
    data = SensorInstigatorData(last_tick_timestamp=at.timestamp())
    state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data)
    instance.add_instigator_state(state)
    instance.create_tick(
        TickData(
            instigator_origin_id=state.instigator_origin_id,
            instigator_name=NAME,
            instigator_type=InstigatorType.SENSOR,
            status=TickStatus.SKIPPED,
            timestamp=at.timestamp(),
            selector_id=state.selector_id,
        )
    )
    assert isinstance(instance.get_ticks(state.instigator_origin_id, state.selector_id)[0], InstigatorTick)


def test_a_sensor_that_stopped_ticking_is_told_once_and_the_letter_goes(home: Home) -> None:
    with open_instance(load_settings(home.path)) as instance:
        remember_tick(instance, home, NOON - timedelta(hours=1))
        reason, cursor = ticked(home, instance, NOON, None)
        assert reason == "letters sent: 1"
        reason, _ = ticked(home, instance, NOON + timedelta(minutes=1), cursor)
        assert reason == "letters sent: 0"
    assert subjects(home.platform()) == ["Lead scoring: rollout_sensor stopped ticking"]


def test_a_sensor_that_ticks_is_not_told(home: Home) -> None:
    with open_instance(load_settings(home.path)) as instance:
        remember_tick(instance, home, NOON - timedelta(minutes=5))
        ticked(home, instance, NOON, None)
    assert subjects(home.platform()) == []


def test_a_daemon_that_was_away_is_told_as_one_and_not_by_every_sensor(home: Home) -> None:
    with open_instance(load_settings(home.path)) as instance:
        remember_tick(instance, home, NOON - timedelta(hours=5))
        ticked(home, instance, NOON, (NOON - timedelta(hours=5)).isoformat())
    assert subjects(home.platform()) == ["Lead scoring: notices_are_delivered stopped ticking"]


def test_a_failed_run_is_told_by_its_own_words_without_lead_data(home: Home) -> None:
    @dg.op
    def breaks() -> None:
        raise ValueError("row of jane@lead.example is broken")

    @dg.job
    def breaking_job() -> None:
        breaks()

    platform = home.platform(now=lambda: NOON)
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(2):
            result = breaking_job.execute_in_process(instance=instance, raise_on_error=False)
            context = dg.build_run_status_sensor_context(
                sensor_name="failed_runs_are_told",
                dagster_instance=instance,
                dagster_run=result.dagster_run,
                dagster_event=result.get_run_failure_event(),
                resources={"platform": platform},
            ).for_run_failure()
            for _ in range(2):
                failed_runs_are_told(context)
    assert subjects(platform) == ["Lead scoring: breaking_job failed"] * 2
    assert platform.outbox
    claim = platform.outbox.claim(NOON, lease=timedelta(minutes=1))
    assert claim
    assert claim.notices[0].text.endswith("breaks: ValueError: row of [e-mail address] is broken")


def test_the_command_and_the_doctor_find_silent_sensors(home: Home) -> None:
    assert "ticks on time" in home.cli("notices", "silent").out
    with open_instance(load_settings(home.path)) as instance:
        remember_tick(instance, home, NOON)
    told = home.cli("notices", "silent", code=1)
    assert "rollout_sensor last ticked at 2026-01-20 12:00 UTC" in told.out
    assert home.cli("notices", "silent", "--json", code=1).json[0]["name"] == NAME
    assert "MEND sensors and schedules: rollout_sensor" in home.cli("doctor", code=1).out
