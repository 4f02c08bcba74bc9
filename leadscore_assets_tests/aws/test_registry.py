"""The registry on SageMaker: the contract of every registry, what SageMaker shows, and what people decide there."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.backends.aws import requests_registry as requests
from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.aws.registry import SageMakerRegistry
from leadscore_assets.backends.aws.requests_registry import ServedBy
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, TransientError
from leadscore_assets.domain.facts import Decision, Package
from leadscore_assets_tests.aws import rules_registry
from leadscore_assets_tests.aws.conftest import BUCKET, REGION
from leadscore_assets_tests.aws.emulated_registry import decided
from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.aws.strict import Inadmissible, strict_session
from leadscore_assets_tests.backends.test_registry import (
    LINEAGE,
    NOON,
    WEEK,
    ModelRegistryContract,
    digest,
    register,
    stages,
)

GROUP = "LeadScore"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/leadscore-serving:1"
Open = Callable[..., SageMakerRegistry]


class _Killed(BaseException):
    """Stands for SIGKILL: nothing in the product catches it."""


class _Calls(Account):
    """An account that counts its calls, and dies before the write that is one too many."""

    def watch(self, *, writes: int = 1_000) -> "_Calls":
        self.made: list[str] = []
        self.before: dict[str, Callable[[], object]] = {}
        self.left = writes
        return self

    def call(self, service: str, operation: str, /, **request: Any) -> dict[str, Any]:
        self.made.append(operation)
        if operation.startswith(("create_", "update_", "put_")):
            if self.left == 0:
                raise _Killed(operation)
            self.left -= 1
        self.before.pop(operation, lambda: None)()
        return super().call(service, operation, **request)

    def pages(self, service: str, operation: str, key: str, /, **request: Any) -> Any:
        self.made.append(operation)
        return super().pages(service, operation, key, **request)


@pytest.fixture(scope="module")
def shared(server: Emulator) -> Account:
    """One account for all tests here: making its clients takes longer than a test."""
    return Account(region=REGION, endpoint_url=server.url, session=strict_session(REGION), attempts=2)


@pytest.fixture
def account(shared: Account, emulator: Emulator) -> Account:
    shared.call("s3", "create_bucket", Bucket=BUCKET)
    return shared


class TestSageMakerRegistry(ModelRegistryContract):
    @pytest.fixture
    def calls(self, account: Account) -> _Calls:
        found = _Calls(account.region, account.endpoint_url, attempts=2, session=account.session)
        found._clients = account._clients
        return found.watch()

    @pytest.fixture
    def open_registry(self, calls: _Calls) -> Open:
        def opened(account: Account = calls) -> SageMakerRegistry:
            return SageMakerRegistry(
                account,
                S3Store(account, BUCKET, "team"),
                group=GROUP,
                served_by=ServedBy(IMAGE, ("ml.c5.large",), ("ml.c5.xlarge",)),
                bundle_uri="s3://leadscore-test/team/bundles/{}/model.tar.gz".format,
                now=lambda: NOON,
                tags={"team": "sales"},
            )

        return opened

    @pytest.fixture
    def registry(self, open_registry: Open) -> SageMakerRegistry:
        return open_registry()

    def described(self, account: Account, version: int = 1) -> dict[str, Any]:
        return account.call("sagemaker", "describe_model_package", ModelPackageName=self.arn(version))

    def arn(self, version: int) -> str:
        return f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{GROUP.lower()}/{version}"

    def test_whoever_only_looks_makes_nothing(self, registry: SageMakerRegistry, calls: _Calls) -> None:
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
        self, open_registry: Open, calls: _Calls, registry: SageMakerRegistry
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
        assert sorted(calls.made) == ["get_object"] * 4 + ["list_model_packages"]
        register(registry, 3)
        calls.watch()
        assert len(other.packages()) == 4
        assert calls.made == ["get_object", "list_model_packages", "get_object"]

    def test_more_packages_than_a_page_are_all_found(
        self, registry: SageMakerRegistry, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("leadscore_assets.backends.aws.registry._PAGE", 2)
        for number in range(5):
            register(registry, number)
        assert [package.version for package in registry.packages()] == [1, 2, 3, 4, 5]

    def test_two_that_register_one_bundle_at_once_make_one_package(self, open_registry: Open, account: Account) -> None:
        found: list[Package] = []
        start = threading.Barrier(3)

        def one() -> None:
            registry = open_registry(account)
            start.wait()
            found.append(register(registry, 1))

        threads = [threading.Thread(target=one) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [item.version for item in found] == [1, 1, 1]
        assert len(open_registry(account).packages()) == 1

    def test_two_bundles_that_are_registered_at_once_have_versions_of_their_own(
        self, open_registry: Open, account: Account
    ) -> None:
        register(open_registry(account), 0)
        start = threading.Barrier(4)

        def one(number: int) -> None:
            registry = open_registry(account)
            start.wait()
            register(registry, number, data_digest=f"other {number}")

        threads = [threading.Thread(target=one, args=(number,)) for number in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        packages = open_registry(account).packages()
        assert sorted(item.semver for item in packages) == ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0"]

    @pytest.mark.parametrize("writes", range(5))
    def test_a_registration_that_is_killed_is_completed_by_the_next(
        self, writes: int, open_registry: Open, calls: _Calls, account: Account
    ) -> None:
        calls.watch(writes=writes)
        with pytest.raises(_Killed):
            register(open_registry(), 1)
        found = register(open_registry(account), 1)
        assert (found.version, found.semver, found.digest) == (1, "v1.0.0", digest(1))
        assert open_registry(account).packages() == [found]

    @pytest.mark.parametrize("writes", range(4))
    def test_a_promotion_that_is_killed_leaves_one_in_production_and_completes_when_repeated(
        self, writes: int, open_registry: Open, calls: _Calls, account: Account
    ) -> None:
        registry = open_registry(account)
        for number in (1, 2):
            register(registry, number)
        registry.promote(1)
        calls.watch(writes=writes)
        if writes < 3:
            with pytest.raises(_Killed):
                open_registry().promote(2)
            assert sorted(stages(registry).values()) in (["candidate", "production"], ["archive", "production"])
        registry.promote(2)
        assert stages(registry) == {1: "archive", 2: "production"}
        shown = [self.described(account, version)["ModelLifeCycle"]["Stage"] for version in (1, 2)]
        assert shown == ["Archive", "Production"]

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

    def test_many_who_promote_at_once_leave_one_in_production(self, open_registry: Open, account: Account) -> None:
        registry = open_registry(account)
        for number in range(3):
            register(registry, number)
        start = threading.Barrier(3)

        def one(version: int) -> None:
            mine = open_registry(account)
            start.wait()
            mine.promote(version)

        threads = [threading.Thread(target=one, args=(version,)) for version in (1, 2, 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert list(stages(registry).values()).count("production") == 1

    def test_a_pointer_that_never_holds_still_is_an_error_that_may_pass(
        self, registry: SageMakerRegistry, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        register(registry, 1)
        monkeypatch.setattr("leadscore_assets.backends.aws.registry._TRIES", 2)
        objects = S3Store(account, BUCKET, "team")
        monkeypatch.setattr(registry, "_store", type("Busy", (), {"get": objects.get, "put": lambda *_, **__: None})())
        with pytest.raises(TransientError, match="others promote at once"):
            registry.promote(1)

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

    def test_who_comes_second_gets_the_package_that_was_made_a_moment_before_in_other_words(
        self, open_registry: Open, calls: _Calls, account: Account
    ) -> None:
        def other() -> None:
            open_registry(account).register(digest=digest(1), week=WEEK, metrics={"mae": 0.1}, lineage=LINEAGE)

        calls.before["create_model_package"] = other
        assert register(open_registry(), 1).metrics == {"mae": 0.1}
        assert [item.version for item in open_registry(account).packages()] == [1]

    def test_a_refused_registration_is_told(self, open_registry: Open, calls: _Calls, account: Account) -> None:
        group = {"ModelPackageGroupName": GROUP}
        calls.before["create_model_package"] = lambda: account.call("sagemaker", "delete_model_package_group", **group)
        with pytest.raises(AwsRefused, match=r"create_model_package .* does not exist"):
            register(open_registry(), 1)

    # What people decide in SageMaker's own pages.

    def waiting(self, registry: SageMakerRegistry, number: int = 1) -> Package:
        week = WEEK + timedelta(weeks=number)
        return registry.register(digest=digest(number), week=week, metrics={}, lineage=LINEAGE, stage="staging")

    def test_a_package_that_waits_is_pending_and_an_approval_is_told_until_it_is_marked(
        self, registry: SageMakerRegistry, account: Account
    ) -> None:
        self.waiting(registry)
        assert self.described(account)["ModelApprovalStatus"] == "PendingManualApproval"
        assert registry.decisions() == []

        decided(self.arn(1), "Approved", by="bob", comment="looks right")

        [found] = registry.decisions()
        assert (found.version, found.approved, found.by, found.comment) == (1, True, "bob", "looks right")
        assert abs(datetime.now(UTC) - found.at) < timedelta(minutes=1)
        assert registry.decisions() == [found]
        registry.mark(found)
        assert registry.decisions() == []
        assert registry.get(1).decision == found
        assert self.described(account)["ModelApprovalStatus"] == "Approved"

    @pytest.mark.parametrize("status", ["Rejected", "PendingManualApproval"])
    def test_an_approval_that_is_taken_back_is_told(
        self, registry: SageMakerRegistry, account: Account, status: str
    ) -> None:
        register(registry, 1)
        registry.stage(1, "canary")
        decided(self.arn(1), status, by=None)
        [found] = registry.decisions()
        assert (found.approved, found.by) == (False, "SageMaker console")
        registry.mark(found)
        assert registry.decisions() == []
        assert self.described(account)["ModelApprovalStatus"] == "Rejected"
        assert stages(registry) == {1: "canary"}

    def test_moving_a_package_never_loses_an_approval_nor_its_metadata(
        self, registry: SageMakerRegistry, account: Account
    ) -> None:
        self.waiting(registry)
        before = self.described(account)
        decided(self.arn(1), "Approved")
        for stage in ("shadow", "canary", "archive"):
            registry.stage(1, stage)
        registry.promote(1)
        after = self.described(account)
        assert after["ModelApprovalStatus"] == "Approved"
        assert after["CustomerMetadataProperties"] == before["CustomerMetadataProperties"]
        assert [item.approved for item in registry.decisions()] == [True]

    def test_what_leadscore_decides_is_shown_and_is_no_decision_of_somebody_else(
        self, registry: SageMakerRegistry, account: Account
    ) -> None:
        self.waiting(registry)
        registry.mark(Decision(1, True, "ann", NOON, "by hand"))
        found = self.described(account)
        assert (found["ModelApprovalStatus"], found["ModelLifeCycle"]["StageStatus"]) == ("Approved", "Approved")
        assert registry.decisions() == []

    def test_a_person_who_spoke_later_is_not_overruled(self, registry: SageMakerRegistry, account: Account) -> None:
        self.waiting(registry)
        decided(self.arn(1), "Rejected")
        registry.mark(Decision(1, True, "ann", NOON))
        assert self.described(account)["ModelApprovalStatus"] == "Rejected"
        registry.mark(Decision(1, True, "ann", datetime.now(UTC) + timedelta(hours=1)))
        assert self.described(account)["ModelApprovalStatus"] == "Approved"
        assert registry.decisions() == []

    def test_a_life_cycle_that_a_person_wrote_hides_no_decision(
        self, registry: SageMakerRegistry, account: Account
    ) -> None:
        self.waiting(registry)
        cycle = {"Stage": "Staging", "StageStatus": "Approved"}
        account.call("sagemaker", "update_model_package", ModelPackageArn=self.arn(1), ModelLifeCycle=cycle)
        assert registry.decisions() == []
        decided(self.arn(1), "Approved")
        registry.stage(1, "shadow")
        [found] = registry.decisions()
        registry.mark(found)
        assert registry.decisions() == []

    def test_long_and_odd_words_of_people_fit(self, registry: SageMakerRegistry) -> None:
        self.waiting(registry)
        odd = Decision(1, True, 'ö"\\' * 100, NOON, "line\nbreak \x00 " + '"\\' * 500)
        registry.mark(odd)
        found = registry.get(1).decision
        assert found
        assert found.by == odd.by[:100]
        assert found.comment.startswith('line break "\\')

    # Training runs.

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

    def test_the_emulator_refuses_what_aws_refuses(self, registry: SageMakerRegistry, account: Account) -> None:
        register(registry, 1)
        for operation, request, told in (
            ("create_model_package_group", {"ModelPackageGroupName": GROUP.upper()}, "already exists"),
            ("delete_model_package_group", {"ModelPackageGroupName": GROUP}, "holds model packages"),
            ("list_model_packages", {"ModelPackageGroupName": "other"}, "does not exist"),
            ("describe_model_package", {"ModelPackageName": self.arn(5)}, "does not exist"),
        ):
            with pytest.raises(AwsRefused, match=told):
                account.call("sagemaker", operation, **request)
        account.call("sagemaker", "delete_model_package", ModelPackageName=self.arn(1))
        assert register(registry, 2).version == 2
        account.call("sagemaker", "delete_model_package", ModelPackageName=self.arn(2))
        account.call("sagemaker", "delete_model_package_group", ModelPackageGroupName=GROUP)


BASE: dict[str, Any] = {"ModelPackageGroupName": GROUP}
TOPIC = "arn:aws:sns:us-east-1:123456789012:news"


@pytest.mark.parametrize(
    ("service", "operation", "request_", "told"),
    [
        ("sagemaker", "create_model_package", {**BASE, "ModelPackageName": "x"}, "either a name or a group"),
        ("sagemaker", "create_model_package", {**BASE, "Tags": [{"Key": "a", "Value": "b"}]}, "no tags of its own"),
        (
            "sagemaker",
            "create_model_package",
            {
                **BASE,
                "InferenceSpecification": {
                    "Containers": [
                        {
                            "Image": IMAGE,
                            "ModelDataUrl": "s3://b/x.tar.gz",
                            "ModelDataSource": {
                                "S3DataSource": {
                                    "S3Uri": "s3://b/",
                                    "S3DataType": "S3Prefix",
                                    "CompressionType": "None",
                                }
                            },
                        }
                    ]
                },
            },
            "ModelDataUrl or ModelDataSource",
        ),
        ("sagemaker", "create_model_package", {**BASE, "CustomerMetadataProperties": {"a": "b, c"}}, "holds ','"),
        (
            "sagemaker",
            "update_model_package",
            {
                "ModelPackageArn": "arn:aws:sagemaker:us-east-1:123456789012:model-package/x/1",
                "CustomerMetadataProperties": {"a": "b"},
                "CustomerMetadataPropertiesToRemove": ["a"],
            },
            "set and removed",
        ),
        ("sns", "publish", {"TopicArn": TOPIC, "Message": "x", "Subject": "two\nlines"}, "ASCII text below"),
        ("sns", "publish", {"TopicArn": f"{TOPIC}.fifo", "Message": "x"}, "needs MessageGroupId"),
        (
            "sns",
            "publish",
            {"TopicArn": TOPIC, "Message": "x", "MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}},
            "is empty",
        ),
    ],
)
def test_each_documented_rule_has_a_request_that_breaks_it(
    account: Account, service: str, operation: str, request_: dict[str, Any], told: str
) -> None:
    assert rules_registry
    with pytest.raises(Inadmissible, match=told):
        account.call(service, operation, **request_)
