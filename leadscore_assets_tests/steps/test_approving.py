"""Approvals on a real home: words in the ledger, what they come to at each look, and what happens in between."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from leadscore_assets.backends.ledger import SqlLedger
from leadscore_assets.backends.outbox import SqlOutbox
from leadscore_assets.domain.errors import InvalidInput, Refused
from leadscore_assets.steps.approvals import may_step
from leadscore_assets.steps.approving import Said, carry_clearance, decline_version, give_approval, withdraw_approval
from leadscore_assets.steps.delivering import deliveries
from leadscore_assets.steps.inviting import answer_invitation, invite, shown
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.releasing import package_candidate, release
from leadscore_assets.steps.rolling_out import approve
from leadscore_assets_tests.home import NEW, OLD, Home
from leadscore_assets_tests.steps.releases import Clock

ANN, BEN = Said("ann", "ml_lead", "good"), Said("ben", "business")
HOLDERS = {"ml_lead": ("ann", "cat", "eve"), "business": ("ben", "cat")}


def told(platform: Platform) -> list[str]:
    """The letters that say that a version sets off."""
    return [item.letter for item in deliveries(platform, limit=99) if "promotion_coming" in item.kinds]


def out_of_order(platform: Platform, folder: Path) -> Platform:
    """The platform with an outbox that cannot be written."""
    file = folder / "a_file"
    file.write_text("no folder")
    ledger = SqlLedger(f"sqlite:///{file}/ledger.db", actor="ada", now=platform.now)
    return replace(platform, outbox=SqlOutbox(ledger))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def platform(copy: Callable[[Home], Home], asking_roles: Home, clock: Clock) -> Platform:
    """Version 2 waits for both roles."""
    found = replace(copy(asking_roles).platform(now=clock), holders=HOLDERS)
    assert package_candidate(found, NEW)
    assert release(found).package.version == 1
    return found


def live(platform: Platform) -> int:
    return present_release(platform).champion.version


def test_both_roles_a_notice_and_a_day_later_it_takes_leads(
    platform: Platform, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert "waits for approval as business, approved by ann as ml_lead" in give_approval(platform, 2, ANN).reason
    before = told(platform)
    assert may_step(platform) == ""
    assert "sets off at" in give_approval(out_of_order(platform, tmp_path), 2, BEN).reason
    assert "promotion_coming" in caplog.text
    assert told(platform) == before
    [announced] = platform.ledger.records(action="announced")
    carry_clearance(platform)
    carry_clearance(platform)
    assert told(platform) == [*before, f"coming:{announced.key}"]
    clock.pass_(hours=23, minutes=59)
    assert (may_step(platform), release(platform).changed, live(platform)) == ("", False, 1)
    clock.pass_(minutes=1)
    assert may_step(platform).startswith("go")
    assert release(platform).changed
    assert live(platform) == 2
    [approved] = [item for item in platform.ledger.records(action="approved") if item.subject == "package 2"]
    assert approved.evidence["by"] == "ann as ml_lead, ben as business"
    assert platform.ledger.verify() == []


def test_what_does_not_count_is_refused_with_the_reason_and_recorded(platform: Platform) -> None:
    for said, why in (
        (replace(ANN, who="dan"), "may not approve as ml_lead"),
        (replace(ANN, who="eve"), "launched the training"),
        (replace(ANN, digest="f" * 64), "another bundle"),
    ):
        with pytest.raises(Refused, match=why):
            give_approval(platform, 2, said)
    give_approval(platform, 2, Said("cat", "ml_lead"))
    with pytest.raises(Refused, match="two people"):
        give_approval(platform, 2, Said("cat", "business"))
    with pytest.raises(Refused, match="waits for no approval"):
        give_approval(platform, 1, ANN)
    with pytest.raises(InvalidInput, match="name your role"):
        withdraw_and_ask(platform)
    assert len(platform.ledger.records(action="approval refused")) == 3
    assert live(platform) == 1


def withdraw_and_ask(platform: Platform) -> None:
    """With both roles missing, a person who may have neither or both must say which."""
    withdraw_approval(platform, 2, Said("cat"))
    give_approval(platform, 2, Said("cat"))


def test_an_approval_expires_or_is_withdrawn_during_the_notice_and_the_version_waits_again(
    platform: Platform, clock: Clock
) -> None:
    give_approval(platform, 2, ANN)
    clock.pass_(hours=60)
    give_approval(platform, 2, BEN)
    clock.pass_(hours=24)
    assert not release(platform).changed
    with pytest.raises(Refused, match="expired"):
        approve(platform, 2, actor="mallory")
    give_approval(platform, 2, ANN)
    withdraw_approval(platform, 2, BEN)
    clock.pass_(hours=24)
    assert (release(platform).changed, live(platform)) == (False, 1)
    with pytest.raises(Refused, match="has not approved"):
        withdraw_approval(platform, 2, BEN)
    give_approval(platform, 2, BEN)
    assert len(platform.ledger.records(action="announced")) == 3
    clock.pass_(hours=24)
    assert (release(platform).changed, live(platform)) == (True, 2)
    with pytest.raises(Refused, match="answers all leads already"):
        withdraw_approval(platform, 2, ANN)


def test_a_word_that_was_recorded_before_a_kill_is_carried_by_the_next_look(platform: Platform, clock: Clock) -> None:
    class KilledError(BaseException):
        """Ends the step where the endpoint would be asked."""

    def killed(*_: object, **__: object) -> None:
        raise KilledError

    give_approval(platform, 2, ANN)
    with patch("leadscore_assets.steps.approving.carry_clearance", killed), pytest.raises(KilledError):
        give_approval(platform, 2, BEN)
    assert may_step(platform).startswith("announce")
    release(platform)
    clock.pass_(hours=24)
    with patch("leadscore_assets.steps.approving.carry", killed), pytest.raises(KilledError):
        release(platform)
    assert live(platform) == 1
    release(platform)
    assert live(platform) == 2
    assert len(platform.ledger.records(action="announced")) == 1


def test_two_approvals_at_once_are_both_recorded_and_release_once(platform: Platform, clock: Clock) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda said: give_approval(platform, 2, said), (ANN, BEN)))
    assert len(platform.ledger.records(action="approval")) == 2
    assert len(platform.ledger.records(action="announced")) == 1
    clock.pass_(hours=24)
    release(platform)
    assert live(platform) == 2


def test_a_refusal_ends_its_way_and_no_approval_brings_it_back(platform: Platform) -> None:
    give_approval(platform, 2, ANN)
    assert "too early" in decline_version(platform, 2, replace(BEN, comment="too early")).reason
    with pytest.raises(Refused, match="waits for no approval"):
        give_approval(platform, 2, BEN)
    assert (live(platform), present_release(platform).candidate) == (1, None)


def test_a_link_counts_once_for_one_bundle_and_shows_its_figures(platform: Platform) -> None:
    link = invite(platform, 2, role="business", who="ben", hours=24)
    assert (shown(platform, link).version, shown(platform, link).week) == (2, f"{NEW}")
    assert platform.ledger.records(action="approval") == []
    with pytest.raises(Refused, match="waits for no approval any more"):
        answer_invitation(platform, replace(link, digest="f" * 64), decision="approved", comment="")

    def use(_: int) -> str:
        try:
            return answer_invitation(platform, link, decision="approved", comment="fine").reason
        except Refused as error:
            return f"refused: {error}"

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(use, range(2)))
    assert sum("refused: this link was used" in item for item in answers) == 1
    [word] = platform.ledger.records(action="approval")
    assert (word.evidence["way"], word.evidence["who"], word.evidence["comment"]) == ("link", "ben", "fine")
    withdraw_approval(platform, 2, BEN)
    assert "was used" in use(0)
    with pytest.raises(Refused, match="may not approve"):
        invite(platform, 2, role="business", who="dan", hours=1)


def test_without_a_role_administrators_are_told_and_it_sets_off_at_once(
    copy: Callable[[Home], Home], judged: Home
) -> None:
    platform = copy(judged).platform()
    assert package_candidate(platform, NEW)
    before = len(told(platform))
    assert release(platform).changed
    assert len(told(platform)) == before + 1
    assert platform.ledger.records(action="approval") == []


def test_the_first_model_waits_for_people_too(copy: Callable[[Home], Home], ingested: Home) -> None:
    home = copy(ingested)
    policy = home.path / "policy.toml"
    policy.write_text(policy.read_text().replace("[approval]", '[approval]\nroles = ["business"]', 1))
    home.cli("retrain", "--week", f"{OLD}")
    platform = home.platform(now=Clock(home.platform().now() + timedelta(seconds=1)))
    assert release(platform).package is None
    assert not platform.endpoint.status().running
    assert give_approval(platform, 1, Said("ben")).state.champion.version == 1
    assert platform.endpoint.status().running
