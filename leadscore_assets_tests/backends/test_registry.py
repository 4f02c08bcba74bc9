"""The model registry on MLflow: the contract of every registry, and what holds where it can be killed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from mlflow import MlflowClient

from leadscore_assets.backends.local.registry import MlflowRegistry
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets_tests.backends.registry_contract import (
    NOON,
    WEEK,
    ModelRegistryContract,
    digest,
    register,
    stages,
)


class _Killed(BaseException):
    """Stands for SIGKILL: nothing in the product catches it."""


class _DyingClient:
    """MLflow's client until the given number of writes is done; the next one never happens."""

    def __init__(self, client: Any, *, writes: int) -> None:
        self._client = client
        self._left = writes

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("create_", "set_", "log_", "delete_")):
            if self._left == 0:
                raise _Killed(name)
            self._left -= 1
        return getattr(self._client, name)


# Making MLflow's database takes a second; tests share one and have a model and an experiment each.
@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry")


class TestMlflowRegistry(ModelRegistryContract):
    @pytest.fixture
    def open_registry(self, folder: Path) -> Callable[[], MlflowRegistry]:
        name = f"model-{uuid4()}"
        return lambda: MlflowRegistry(folder=folder, now=lambda: NOON, name=name, experiment=name)

    @pytest.fixture
    def registry(self, open_registry: Callable[[], MlflowRegistry]) -> MlflowRegistry:
        return open_registry()

    @pytest.fixture
    def client(self, folder: Path) -> MlflowClient:
        address = f"sqlite:///{folder}/mlflow.db"
        return MlflowClient(tracking_uri=address, registry_uri=address)

    @pytest.mark.parametrize("writes", range(5))
    def test_a_promotion_that_is_killed_leaves_one_in_production_and_completes_when_repeated(
        self, writes: int, open_registry: Callable[[], MlflowRegistry], client: MlflowClient
    ) -> None:
        registry = open_registry()
        for number in (1, 2):
            register(registry, number)
        registry.promote(1)
        dying = open_registry()
        vars(dying)["_client"] = _DyingClient(client, writes=writes)

        if writes < 4:
            with pytest.raises(_Killed):
                dying.promote(2)
            assert sorted(stages(registry).values()) in (["candidate", "production"], ["archive", "production"])
        registry.promote(2)

        assert stages(registry) == {1: "archive", 2: "production"}
        name = registry._name
        assert client.get_registered_model(name).aliases == {"previous": 1, "production": 2}
        assert [client.get_model_version(name, str(item)).tags["stage"] for item in (1, 2)] == ["archive", "production"]

    @pytest.mark.parametrize("writes", range(4))
    def test_a_promotion_that_was_killed_is_undone_by_promoting_the_one_before(
        self, writes: int, open_registry: Callable[[], MlflowRegistry], client: MlflowClient
    ) -> None:
        registry = open_registry()
        for number in (1, 2):
            register(registry, number)
        registry.promote(1)
        dying = open_registry()
        vars(dying)["_client"] = _DyingClient(client, writes=writes)
        with pytest.raises(_Killed):
            dying.promote(2)

        assert registry.promote(1).stage == "production"
        assert list(stages(registry).values()).count("production") == 1

    def test_the_alias_decides_whatever_the_tags_say(self, registry: MlflowRegistry, client: MlflowClient) -> None:
        for number in (1, 2):
            register(registry, number)
        registry.promote(1)
        client.set_model_version_tag(registry._name, "2", "stage", "production")

        assert stages(registry) == {1: "production", 2: "archive"}

    def test_the_source_is_the_bundles_address(self, folder: Path, client: MlflowClient) -> None:
        name = f"model-{uuid4()}"
        registry = MlflowRegistry(
            folder=folder, now=lambda: NOON, name=name, experiment=name, bundle_uri="file:///bundles/{}".format
        )
        register(registry, 1)

        assert client.get_model_version(name, "1").source == f"file:///bundles/{digest(1)}"

    def test_a_run_holds_its_parameters_metrics_and_files(
        self, registry: MlflowRegistry, client: MlflowClient, folder: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "report.html").write_text("<p>")
        params = {"depth": 5, "rate": 0.1, "names": ["a", "b"], "long": "x" * 9000, "odd, key!": "y"}
        metrics = {"mae": 0.4, "auc": float("nan")}

        run_id = registry.track(
            name="weekly", week=WEEK, params=params, metrics=metrics, files=[tmp_path / "report.html"]
        )

        run = client.get_run(run_id)
        assert run.info.status == "FINISHED"
        assert run.info.run_name == "weekly"
        assert run.data.tags["week"] == "2026-01-05"
        assert run.data.metrics == {"mae": 0.4}
        long = run.data.params.pop("long")
        assert run.data.params == {"depth": "5", "rate": "0.1", "names": '["a","b"]', "odd_ key_": "y"}
        assert len(long) == 6000
        assert [item.path for item in client.list_artifacts(run_id)] == ["report.html"]
        assert (folder / "mlartifacts" / run_id / "artifacts" / "report.html").read_text() == "<p>"

    def test_more_parameters_than_a_request_may_hold_are_all_kept(
        self, registry: MlflowRegistry, client: MlflowClient
    ) -> None:
        params = {f"parameter {number}": number for number in range(250)}

        run_id = registry.track(name="many", week=WEEK, params=params, metrics={}, files=[])

        assert len(client.get_run(run_id).data.params) == 250

    def test_a_file_that_is_not_there_is_named(self, registry: MlflowRegistry, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match=r"none\.html cannot be used: No such file"):
            registry.track(name="one", week=WEEK, params={}, metrics={}, files=[tmp_path / "none.html"])

    @pytest.mark.parametrize("writes", range(5))
    def test_a_run_whose_recording_was_killed_is_recorded_anew(
        self, writes: int, open_registry: Callable[[], MlflowRegistry], client: MlflowClient, tmp_path: Path
    ) -> None:
        (tmp_path / "report.html").write_text("<p>")
        registry, dying = open_registry(), open_registry()
        assert registry.packages() == []
        vars(dying)["_client"] = _DyingClient(client, writes=writes)
        metrics, files = {"mae": 0.4}, [tmp_path / "report.html"]
        with pytest.raises(_Killed):
            dying.track(name="weekly", week=WEEK, params={"depth": 4}, metrics=metrics, files=files)

        run_id = registry.track(name="weekly", week=WEEK, params={"depth": 5}, metrics=metrics, files=files)

        experiment = client.get_experiment_by_name(registry._experiment)
        assert experiment is not None
        assert [run.info.run_id for run in client.search_runs([experiment.experiment_id])] == [run_id]
        assert client.get_run(run_id).data.params == {"depth": "5"}
