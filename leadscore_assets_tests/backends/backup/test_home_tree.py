"""What of a home is copied: its memory, and not its locks, drafts, logs and secrets."""

import sqlite3
from pathlib import Path

import pytest

from leadscore_assets.backends.backup.home_tree import contents, files, is_database, pointers

BUNDLE = f"bundles/{'ab' * 32}/model.ubj"
PART = "lake/leads/week=2026-03-02/day=2026-03-02/part-0123456789abcdef.parquet"
WANTED = [
    "leadscore.toml",
    "contract.toml",
    "data/2026.csv",
    "lake/release/state.json",
    "lake/leads/week=2026-03-02/manifest.json",
    "lake/scored/week=2026-03-02/leads.parquet",
    "registry/mlflow.db",
    "dagster/dagster.yaml",
    "endpoint/desired.json",
    "endpoint/instance",
    "training/job/result.json",
    BUNDLE,
    PART,
    "registry/mlartifacts/run/artifacts/metrics.json",
]
UNWANTED = [
    "lake/.locks/release.lock",
    "registry/mlflow.lock",
    "registry/unfinished-mlflow",
    "registry/mlflow.db-journal",
    "dagster/history/runs.db-wal",
    "dagster/history/runs.db-shm",
    "dagster/.opening.lock",
    "cache/s3-object.parquet",
    "endpoint/token",
    "endpoint/server.json",
    "endpoint/server.log",
    "endpoint/server.log.1",
    "endpoint/.desired.json.tmp",
    "bundles/.0123.tmp/model.ubj",
    "training/job/attempt-x1/input/leads.parquet",
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for path in [*WANTED, *UNWANTED]:
        (tmp_path / "home" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "home" / path).write_text(path)
    return tmp_path / "home"


def test_memory_is_taken_and_the_rest_is_left(home: Path) -> None:
    assert sorted(files(home)) == sorted(WANTED)


def test_what_is_written_once_comes_after_what_points_to_it(home: Path) -> None:
    once = contents(home)
    assert sorted(once) == sorted([BUNDLE, PART, "registry/mlartifacts/run/artifacts/metrics.json"])
    assert sorted([*pointers(home), *once]) == sorted(WANTED)


def test_links_are_followed_and_a_circle_is_walked_once(home: Path, tmp_path: Path) -> None:
    (tmp_path / "big disk").mkdir()
    (tmp_path / "big disk" / "leads.csv").write_text("")
    (home / "more").symlink_to(tmp_path / "big disk")
    (home / "data" / "circle").symlink_to(home)
    (home / "dangling").symlink_to(tmp_path / "nowhere")

    assert sorted(files(home)) == sorted([*WANTED, "more/leads.csv"])


def test_a_database_is_known_by_its_bytes(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "x")
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    (tmp_path / "y.db").write_text("no database")

    assert is_database(tmp_path / "x")
    assert not is_database(tmp_path / "y.db")
    assert not is_database(tmp_path / "absent")
