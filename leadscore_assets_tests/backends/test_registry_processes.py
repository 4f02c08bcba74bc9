"""How the registry on MLflow opens: at once in several processes, killed, quiet, and without telemetry."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadscore_assets.backends.local.registry import MlflowRegistry
from leadscore_assets.domain.errors import PermanentError
from leadscore_assets_tests.backends import registry_process
from leadscore_assets_tests.backends.registry_contract import NOON, digest, register, stages

# What MLflow takes as a sign that it is under test or in CI, where it would not send telemetry anyway.
_SIGNS = ("PYTEST_CURRENT_TEST", "CI", "GITHUB_ACTIONS", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK")


def _start(folder: Path, *digests: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name not in _SIGNS}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", registry_process.__name__, str(folder / "registry"), *digests],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment,
    )


def test_processes_that_register_at_once_share_one_row_of_versions_quietly_and_without_telemetry(
    tmp_path: Path,
) -> None:
    processes = [_start(tmp_path, digest(0), digest(number)) for number in (1, 2, 3)]
    said = [process.communicate(timeout=120) for process in processes]

    assert said == [("telemetry None\n", "")] * 3
    registry = MlflowRegistry(folder=tmp_path / "registry", now=lambda: NOON)
    packages = registry.packages()
    assert [package.version for package in packages] == [1, 2, 3, 4]
    assert {package.digest for package in packages} == {digest(number) for number in range(4)}
    assert list(stages(registry).values()).count("production") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["registry"]


def test_a_database_whose_making_was_killed_is_made_anew(tmp_path: Path) -> None:
    database = tmp_path / "registry" / "mlflow.db"
    process = _start(tmp_path, digest(1))
    deadline = time.monotonic() + 60
    while not (database.exists() and database.stat().st_size) and time.monotonic() < deadline:
        assert process.poll() is None
    process.kill()
    process.communicate(timeout=30)
    assert (tmp_path / "registry" / "unfinished-mlflow").exists()

    registry = MlflowRegistry(folder=tmp_path / "registry", now=lambda: NOON)

    assert register(registry, 1).version == 1
    assert not (tmp_path / "registry" / "unfinished-mlflow").exists()


def test_creating_a_registry_touches_nothing(tmp_path: Path) -> None:
    MlflowRegistry(folder=tmp_path / "registry", now=lambda: datetime.now(UTC))

    assert list(tmp_path.iterdir()) == []


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 100)

    with pytest.raises(PermanentError, match=r"the registry in .* refuses"):
        MlflowRegistry(folder=tmp_path, now=lambda: NOON).packages()
