"""Killed and cancelled runs on a real instance: they are found, ended, recorded, and their places in pools are free."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import dagster as dg
import psutil
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.monitoring.concurrency import execute_concurrency_slots_iteration

from leadscore_assets.assets.declare import TRAINING_POOL
from leadscore_assets.automation.stale_runs import PROCESS_TAG, RunProcess, end_stale_runs, stale_runs, this_process
from leadscore_assets.automation.upkeep import runs_whose_process_is_gone
from leadscore_assets.commands.running import open_instance
from leadscore_assets.settings import load_settings
from leadscore_assets_tests.home import Home

LAUNCHED = {".dagster/grpc_info": json.dumps({"host": "localhost", "socket": "/nowhere"})}


@dg.op(pool=TRAINING_POOL)
def train() -> None:
    """Take the pool's place and give it back."""


@dg.job(executor_def=dg.in_process_executor)
def training_job() -> None:
    train()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A Dagster home with the settings that every home gets, but for a wait of one second instead of a minute."""
    text = resources.files("leadscore_assets.backends").joinpath("home_dagster.yaml").read_text("utf-8")
    assert "free_slots_after_run_end_seconds: 60" in text
    made = tmp_path / "dagster"
    made.mkdir()
    (made / "dagster.yaml").write_text(text.replace("run_end_seconds: 60", "run_end_seconds: 1"))
    return made


@pytest.fixture
def instance(folder: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(folder)) as opened:
        yield opened


@contextmanager
def holding(folder: Path, **tags: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Yield the id of a run that holds the pool's only place, and its process, which is ended afterwards."""
    program = [sys.executable, "-m", "leadscore_assets_tests.automation.holding_run", str(folder), json.dumps(tags)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


def killed(folder: Path, **tags: str) -> str:
    """Let a run take the pool's place and kill its process; return the run's id."""
    with holding(folder, **tags) as (run_id, process):
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    return run_id


def taken(instance: dg.DagsterInstance) -> int:
    return instance.event_log_storage.get_concurrency_info(TRAINING_POOL).active_slot_count


def runs_at_once(instance: dg.DagsterInstance) -> bool:
    """Whether a run of the same pool goes through without waiting for a place."""
    assert taken(instance) == 0
    return training_job.execute_in_process(instance=instance).success


def test_a_killed_run_keeps_its_place_until_it_is_found_and_the_next_run_goes_on(
    folder: Path, instance: dg.DagsterInstance
) -> None:
    run_id = killed(folder, **LAUNCHED)
    assert taken(instance) == 1
    assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.STARTED

    ended = end_stale_runs(instance)

    assert [run.run_id for run in ended] == [run_id]
    assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.FAILURE
    assert runs_at_once(instance)
    assert end_stale_runs(instance) == []


def test_a_run_whose_process_lives_is_left_alone(folder: Path, instance: dg.DagsterInstance) -> None:
    with holding(folder, **LAUNCHED) as (run_id, _):
        assert end_stale_runs(instance) == []
        assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.STARTED
        assert taken(instance) == 1


def test_a_run_of_another_machine_is_judged_where_its_code_runs(folder: Path, instance: dg.DagsterInstance) -> None:
    run_id = killed(folder, **{".dagster/grpc_info": json.dumps({"host": "code", "port": 4000})})

    assert stale_runs(instance) == []
    assert [run.run_id for run in stale_runs(instance, beside_the_code=True)] == [run_id]


def test_a_run_of_a_command_is_judged_by_the_process_it_is_tagged_with(
    folder: Path, instance: dg.DagsterInstance
) -> None:
    alive, elsewhere, gone = (
        instance.create_run_for_job(training_job, status=dg.DagsterRunStatus.STARTED, tags={PROCESS_TAG: tag})
        for tag in (this_process(), "1:1:another-machine", f"{os.getpid()}:1")
    )

    assert {run.run_id for run in stale_runs(instance, beside_the_code=True)} == {gone.run_id}
    assert alive.run_id != elsewhere.run_id


def test_a_cancelled_runs_place_is_freed_by_the_daemon(folder: Path, instance: dg.DagsterInstance) -> None:
    run_id = killed(folder)
    instance.report_run_canceled(instance.get_run_by_id(run_id))
    assert taken(instance) == 1

    context = WorkspaceProcessContext(instance, EmptyWorkspaceTarget())
    for _ in range(100):
        list(execute_concurrency_slots_iteration(context, logging.getLogger("daemon")))
        if not taken(instance):
            break
        time.sleep(0.1)

    assert runs_at_once(instance)


def test_without_a_daemon_a_cancelled_runs_place_is_freed_by_the_next_command(
    folder: Path, instance: dg.DagsterInstance
) -> None:
    run_id = killed(folder)
    instance.report_run_canceled(instance.get_run_by_id(run_id))

    for _ in range(100):
        assert end_stale_runs(instance) == []
        if not taken(instance):
            break
        time.sleep(0.1)

    assert runs_at_once(instance)


@pytest.mark.parametrize(
    ("created", "exactly", "alive"),
    [(0, True, True), (-60, True, False), (60, True, False), (60, False, True), (-60, False, False)],
    ids=["the same", "an earlier one", "a later one", "it said so a minute after", "said before this one was made"],
)
def test_a_process_of_the_same_id_is_told_by_its_age(created: float, *, exactly: bool, alive: bool) -> None:
    own = psutil.Process().create_time()
    assert RunProcess(os.getpid(), own + created, exactly=exactly).alive is alive


def test_a_process_that_is_nowhere_is_gone() -> None:
    assert not RunProcess(2**22 + 1, 0.0, exactly=False).alive


def test_the_sensor_ends_a_killed_run_and_records_it_once(small: Home) -> None:
    folder = small.path / "dagster"
    run_id = killed(folder, **LAUNCHED)
    platform = small.platform()
    with open_instance(load_settings(small.path)) as instance:
        found = [_tick(instance, platform) for _ in range(2)]
        assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.FAILURE

    assert f"the process of run {run_id[:8]} of holding_job was gone" in found[0]
    assert found[1] == "every run that is at work has its process"
    (record,) = platform.ledger.records(action="repaired")
    assert record.subject == f"run {run_id}"
    assert record.evidence["job"] == "holding_job"


def _tick(instance: dg.DagsterInstance, platform: object) -> str:
    context = dg.build_sensor_context(instance=instance, resources={"platform": platform})
    return runs_whose_process_is_gone.evaluate_tick(context).skip_message or ""


def test_doctor_names_a_killed_run_and_the_next_command_ends_it(small: Home) -> None:
    run_id = killed(small.path / "dagster", **LAUNCHED)
    checks = {item["check"]: item for item in small.cli("doctor", "--json", code=1).json}
    assert f"run {run_id[:8]} of holding_job is marked as running and its process is gone" in checks["dagster"]["found"]

    small.cli("ingest")

    assert {item["check"]: item["passed"] for item in small.cli("doctor", "--json").json}["dagster"]
