"""SIGKILL at chosen instants of each step, then the same command again: the same end, and never half of anything."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets.domain.calendar import week_days
from leadscore_assets_tests.home import NEW, OLD, ROWS, WEEKS, Home, ask, leads, write_csv
from leadscore_assets_tests.home import whole as nothing_is_half_there
from leadscore_assets_tests.killing import killed_at
from leadscore_assets_tests.serving.processes import until

LAKE, LEDGER = "leadscore_assets.backends.local.lake", "leadscore_assets.backends.ledger"
TRAINER, REGISTRY = "leadscore_assets.backends.local.trainer", "leadscore_assets.backends.local.registry"
FOLDER, HOST = "leadscore_assets.serving.folder", "leadscore_assets.backends.local.endpoint"
ROLLING = "leadscore_assets.steps.rolling_out"
SERVER = "leadscore_assets.backends.local.server_process"
Copy = Callable[[Home], Home]

INGEST = {
    "before the first day is stored": f"{LAKE}:move_file before 1",
    "between two days": f"{LAKE}:move_file after 3",
    "before the week is visible": f"{LAKE}:LocalLake.publish before 1",
    "while the manifest is written": "leadscore_assets.backends.atomic:move_file before 1",
    "before the decision is recorded": f"{LAKE}:LocalLake.publish after 1",
    "inside the ledger's transaction": f"{LEDGER}:sealed after 1",
    "before anybody is told": f"{LEDGER}:SqlLedger.append after 1",
}
TRAINING = {
    "while the child starts": "threading:Timer after 1",
    "before the bundle is kept": "leadscore_assets.backends.local.bundles:LocalBundles.add before 1",
    "while the bundle is moved": "leadscore_assets.backends.local.bundles:publish_folder before 1",
    "before the job's result is kept": f"{TRAINER}:write_atomically before 1",
    "before the model is recorded": f"{LEDGER}:SqlLedger.append before 1 trained",
    "while the run is tracked": "leadscore_assets.backends.local.mlflow_run:_log after 1",
    "before the verdict is recorded": f"{LEDGER}:SqlLedger.append before 1 judged",
}
REGISTERING = {
    "before the version is made": "mlflow:MlflowClient.create_model_version before 1",
    "when the version was just made": "mlflow:MlflowClient.create_model_version after 1",
    "before it is recorded": f"{LEDGER}:SqlLedger.append before 1 registered",
}
DEPLOYING = {
    "before the endpoint is asked": f"{HOST}:LocalEndpoint.deploy before 1",
    "before the new state is written": f"{FOLDER}:StateFolder.write_desired before 1",
    "when the new state was just written": f"{FOLDER}:StateFolder.write_desired after 1",
    "before the new state is confirmed": f"{FOLDER}:StateFolder.write_desired before 2",
    "before the release is kept": f"{ROLLING}:keep_release before 2",
    "when the release was just kept": f"{ROLLING}:keep_release after 2",
    "before the registry follows": f"{REGISTRY}:MlflowRegistry.promote before 1",
    "when the old version was just archived": f"{REGISTRY}:MlflowRegistry._write_stage after 1",
    "before production moves": "mlflow:MlflowClient.set_registered_model_alias after 1",
    "when production just moved": "mlflow:MlflowClient.set_registered_model_alias after 2",
    "before it is recorded": f"{LEDGER}:SqlLedger.append before 1 promoted",
}


def instants(points: dict[str, str]) -> pytest.MarkDecorator:
    """Every second instant; with LEADSCORE_EVERY_KILL=1 each one, which takes twice as long."""
    chosen = list(points.items())[:: 1 if "LEADSCORE_EVERY_KILL" in os.environ else 2]
    return pytest.mark.parametrize("instant", [place for _, place in chosen], ids=[name for name, _ in chosen])


def score(home: Home) -> dict[str, Any]:
    lead = {"employees": 100, "opened_mail": True, "industry": "retail", "created_at": "2025-03-03T09:00:00Z"}
    return ask(home, lead)


@pytest.fixture(scope="session")
def week_digest(ingested: Home) -> str:
    manifest = ingested.platform().lake.manifest(WEEKS[0])
    assert manifest
    return manifest.digest


@pytest.fixture(scope="session")
def bundle_digest(champion: Home) -> str:
    package = champion.platform().registry.production()
    assert package
    return package.digest


@pytest.fixture
def serving(copy: Copy, judged: Home) -> Home:
    """A home whose endpoint serves version 1 while a better candidate waits to be registered."""
    home = copy(judged)
    home.cli("endpoint", "start")
    return home


@instants(INGEST)
def test_a_killed_ingest_done_again_gives_the_same_week(home: Home, week_digest: str, instant: str) -> None:
    killed_at(instant, "--home", str(home.path), "ingest", "--week", f"{WEEKS[0]}")
    nothing_is_half_there(home)
    home.cli("ingest", "--week", f"{WEEKS[0]}")
    platform = home.platform()
    manifest = platform.lake.manifest(WEEKS[0])
    assert manifest
    assert (manifest.digest, manifest.generation, manifest.rows) == (week_digest, 1, ROWS)
    assert [file.day for file in manifest.files] == week_days(WEEKS[0])
    assert len(platform.ledger.records(action="ingested")) == 1
    nothing_is_half_there(home)


def test_a_killed_correction_leaves_the_old_week_whole_until_the_new_one_is(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    before = home.platform().lake.manifest(WEEKS[0])
    write_csv(home.data / f"{WEEKS[0]}.csv", leads(WEEKS[0], seed=99))
    killed_at(INGEST["before the week is visible"], "--home", str(home.path), "ingest")
    assert home.platform().lake.manifest(WEEKS[0]) == before
    nothing_is_half_there(home)
    home.cli("ingest")
    after = home.platform().lake.manifest(WEEKS[0])
    assert after
    assert (after.generation, after.corrected) == (2, ROWS)
    assert len(home.platform().ledger.records(action="reopened")) == 1


def backfill(home: Home) -> tuple[str, ...]:
    return ("--home", str(home.path), "backfill", "--from", f"{OLD}", "--to", f"{OLD}")


def the_bundle_is(home: Home, digest: str) -> None:
    nothing_is_half_there(home)
    platform = home.platform()
    assert list(platform.bundles.digests()) == [digest]
    for action in ("trained", "judged"):
        assert len(platform.ledger.records(action=action)) == 1
    assert not list((home.path / "training").glob("*/attempt-*"))
    assert platform.registry.packages() == []


@instants(TRAINING)
def test_a_killed_training_done_again_gives_the_same_bundle(
    copy: Copy, ingested: Home, bundle_digest: str, instant: str
) -> None:
    home = copy(ingested)
    killed_at(instant, *backfill(home))
    nothing_is_half_there(home)
    home.cli(*backfill(home)[2:])
    the_bundle_is(home, bundle_digest)
    assert runs_of_the_experiment(home) == 1


def test_a_killed_training_process_is_one_clear_failure_and_a_second_try_succeeds(
    copy: Copy, ingested: Home, bundle_digest: str
) -> None:
    home = copy(ingested)
    program = [sys.executable, "-m", "leadscore_assets.cli", *backfill(home)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        note = until(lambda: [path for path in home.path.glob("training/*/attempt-*/pids") if path.read_text()])[0]
        os.kill(int(note.read_text().split()[0]), signal.SIGKILL)
        told, errors = command.communicate(timeout=60)
    assert command.returncode == 1
    assert "the process ended with code -9" in " ".join(told.split())
    assert "Traceback" not in told + errors
    nothing_is_half_there(home)
    assert list(home.platform().bundles.digests()) == []
    home.cli(*backfill(home)[2:])
    the_bundle_is(home, bundle_digest)


def test_a_killed_parent_leaves_no_training_process_after_the_second_try(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    killed_at(TRAINING["while the child starts"], *backfill(home))
    home.cli(*backfill(home)[2:])
    until(lambda: not processes_of(home))
    assert len(list(home.platform().bundles.digests())) == 1


@instants(REGISTERING)
def test_a_killed_registration_done_again_makes_one_version(serving: Home, instant: str) -> None:
    killed_and_done_again(serving, instant)


@instants(DEPLOYING)
def test_a_killed_deployment_done_again_ends_with_one_champion_and_it_serves(serving: Home, instant: str) -> None:
    killed_and_done_again(serving, instant)


def killed_and_done_again(home: Home, instant: str) -> None:
    """Kill a retraining that replaces version 1 by version 2; whatever happens, one of the two answers."""
    candidate = home.platform().lake.read_json(f"models/week={NEW}/model.json")
    assert candidate
    killed_at(instant, "--home", str(home.path), "retrain", "--week", f"{NEW}")
    nothing_is_half_there(home)
    assert score(home)["model_version"] in (1, 2)
    assert sum(package.stage == "production" for package in home.platform().registry.packages()) == 1
    home.cli("retrain", "--week", f"{NEW}")
    platform = home.platform()
    assert [(package.version, package.stage) for package in platform.registry.packages()] == [
        (1, "archive"),
        (2, "production"),
    ]
    production = platform.registry.production()
    assert production
    assert production.digest == candidate["digest"]
    assert [item.digest for item in platform.endpoint.status().variants if item.weight] == [production.digest]
    assert score(home)["model_version"] == 2
    for action in ("registered", "promoted"):
        assert len(platform.ledger.records(action=action)) == 2
    nothing_is_half_there(home)
    assert home.cli("doctor").code == 0


ROLLING_BACK = {
    "before the endpoint is asked": f"{HOST}:LocalEndpoint.deploy before 1",
    "when the new state was just written": f"{FOLDER}:StateFolder.write_desired after 1",
    "before the release is kept": f"{ROLLING}:keep_release before 1",
    "when the release was just kept": f"{ROLLING}:keep_release after 1",
    "before it is recorded": f"{LEDGER}:SqlLedger.append before 1",
    "when production just moved": "mlflow:MlflowClient.set_registered_model_alias after 2",
}


@instants(ROLLING_BACK)
def test_a_killed_rollback_done_again_ends_at_the_earlier_version(copy: Copy, released: Home, instant: str) -> None:
    home = copy(released)
    home.cli("endpoint", "start")
    killed_at(instant, "--home", str(home.path), "rollback", "--to", "1")
    assert score(home)["model_version"] in (1, 2)
    state = home.cli("release", "status", "--json").json["release"]
    home.cli("release", "look")
    if state["champion"]["version"] == 2:
        home.cli("rollback", "--to", "1")
    assert score(home)["model_version"] == 1
    platform = home.platform()
    assert [item.subject for item in platform.ledger.records(action="rolled back")] == ["package 2"]
    assert platform.registry.production().version == 1
    assert home.cli("doctor").code == 0


@pytest.mark.parametrize(
    "instant",
    [
        f"{SERVER}:ServerProcess.launch before 1",
        f"{SERVER}:ServerProcess.launch after 1",
        f"{FOLDER}:StateFolder.write_desired after 1",
    ],
    ids=["before the server starts", "when the server just started", "when the state was just written"],
)
def test_a_killed_first_deployment_done_again_serves_the_first_model(copy: Copy, ingested: Home, instant: str) -> None:
    home = copy(ingested)
    killed_at(instant, "--home", str(home.path), "retrain", "--week", f"{OLD}")
    nothing_is_half_there(home)
    home.cli("retrain", "--week", f"{OLD}")
    assert [(item.version, item.stage) for item in home.platform().registry.packages()] == [(1, "production")]
    assert score(home)["model_version"] == 1
    assert len([pid for pid in processes_of(home) if "--detach" in psutil.Process(pid).cmdline()]) == 1


def test_a_killed_server_comes_back_with_the_same_model(copy: Copy, champion: Home) -> None:
    home = copy(champion)
    pid = home.cli("endpoint", "start", "--json").json["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert home.cli("endpoint", "status", "--json").json["running"] is False
    assert "not running" in home.cli("doctor", code=1).out
    home.cli("retrain", "--week", f"{OLD}")
    assert score(home)["model_version"] == 1
    assert home.cli("doctor").code == 0


def test_a_run_whose_process_was_killed_is_ended_by_the_next_command(home: Home) -> None:
    killed_at(INGEST["between two days"], "--home", str(home.path), "ingest", "--week", f"{WEEKS[0]}")
    home.cli("ingest", "--week", f"{WEEKS[1]}")
    assert run_states(home) == ["FAILURE", "SUCCESS"]


def run_states(home: Home) -> list[str]:
    from leadscore_assets.commands.running import open_instance
    from leadscore_assets.settings import load_settings

    with open_instance(load_settings(home.path)) as instance:
        return sorted(run.status.value for run in instance.get_runs())


def runs_of_the_experiment(home: Home) -> int:
    from mlflow import MlflowClient

    address = f"sqlite:///{home.path / 'registry' / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=address, registry_uri=address)
    experiment = client.get_experiment_by_name("leadscore")
    return len(client.search_runs([experiment.experiment_id]))


def processes_of(home: Home) -> list[int]:
    """Return the processes that were started for a home and still run: its server, its training programs."""
    place, found = str(home.path), []
    for process in psutil.process_iter(["pid", "status"]):
        try:
            told = " ".join(process.cmdline()) + process.environ().get("LEADSCORE_ML_ROOT", "")
        except psutil.Error:
            continue
        if place in told and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process.pid)
    return found


def test_bundles_that_are_not_finished_are_never_listed(copy: Copy, ingested: Home) -> None:
    home = copy(ingested)
    killed_at(TRAINING["while the bundle is moved"], *backfill(home))
    assert list(LocalBundles(home.path / "bundles").digests()) == []
