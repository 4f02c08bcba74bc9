"""Dagster's settings on AWS and on one machine: every class loads, every key is known, storage works for real."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config
from dagster._core.instance.ref import InstanceRef
from dagster._core.workspace.load import location_origins_from_yaml_paths

from leadscore_assets.backends.aws.account import Account
from leadscore_assets_tests.aws.conftest import BUCKET, REGION
from leadscore_assets_tests.backends.postgres import cluster

DEPLOY = Path(__file__).parents[2] / "deploy"
HOME = DEPLOY.parent / "leadscore_assets" / "backends" / "home_dagster.yaml"
_INSTANCES = {"aws": DEPLOY / "aws" / "dagster.yaml", "one machine": DEPLOY / "dagster.yaml"}
_VARIABLES = {
    "LEADSCORE_DATABASE_HOST": "127.0.0.1",
    "PGPASSWORD": "of-the-test",
    "LEADSCORE_BUCKET": BUCKET,
    "LEADSCORE_RUN_LOGS": "leadscore/compute-logs",
    "LEADSCORE_RUN_TASK": "leadscore-run",
    "AWS_DEFAULT_REGION": REGION,
    "LEADSCORE_CODE_HOST": "code.leadscore.internal",
}


@pytest.fixture(autouse=True)
def _site(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _VARIABLES.items():
        monkeypatch.setenv(name, value)


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def _placed(name: str, folder: Path, *, without: str | None = None) -> Path:
    content = _read(_INSTANCES[name])
    content.pop(without or "", None)
    folder.mkdir(exist_ok=True)
    (folder / "dagster.yaml").write_text(yaml.safe_dump(content))
    return folder


@pytest.mark.parametrize("name", _INSTANCES)
def test_every_key_is_one_that_dagster_knows(name: str, tmp_path: Path) -> None:
    found, _ = dagster_instance_config(f"{_placed(name, tmp_path / 'home', without='storage')}")
    assert found["run_monitoring"]["enabled"] is True


def test_runs_on_aws_are_tasks_and_their_lines_lie_in_the_bucket(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"{account.endpoint_url}")
    task = {"name": "run", "image": "leadscore-dagster:1", "memory": 512}
    account.call("ecs", "register_task_definition", family="leadscore-run", containerDefinitions=[task])
    instance = InstanceRef.from_dir(f"{_placed('aws', tmp_path / 'home', without='storage')}")
    launcher, lines = instance.run_launcher, instance.compute_log_manager
    assert (type(launcher).__name__, type(lines).__name__) == ("EcsRunLauncher", "S3ComputeLogManager")
    assert launcher.task_definition.endswith(":task-definition/leadscore-run:1")
    with lines.local_manager.open_log_stream(["run", "step"], _stdout()) as stream:
        stream.write("trained\n")
    lines.upload_to_cloud_storage(["run", "step"], _stdout())
    assert lines.cloud_storage_has_logs(["run", "step"], _stdout())
    kept = [item["Key"] for item in account.pages("s3", "list_objects_v2", "Contents", Bucket=BUCKET)]
    assert kept == ["leadscore/compute-logs/storage/run/step.out"]


def _stdout() -> Any:
    from dagster._core.storage.compute_log_manager import ComputeIOType

    return ComputeIOType.STDOUT


@pytest.mark.parametrize("name", _INSTANCES)
def test_storage_is_postgresql_and_its_password_stands_in_no_file(name: str) -> None:
    database = _read(_INSTANCES[name])["storage"]["postgres"]["postgres_db"]
    assert database["password"] == {"env": "PGPASSWORD"}
    assert database["hostname"] == {"env": "LEADSCORE_DATABASE_HOST"}


def test_the_database_on_aws_is_spoken_to_under_tls_only() -> None:
    assert _read(_INSTANCES["aws"])["storage"]["postgres"]["postgres_db"]["params"] == {"sslmode": "require"}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a real PostgreSQL with the user and the database of the settings."""
    pytest.importorskip("dagster_postgres", reason="dagster-postgres is not installed")
    if shutil.which("initdb") is None:
        pytest.skip("PostgreSQL is not installed")
    import sqlalchemy

    with cluster(tmp_path_factory.mktemp("postgres")) as url:
        engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("CREATE ROLE leadscore LOGIN SUPERUSER"))
            connection.execute(sqlalchemy.text("CREATE DATABASE leadscore OWNER leadscore"))
        engine.dispose()
        port = sqlalchemy.engine.make_url(url).port
        assert port
        yield port


@pytest.mark.parametrize("name", _INSTANCES)
def test_an_instance_keeps_its_runs_in_a_real_postgresql(name: str, database: int, tmp_path: Path) -> None:
    content = _read(_INSTANCES[name])
    shown = content["storage"]["postgres"]["postgres_db"]
    shown["port"] = database
    shown.pop("params", None)
    # What is asked of AWS is loaded above; here only storage is opened.
    kept = {key: item for key, item in content.items() if key not in ("run_launcher", "compute_logs")}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(kept))
    with dg.DagsterInstance.from_config(f"{tmp_path}") as instance:
        assert type(instance.run_storage).__name__ == "PostgresRunStorage"
        assert instance.get_runs_count() == 0


@pytest.mark.parametrize("name", _INSTANCES)
def test_what_does_not_depend_on_the_site_is_as_in_a_home(name: str) -> None:
    site, home = _read(_INSTANCES[name]), _read(HOME)
    if name == "aws":
        # A task takes longer to start than a process.
        assert site["run_monitoring"].pop("start_timeout_seconds") > home["run_monitoring"].pop("start_timeout_seconds")
        home.pop("compute_logs")
    assert {key: site[key] for key in home} == home


def test_the_code_location_is_found_by_the_name_that_the_environment_gives() -> None:
    origins = location_origins_from_yaml_paths([f"{DEPLOY / 'workspace.yaml'}"])
    (origin,) = origins
    assert (origin.location_name, origin.host, origin.port) == ("leadscore_assets", "code.leadscore.internal", 4000)
