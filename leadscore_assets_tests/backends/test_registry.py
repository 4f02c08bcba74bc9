"""The model registry's contract, and what holds for the one on MLflow."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from mlflow import MlflowClient

from leadscore_assets.backends.local.registry import MlflowRegistry
from leadscore_assets.backends.ports import ModelRegistry
from leadscore_assets.domain.errors import InvalidInput, Missing
from leadscore_assets.domain.facts import Decision, Package

WEEK = date(2026, 1, 5)
NOON = datetime(2026, 1, 13, 12, tzinfo=timezone(timedelta(hours=1)))
LINEAGE = {"features_digest": "f1", "data_digest": "d1", "days": ["2026-01-05", "2026-01-08"], "params": {"depth": 5}}


def digest(number: int) -> str:
    return f"{number:064x}"


def register(registry: ModelRegistry, number: int, **lineage: Any) -> Package:
    metrics = {"spearman": 0.3 + number / 1000}
    return registry.register(
        digest=digest(number), week=WEEK + timedelta(weeks=number), metrics=metrics, lineage=LINEAGE | lineage
    )


def stages(registry: ModelRegistry) -> dict[int, str]:
    return {package.version: package.stage for package in registry.packages()}


class ModelRegistryContract:
    """What every registry keeps to; an adapter's tests derive from it and give the fixture `registry`."""

    def test_an_empty_registry_has_no_package(self, registry: ModelRegistry) -> None:
        assert registry.packages() == []
        assert registry.production() is None
        assert registry.find(digest(1)) is None

    def test_a_package_keeps_all_that_is_known_of_its_bundle(self, registry: ModelRegistry) -> None:
        package = registry.register(digest=digest(1), week=WEEK, metrics={"spearman": 0.31}, lineage=LINEAGE)

        assert package == Package(
            version=1,
            digest=digest(1),
            week=WEEK,
            semver="v1.0.0",
            stage="candidate",
            created_at=NOON,
            metrics={"spearman": 0.31},
            lineage=LINEAGE,
        )
        assert registry.find(digest(1)) == registry.get(1) == package
        assert registry.packages() == [package]

    def test_the_same_bundle_again_is_the_package_it_has(self, registry: ModelRegistry) -> None:
        first = register(registry, 1)
        register(registry, 2)

        again = registry.register(digest=digest(1), week=WEEK, metrics={}, lineage=LINEAGE)

        assert again == first
        assert [package.version for package in registry.packages()] == [1, 2]

    def test_versions_say_what_changed(self, registry: ModelRegistry) -> None:
        changes: list[dict[str, str]] = [
            {},
            {"data_digest": "d2"},
            {"data_digest": "d2"},
            {"features_digest": "f2"},
            {"features_digest": "f2", "data_digest": "d3"},
        ]

        found = [register(registry, number, **change).semver for number, change in enumerate(changes)]

        assert found == ["v1.0.0", "v1.1.0", "v1.1.1", "v2.0.0", "v2.1.0"]

    def test_an_unknown_version_names_those_there_are(self, registry: ModelRegistry) -> None:
        with pytest.raises(Missing, match="package 7 is not registered; there is none yet"):
            registry.get(7)
        register(registry, 1)
        register(registry, 2)
        for use in (registry.get, registry.promote):
            with pytest.raises(Missing, match="package 7 is not registered; there are 1, 2"):
                use(7)

    def test_promotion_archives_the_one_before(self, registry: ModelRegistry) -> None:
        for number in (1, 2, 3):
            register(registry, number)

        assert registry.promote(1).stage == "production"
        assert stages(registry) == {1: "production", 2: "candidate", 3: "candidate"}
        registry.promote(3)
        assert stages(registry) == {1: "archive", 2: "candidate", 3: "production"}
        assert registry.production() == registry.get(3)

    def test_promoting_twice_is_promoting_once(self, registry: ModelRegistry) -> None:
        register(registry, 1)

        assert registry.promote(1) == registry.promote(1)
        assert stages(registry) == {1: "production"}

    def test_an_archived_package_can_come_back(self, registry: ModelRegistry) -> None:
        for number in (1, 2):
            register(registry, number)
            registry.promote(number)

        registry.promote(1)

        assert stages(registry) == {1: "production", 2: "archive"}

    @pytest.mark.parametrize("length", [30_000, 250_000])
    def test_a_long_lineage_is_kept_whole(self, length: int, registry: ModelRegistry) -> None:
        features = ["größe"] * (length // 8)

        register(registry, 1, features=features)

        assert registry.get(1).lineage == LINEAGE | {"features": features}

    def test_metrics_that_are_not_finite_are_refused(self, registry: ModelRegistry) -> None:
        with pytest.raises(InvalidInput, match=r"metrics are not JSON .*; leave out what is not finite"):
            registry.register(digest=digest(1), week=WEEK, metrics={"auc": float("nan")}, lineage=LINEAGE)

        assert registry.packages() == []

    @pytest.mark.parametrize("wrong", ["", "x" * 64, "ab", "' OR '1'='1"])
    def test_what_is_no_digest_is_no_package(self, wrong: str, registry: ModelRegistry) -> None:
        with pytest.raises(InvalidInput, match="is no bundle digest"):
            registry.register(digest=wrong, week=WEEK, metrics={}, lineage=LINEAGE)
        assert registry.find(wrong) is None

    def test_a_package_shows_where_its_release_stands(self, registry: ModelRegistry) -> None:
        register(registry, 1)
        for stage in ("staging", "shadow", "canary", "archive", "candidate"):
            registry.stage(1, stage)
            assert stages(registry) == {1: stage}
        for wrong in ("production", "Shadow", ""):
            with pytest.raises(InvalidInput, match="is no stage; choose one of candidate, staging"):
                registry.stage(1, wrong)
        with pytest.raises(Missing, match="there are 1"):
            registry.stage(2, "archive")

    def test_a_decision_is_marked_on_its_package_and_an_older_one_changes_nothing(
        self, registry: ModelRegistry
    ) -> None:
        registry.register(digest=digest(1), week=WEEK, metrics={}, lineage=LINEAGE, stage="staging")
        assert registry.get(1).decision is None
        refused = Decision(1, False, "ann", NOON, 'a launch week, "later"')

        registry.mark(refused)
        registry.mark(refused)
        registry.mark(Decision(1, True, "bob", NOON - timedelta(seconds=1)))
        registry.stage(1, "archive")

        assert registry.get(1).decision == refused
        assert registry.get(1).stage == "archive"
        registry.mark(Decision(1, True, "bob", NOON + timedelta(seconds=1)))
        assert registry.find(digest(1)) == registry.get(1)
        assert registry.packages()[0].decision == Decision(1, True, "bob", NOON + timedelta(seconds=1))
        assert registry.decisions() == []
        with pytest.raises(Missing):
            registry.mark(Decision(7, True, "bob", NOON))

    def test_a_run_is_tracked_once_a_name(self, registry: ModelRegistry) -> None:
        def track(name: str) -> str:
            return registry.track(name=name, week=WEEK, params={"depth": 5}, metrics={"mae": 0.4}, files=[])

        first = track("week 2026-01-05 'ä'")

        assert track("week 2026-01-05 'ä'") == first
        assert track("week 2026-01-12") != first

    def test_a_package_is_linked_to_its_run(self, registry: ModelRegistry) -> None:
        run_id = registry.track(name="one", week=WEEK, params={}, metrics={}, files=[])

        assert register(registry, 1, run_id=run_id).run_id == run_id
        assert registry.get(1).run_id == run_id


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

    def test_a_version_whose_bundle_is_kept_no_more_stays_as_a_record(self, registry: ModelRegistry) -> None:
        first, second = register(registry, 1), register(registry, 2)
        assert first.kept

        for _ in range(2):
            registry.withdraw(1)

        assert registry.get(1) == replace(first, kept=False)
        assert registry.packages()[1] == second
        assert register(registry, 3).version == 3

    def test_the_bundle_in_production_is_never_withdrawn(self, registry: ModelRegistry) -> None:
        register(registry, 1)
        registry.promote(1)

        with pytest.raises(InvalidInput, match="version 1 is in production"):
            registry.withdraw(1)
        with pytest.raises(Missing, match="package 7 is not registered"):
            registry.withdraw(7)

        assert registry.get(1).kept


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
