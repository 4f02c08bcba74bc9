"""The registry on SageMaker: the contract of every registry, what SageMaker shows, and training runs."""

import json
from pathlib import Path

import pytest

from leadscore_assets.backends.aws import requests_registry as requests
from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.registry import SageMakerRegistry
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput
from leadscore_assets.domain.facts import Decision, Package
from leadscore_assets_tests.aws.conftest import BUCKET
from leadscore_assets_tests.aws.registry_site import GROUP, IMAGE, Calls, Open, RegistrySite
from leadscore_assets_tests.backends.registry_contract import (
    LINEAGE,
    NOON,
    WEEK,
    ModelRegistryContract,
    digest,
    register,
    stages,
)


class TestSageMakerRegistry(RegistrySite, ModelRegistryContract):
    def test_whoever_only_looks_makes_nothing(self, registry: SageMakerRegistry, calls: Calls) -> None:
        assert registry.packages() == registry.decisions() == []
        assert [name for name in calls.made if not name.startswith(("get_", "list_"))] == []

    def test_sagemaker_shows_what_answers_with_the_bundle_and_what_it_was_made_from(
        self, registry: SageMakerRegistry, account: Account
    ) -> None:
        lineage = {"decision": "promote", "long": "x" * 300, "odd": "a, b", "rows": 12}
        register(registry, 1, **lineage)
        found = self.described(account)
        [container] = found["InferenceSpecification"]["Containers"]
        assert container["Image"] == IMAGE
        assert container["ModelDataUrl"].endswith(f"/bundles/{digest(1)}/model.tar.gz")
        assert found["ModelApprovalStatus"] == "Approved"
        assert found["ModelLifeCycle"]["Stage"] == "Candidate"
        shown = found["CustomerMetadataProperties"]
        assert shown == {
            "digest": digest(1),
            "week": "2026-01-12",
            "semver": "v1.0.0",
            "decision": "promote",
            "features_digest": "f1",
            "data_digest": "d1",
            "rows": "12",
        }
        statistics = found["ModelMetrics"]["ModelQuality"]["Statistics"]
        key = statistics["S3Uri"].removeprefix("s3://leadscore-test/team/")
        content = S3Store(account, BUCKET, "team").get(key)
        assert content
        assert json.loads(content.content)["regression_metrics"] == {"spearman": {"value": 0.301}}
        group = account.call("sagemaker", "describe_model_package_group", ModelPackageGroupName=GROUP)
        tags = account.call("sagemaker", "list_tags", ResourceArn=group["ModelPackageGroupArn"])
        assert tags["Tags"] == [{"Key": "team", "Value": "sales"}]

    def test_no_more_entries_are_shown_than_sagemaker_takes(self) -> None:
        many = {f"name-{number}": "x" for number in range(100)}
        package = Package(1, digest(1), WEEK, "v1.0.0", "candidate", NOON, lineage={**LINEAGE, **many})
        found = requests.metadata(package)
        assert len(found) == 50
        assert {"digest", "week", "semver", "features_digest", "data_digest"} <= set(found)

    def test_packages_of_others_in_the_group_are_left_alone(
        self, registry: SageMakerRegistry, account: Account
    ) -> None:
        register(registry, 1)
        other = {"Containers": [{"Image": IMAGE}]}
        account.call("sagemaker", "create_model_package", ModelPackageGroupName=GROUP, InferenceSpecification=other)
        assert register(registry, 2).version == 3
        assert [package.version for package in registry.packages()] == [1, 3]

    def test_a_long_history_takes_a_list_and_what_is_new(
        self, open_registry: Open, calls: Calls, registry: SageMakerRegistry
    ) -> None:
        for number in range(3):
            register(registry, number)
        registry.promote(2)
        calls.watch()
        assert registry.production() == registry.get(2)
        assert calls.made == ["get_object", "list_model_packages"] * 2
        other = open_registry()
        calls.watch()
        assert [package.version for package in other.packages()] == [1, 2, 3]
        assert sorted(calls.made) == ["get_object"] * 4 + ["list_model_packages", "list_objects_v2"]
        register(registry, 3)
        calls.watch()
        assert len(other.packages()) == 4
        assert calls.made == ["get_object", "list_model_packages", "get_object", "list_objects_v2"]

    def test_more_packages_than_a_page_are_all_found(
        self, registry: SageMakerRegistry, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("leadscore_assets.backends.aws.registry._PAGE", 2)
        for number in range(5):
            register(registry, number)
        assert [package.version for package in registry.packages()] == [1, 2, 3, 4, 5]

    def test_the_pointer_decides_whatever_the_life_cycles_say(
        self, registry: SageMakerRegistry, account: Account
    ) -> None:
        for number in (1, 2, 3):
            register(registry, number)
        registry.promote(1)
        for version, stage in ((2, "Production"), (3, "UAT-1")):
            cycle = {"Stage": stage, "StageStatus": "Approved"}
            account.call("sagemaker", "update_model_package", ModelPackageArn=self.arn(version), ModelLifeCycle=cycle)
        assert stages(registry) == {1: "production", 2: "archive", 3: "candidate"}
        registry.mark(Decision(3, True, "ann", NOON))
        assert self.described(account, 3)["ModelLifeCycle"]["Stage"] == "UAT-1"

    def test_a_document_that_is_gone_or_of_another_bundle_is_named(
        self, open_registry: Open, registry: SageMakerRegistry, account: Account
    ) -> None:
        register(registry, 1)
        objects, key = S3Store(account, BUCKET, "team"), f"registry/packages/{digest(1)}/package.json"
        before = objects.get(key)
        assert before
        for content, told in ((b"{}", "cannot be read"), (before.content.replace(b"00001", b"00002"), "is of bundle")):
            objects.put(key, content)
            with pytest.raises(CorruptArtefact, match=told):
                open_registry().get(1)
        account.call("s3", "delete_object", Bucket="leadscore-test", Key=f"team/{key}")
        with pytest.raises(CorruptArtefact, match="is gone; restore it"):
            open_registry().get(1)

    def test_a_run_holds_its_parameters_metrics_and_files(
        self, registry: SageMakerRegistry, account: Account, tmp_path: Path
    ) -> None:
        (tmp_path / "report.html").write_text("<p>")
        uri = registry.track(
            name="week 2026-01-05 bundle ab",
            week=WEEK,
            params={"depth": 5, "names": ["a"]},
            metrics={"mae": 0.4, "auc": float("nan")},
            files=[tmp_path / "report.html"],
        )
        assert uri.startswith("s3://leadscore-test/team/runs/week-2026-01-05-bundle-ab-")
        folder = uri.removeprefix("s3://leadscore-test/team/")
        objects = S3Store(account, BUCKET, "team")
        run, file = objects.get(f"{folder}run.json"), objects.get(f"{folder}report.html")
        assert run
        assert file
        assert file.content == b"<p>"
        assert json.loads(run.content) == {
            "name": "week 2026-01-05 bundle ab",
            "week": "2026-01-05",
            "params": {"depth": 5, "names": ["a"]},
            "metrics": {"mae": 0.4},
            "files": ["report.html"],
        }

    def test_a_file_that_is_not_there_is_named(self, registry: SageMakerRegistry, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match=r"none\.html cannot be used: No such file"):
            registry.track(name="one", week=WEEK, params={}, metrics={}, files=[tmp_path / "none.html"])
