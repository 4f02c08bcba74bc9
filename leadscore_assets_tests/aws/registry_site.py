"""A registry on an emulated SageMaker, and an account that counts its calls and can die before one."""

from collections.abc import Callable
from typing import Any

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.registry import SageMakerRegistry
from leadscore_assets.backends.aws.requests_registry import ServedBy
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets_tests.aws.conftest import BUCKET
from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.backends.registry_contract import NOON

GROUP = "LeadScore"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/leadscore-serving:1"
Open = Callable[..., SageMakerRegistry]


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the product catches it."""


class Calls(Account):
    """An account that counts its calls, and dies before the write that is one too many."""

    def watch(self, *, writes: int = 1_000) -> "Calls":
        self.made: list[str] = []
        self.before: dict[str, Callable[[], object]] = {}
        self.left = writes
        return self

    def call(self, service: str, operation: str, /, **request: Any) -> dict[str, Any]:
        self.made.append(operation)
        if operation.startswith(("create_", "update_", "put_")):
            if self.left == 0:
                raise Killed(operation)
            self.left -= 1
        self.before.pop(operation, lambda: None)()
        return super().call(service, operation, **request)

    def pages(self, service: str, operation: str, key: str, /, **request: Any) -> Any:
        self.made.append(operation)
        return super().pages(service, operation, key, **request)


class RegistrySite:
    """What the tests of the registry on SageMaker are given; they derive from it."""

    @pytest.fixture
    def account(self, emulated_account: Account, emulator: Emulator) -> Account:
        """One account for all tests: making its clients takes longer than a test."""
        emulated_account.call("s3", "create_bucket", Bucket=BUCKET)
        return emulated_account

    @pytest.fixture
    def calls(self, account: Account) -> Calls:
        found = Calls(account.region, account.endpoint_url, attempts=2, session=account.session)
        found._clients = account._clients
        return found.watch()

    @pytest.fixture
    def open_registry(self, calls: Calls) -> Open:
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
