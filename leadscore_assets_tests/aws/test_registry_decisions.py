"""What people decide in SageMaker's own pages, and how what is decided elsewhere is shown there."""

from datetime import UTC, datetime, timedelta

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.registry import SageMakerRegistry
from leadscore_assets.domain.facts import Decision, Package
from leadscore_assets_tests.aws.emulated_registry import decided
from leadscore_assets_tests.aws.registry_site import RegistrySite
from leadscore_assets_tests.backends.registry_contract import LINEAGE, NOON, WEEK, digest, register, stages


class TestDecisions(RegistrySite):
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
