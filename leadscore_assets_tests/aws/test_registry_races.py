"""The registry on SageMaker where many write at once, and where one is killed before any of its writes."""

import threading

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.aws.registry import SageMakerRegistry
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.domain.errors import TransientError
from leadscore_assets.domain.facts import Package
from leadscore_assets_tests.aws.conftest import BUCKET
from leadscore_assets_tests.aws.registry_site import GROUP, Calls, Killed, Open, RegistrySite
from leadscore_assets_tests.backends.registry_contract import (
    LINEAGE,
    WEEK,
    digest,
    register,
    stages,
)


class TestRaces(RegistrySite):
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
        self, writes: int, open_registry: Open, calls: Calls, account: Account
    ) -> None:
        calls.watch(writes=writes)
        with pytest.raises(Killed):
            register(open_registry(), 1)
        found = register(open_registry(account), 1)
        assert (found.version, found.semver, found.digest) == (1, "v1.0.0", digest(1))
        assert open_registry(account).packages() == [found]

    @pytest.mark.parametrize("writes", range(4))
    def test_a_promotion_that_is_killed_leaves_one_in_production_and_completes_when_repeated(
        self, writes: int, open_registry: Open, calls: Calls, account: Account
    ) -> None:
        registry = open_registry(account)
        for number in (1, 2):
            register(registry, number)
        registry.promote(1)
        calls.watch(writes=writes)
        if writes < 3:
            with pytest.raises(Killed):
                open_registry().promote(2)
            assert sorted(stages(registry).values()) in (["candidate", "production"], ["archive", "production"])
        registry.promote(2)
        assert stages(registry) == {1: "archive", 2: "production"}
        shown = [self.described(account, version)["ModelLifeCycle"]["Stage"] for version in (1, 2)]
        assert shown == ["Archive", "Production"]

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

    def test_who_comes_second_gets_the_package_that_was_made_a_moment_before_in_other_words(
        self, open_registry: Open, calls: Calls, account: Account
    ) -> None:
        def other() -> None:
            open_registry(account).register(digest=digest(1), week=WEEK, metrics={"mae": 0.1}, lineage=LINEAGE)

        calls.before["create_model_package"] = other
        assert register(open_registry(), 1).metrics == {"mae": 0.1}
        assert [item.version for item in open_registry(account).packages()] == [1]

    def test_a_refused_registration_is_told(self, open_registry: Open, calls: Calls, account: Account) -> None:
        group = {"ModelPackageGroupName": GROUP}
        calls.before["create_model_package"] = lambda: account.call("sagemaker", "delete_model_package_group", **group)
        with pytest.raises(AwsRefused, match=r"create_model_package .* does not exist"):
            register(open_registry(), 1)
