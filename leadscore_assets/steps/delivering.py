"""Delivering: letters that are due are taken out of the outbox, sent, and noted; what fails is tried again, ever later.

At least once a channel: killed between sending and noting, the same letter goes again under the same reference, by
which a receiver knows it. A channel that failed is left alone until the next pass, so that it holds up no other.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from leadscore_assets.backends.ports import Outbox
from leadscore_assets.domain.errors import LeadscoreError, Missing
from leadscore_assets.domain.notice_timing import as_one
from leadscore_assets.domain.notice_words import trial
from leadscore_assets.domain.notices import Claim, Delivery, Notice
from leadscore_assets.domain.scrubbing import scrub
from leadscore_assets.steps.platform import Platform

log = logging.getLogger("leadscore_assets.notices")
# Longer than any channel may take for one letter, so that no second deliverer sends what is still on its way.
LEASE = timedelta(minutes=10)
_AT_ONCE = 50


@dataclass(frozen=True)
class Delivered:
    """What a pass did: how many letters arrived, and why others did not, one sentence each."""

    sent: int = 0
    problems: tuple[str, ...] = ()


def deliver(platform: Platform, *, early: bool = False, limit: int = _AT_ONCE) -> Delivered:
    """Send the letters that are due, `early` those that wait too; raise LeadscoreError where the outbox is gone."""
    outbox = platform.outbox
    if outbox is None:
        return Delivered()
    sent, problems, down = 0, list[str](), set[str]()
    while sent + len(problems) < limit:
        claim = outbox.claim(platform.now(), lease=LEASE, skip=down, early=early)
        if claim is None:
            break
        problem = _sent(platform, outbox, claim)
        if problem:
            problems.append(problem)
            down.add(claim.channel)
        else:
            sent += 1
    return Delivered(sent, tuple(problems))


def deliveries(platform: Platform, *, limit: int, open_only: bool = False) -> list[Delivery]:
    """Return how far letters came, the newest last."""
    return platform.outbox.deliveries(limit=limit, open_only=open_only) if platform.outbox else []


def try_channel(platform: Platform, name: str) -> None:
    """Send a trial to one channel at once, past the outbox; raise what the channel raises."""
    if name not in platform.channels:
        known = ", ".join(platform.channels) or "none"
        raise Missing(f"channel {name} is not in [notices] of leadscore.toml; there is {known}")
    platform.channels[name].notifier.send(trial(name, platform.now()))


def _sent(platform: Platform, outbox: Outbox, claim: Claim) -> str:
    """Send a claimed letter and note what became of it; return why it did not arrive."""
    notice = replace(as_one(claim.notices, letter=claim.letter), key=claim.reference)
    try:
        if claim.channel not in platform.channels:
            raise Missing(f"channel {claim.channel} is no longer in leadscore.toml; write it there again")
        platform.channels[claim.channel].notifier.send(notice, page=_page(platform, notice))
    except LeadscoreError as error:
        problem = scrub(f"{error}", platform.contract)
        _note_failure(platform, outbox, claim, notice, problem)
        return problem
    outbox.delivered(claim, platform.now())
    with suppress(LeadscoreError):
        _record(platform, claim, notice)
    return ""


def _note_failure(platform: Platform, outbox: Outbox, claim: Claim, notice: Notice, problem: str) -> None:
    """Note when to try again; the log has the notice from the first failure on, and its end."""
    again = _again(platform, claim)
    if claim.attempts == 1 or again is None:
        end = "given up" if again is None else "tried again later"
        log.warning("%s [not delivered by %s, %s: %s]", notice.line, claim.channel, end, problem)
    outbox.failed(claim, platform.now(), problem=problem, again=again)


def _again(platform: Platform, claim: Claim) -> datetime | None:
    rules, now = platform.policy.notices, platform.now()
    end = claim.first_due + timedelta(hours=rules.give_up_hours)
    return now + rules.wait(claim.attempts) if now < end else None


def _page(platform: Platform, notice: Notice) -> Path | None:
    """Return the page that goes with a notice; one that is gone keeps nobody from being told."""
    if not notice.page:
        return None
    try:
        path = platform.lake.local_path(notice.page)
    except LeadscoreError:
        return None
    return path if path.is_file() else None


def _record(platform: Platform, claim: Claim, notice: Notice) -> None:
    platform.ledger.append(
        "notified",
        f"channel {claim.channel}",
        reason=notice.subject,
        evidence={"kinds": sorted({item.kind for item in claim.notices}), "notices": len(claim.notices)},
        key=f"notified:{claim.reference}",
    )
