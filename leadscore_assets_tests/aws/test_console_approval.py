"""Approvals in SageMaker's own pages, carried into the release by its next look, once, with who and why."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from leadscore_assets.automation.sensors import rollout_sensor
from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.registry import SageMakerRegistry
from leadscore_assets.backends.aws.requests_registry import ServedBy
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.domain.errors import PermanentError
from leadscore_assets.domain.release_state import story_problems
from leadscore_assets.steps.delivering import deliver
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.releasing import package_candidate, package_waits, release, serves_the_champion
from leadscore_assets.steps.rolling_out import approve, decline, look_at_release
from leadscore_assets_tests.aws.conftest import BUCKET
from leadscore_assets_tests.aws.emulated_registry import decided
from leadscore_assets_tests.conftest import Stage
from leadscore_assets_tests.home import NEW, Home
from leadscore_assets_tests.steps.releases import Clock, slowly
from leadscore_assets_tests.steps.test_manual_verdict import ASKS

GROUP = "LeadScore"
ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/leadscore/{}".format


@pytest.fixture(scope="session")
def asking(stages: Callable[[str, Stage], Home], judged: Home) -> Home:
    """A candidate that was judged under rules which ask a person, and a release that takes its time."""

    def make(place: Path) -> Home:
        home = slowly(judged.copied(place), rungs=ASKS)
        home.cli("backfill", "--from", f"{NEW}", "--to", f"{NEW}")
        return home

    return stages("asking", make)


@pytest.fixture
def home(copy: Callable[[Home], Home], asking: Home) -> Home:
    return copy(asking)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def platform(home: Home, account: Account, clock: Clock) -> Platform:
    """The champion in SageMaker's registry, and a candidate that waits for a person."""
    local = home.platform(now=clock)
    registry = SageMakerRegistry(
        account,
        S3Store(account, BUCKET, "team"),
        group=GROUP,
        served_by=ServedBy("image:1", ("ml.c5.large",)),
        bundle_uri="s3://leadscore-test/team/bundles/{}/model.tar.gz".format,
        now=clock,
    )
    old = local.registry.get(1)
    registry.register(digest=old.digest, week=old.week, metrics=old.metrics, lineage=old.lineage)
    registry.promote(1)
    found = replace(local, registry=registry)
    package = package_candidate(found, NEW)
    assert package
    assert package.stage == "staging"
    return found


def shown(account: Account, version: int = 2) -> tuple[str, str, str]:
    found = account.call("sagemaker", "describe_model_package", ModelPackageName=ARN(version))
    cycle = found["ModelLifeCycle"]
    return found["ModelApprovalStatus"], cycle["Stage"], cycle["StageStatus"]


def ticked(platform: Platform, cursor: str | None = None) -> tuple[int, str | None]:
    """Let the sensor tick; return how many runs it asks for, and its cursor."""
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, resources={"platform": platform}, cursor=cursor)
        found = rollout_sensor(context)
    assert isinstance(found, dg.SensorResult | dg.SkipReason)
    if isinstance(found, dg.SkipReason):
        return 0, cursor
    return len(found.run_requests or []), found.cursor


def test_an_approval_sets_the_candidate_off_and_its_revocation_takes_it_back(
    platform: Platform, account: Account, clock: Clock
) -> None:
    waiting = release(platform).moved.state.waiting
    assert waiting
    assert (waiting.model.version, waiting.approved) == (2, False)
    assert shown(account) == ("PendingManualApproval", "Staging", "PendingApproval")
    assert ticked(platform)[0] == 0

    decided(ARN(2), "Approved", by="bob", comment="looks right")
    requests, cursor = ticked(platform)
    assert requests == 1
    clock.moment += timedelta(seconds=5)
    assert release(platform).moved.state.phase == "shadow"

    assert shown(account) == ("Approved", "Shadow", "Approved")
    [told] = platform.ledger.records(action="decided")
    assert told.reason == "version 2 was approved by bob in the registry: looks right; it sets off"
    assert (told.evidence["by"], told.evidence["approved"]) == ("bob", True)
    assert platform.ledger.records(action="approved")[-1].evidence["by"] == "bob, in the registry"
    records = platform.ledger.records()
    assert ticked(platform, cursor)[0] == 0
    assert not release(platform).changed
    assert platform.ledger.records() == records

    decided(ARN(2), "Rejected", by="eve", comment="complaints")
    assert ticked(platform, cursor)[0] == 1
    clock.moment += timedelta(seconds=5)
    assert release(platform).moved.state.phase == "rejected"

    assert platform.endpoint.status().shadow is None
    assert shown(account) == ("Rejected", "Archive", "Rejected")
    ended = platform.ledger.records(action="rejected")[-1]
    assert (ended.reason, ended.evidence["by"]) == (
        "refused by eve in the registry: complaints",
        "eve, in the registry",
    )
    assert platform.ledger.records(action="decided")[-1].reason.endswith("its way ends, and it was at shadow")
    assert platform.registry.decisions() == []
    records = platform.ledger.records()
    assert not release(platform).changed
    assert platform.ledger.records() == records
    assert (story_problems(present_release(platform)), serves_the_champion(platform)) == ([], [])


def test_what_is_decided_before_the_release_knows_the_package_holds_when_it_does(
    platform: Platform, account: Account, home: Home
) -> None:
    decided(ARN(2), "Rejected", by=None)
    assert release(platform).moved.state.candidate is None
    assert not package_waits(platform)
    assert shown(account) == ("Rejected", "Staging", "Rejected")
    [told] = platform.ledger.records(action="decided")
    assert told.reason.startswith("version 2 was refused by SageMaker console in the registry; nothing changes")
    decided(ARN(2), "Approved", by="bob")
    found = release(platform).moved.state
    assert (found.phase, found.candidate.version) == ("shadow", 2)  # type: ignore[union-attr]
    assert platform.ledger.records(action="approved")[-1].evidence["by"] == "bob"
    assert len(platform.ledger.records(action="decided")) == 2


def test_what_leadscore_decides_is_shown_in_sagemaker_and_comes_back_from_nowhere(
    platform: Platform, account: Account, clock: Clock
) -> None:
    release(platform)
    approve(platform, 2, actor="ann")
    assert shown(account) == ("Approved", "Shadow", "Approved")
    assert platform.registry.decisions() == []
    clock.pass_(minutes=5)
    decline(platform, 2, actor="ann", reason="launch week")
    assert shown(account) == ("Rejected", "Archive", "Rejected")
    look_at_release(platform)
    assert platform.registry.decisions() == []
    assert platform.ledger.records(action="decided") == []


def test_a_champion_whose_approval_is_revoked_goes_on_and_people_are_told_once(
    platform: Platform, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    release(platform)
    decided(ARN(1), "PendingManualApproval", by="eve")
    assert not release(platform).changed
    assert not release(platform).changed
    with caplog.at_level(logging.WARNING, "leadscore_assets.notices"):
        assert deliver(platform, early=True).problems == ()
    [record] = [item for item in caplog.records if "Approval of version 1 revoked" in item.getMessage()]
    assert "run 'leadscore rollback'" in record.getMessage()
    assert platform.registry.production() == platform.registry.get(1)
    assert shown(account, 1) == ("Rejected", "Production", "Rejected")
    assert len(platform.ledger.records(action="decided")) == 1


def test_a_ledger_that_is_down_keeps_nobody_from_taking_a_candidate_back(
    platform: Platform, home: Home, clock: Clock, tmp_path: Path
) -> None:
    release(platform)
    approve(platform, 2, actor="ann")
    clock.pass_(minutes=5)
    decided(ARN(2), "Rejected", by="eve")
    database = home.path / "ledger.db"
    database.rename(tmp_path / "ledger.db")
    database.write_bytes(b"no database at all" * 99)
    down = replace(platform, ledger=home.platform(now=clock).ledger)
    with pytest.raises(PermanentError):
        down.ledger.records()
    assert release(down).moved.state.phase == "rejected"
    assert platform.endpoint.status().shadow is None
    database.unlink()
    (tmp_path / "ledger.db").rename(database)
    up = replace(platform, ledger=home.platform(now=clock).ledger)
    release(up)
    assert [item.evidence["by"] for item in up.ledger.records(action="rejected")] == ["eve, in the registry"]
    assert up.registry.decisions() == []
