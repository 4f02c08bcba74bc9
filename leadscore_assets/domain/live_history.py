"""Which model answered when: the release's own records, read back as stretches of time without a change.

Pure: whoever keeps the ledger's records can answer, without the endpoint, the registry or the lake.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate, groupby
from operator import itemgetter
from typing import Any

from leadscore_assets.domain.facts import LedgerRecord, Record

_UNRECORDED = "answered before the first recorded release"
_PLATFORM = "platform"


@dataclass(frozen=True)
class Live(Record):
    """A version and its share of leads: since when it had that place, who gave it, why, and which record says so."""

    version: int
    digest: str
    share: float
    since: datetime | None
    by: str
    reason: str
    seq: int


@dataclass(frozen=True)
class Stretch(Record):
    """A time without a change: the champion, a candidate that answered some leads, one that only got copies.

    `since` is None for what answered before the first record, `until` is None for what lasts.
    """

    since: datetime | None
    until: datetime | None
    champion: Live
    candidate: Live | None = None
    shadow: Live | None = None

    def touches(self, first: datetime, last: datetime) -> bool:
        """Tell whether some of the time from `first` to before `last` lies in this stretch; a moment is both."""
        begun = self.since is None or self.since < last or self.since == first
        return begun and (self.until is None or first < self.until)


@dataclass(frozen=True)
class _Place:
    """Who stands where; None where nobody does."""

    champion: Live | None = None
    candidate: Live | None = None
    shadow: Live | None = None


def live_between(records: Iterable[LedgerRecord], first: datetime, last: datetime) -> list[Stretch]:
    """Return who answered from `first` to before `last` (or at `first`, where both are one moment), oldest first."""
    return [item for item in stretches(records) if item.touches(first, last)]


def stretches(records: Iterable[LedgerRecord]) -> list[Stretch]:
    """Return every stretch of time since the first champion, oldest first; each ends where the next begins."""
    moves = [record for record in records if "after" in record.evidence]
    found: list[Stretch] = []
    place, since = _Place(champion=_unrecorded(moves)), None
    for at, together in groupby(zip(_moments(moves), moves, strict=True), key=itemgetter(0)):
        moved = place
        for _, move in together:
            moved = _after(moved, move)
        if moved != place:
            found += _closed(place, since, at)
            place, since = moved, at
    return [*found, *_closed(place, since, None)]


def provenance(records: Sequence[LedgerRecord], digest: str) -> dict[str, Any]:
    """Return what the ledger says of a bundle: week, data, policy, evaluation, verdict; of each its newest record."""
    found: dict[str, Any] = {"bundle": digest}
    for record in records:
        found |= _told(record, digest)
    return found


def _told(record: LedgerRecord, digest: str) -> dict[str, Any]:
    evidence = record.evidence
    if record.action == "trained" and record.subject == f"bundle {digest}":
        return {"week": evidence["week"], "data": evidence["data_digest"], "trained_under": evidence["policy_digest"]}
    if record.action == "judged" and evidence["candidate"] == digest:
        return {"verdict": evidence["decision"], "rule": evidence["rule"]}
    if record.action == "registered" and evidence["bundle"] == digest:
        return {"evaluation": evidence["evaluation"], "policy": evidence.get("policy_digest")}
    if record.action == "approved" and evidence["bundle"] == digest:
        return {"approved_by": evidence["by"], "approved_at": evidence["at"]}
    return {}


def _at(move: LedgerRecord) -> datetime:
    # A ledger that was down is told later: the move's own moment counts.
    return datetime.fromisoformat(move.evidence["at"])


def _moments(moves: Iterable[LedgerRecord]) -> Iterable[datetime]:
    # Moves are told in their order; a clock that was put back does not turn it round.
    return accumulate(map(_at, moves), max)


def _after(place: _Place, move: LedgerRecord) -> _Place:
    live, after = _live(move), move.evidence["after"]
    champion, candidate, shadow = (
        None if item and item.digest == live.digest else item
        for item in (place.champion, place.candidate, place.shadow)
    )
    if after == "champion":
        # A champion is told again when its close watch is over: it had its place since before.
        same = place.champion is not None and place.champion.digest == live.digest
        return _Place(place.champion if same else live, candidate, shadow)
    if after == "canary":
        return _Place(champion, live, shadow)
    if after == "shadow":
        return _Place(champion, candidate, live)
    return _Place(champion, candidate, shadow)


def _live(move: LedgerRecord) -> Live:
    evidence = move.evidence
    by = evidence["by"] if evidence["by"] != _PLATFORM else f"{_PLATFORM} ({move.actor})"
    version = int(move.subject.removeprefix("package "))
    return Live(version, evidence["bundle"], float(evidence["weight"]), _at(move), by, move.reason, move.seq)


def _unrecorded(moves: Sequence[LedgerRecord]) -> Live | None:
    """The champion that no record put in its place: what the first champion to go had been."""
    for move in moves:
        if move.evidence["after"] == "champion":
            return None if move.evidence["before"] != "champion" else _from_before(move)
        if move.evidence["before"] == "champion":
            return _from_before(move)
    return None


def _from_before(move: LedgerRecord) -> Live:
    return replace(_live(move), share=1.0, since=None, by="not recorded", reason=_UNRECORDED)


def _closed(place: _Place, since: datetime | None, until: datetime | None) -> Iterator[Stretch]:
    if place.champion:
        share = 1.0 - (place.candidate.share if place.candidate else 0.0)
        yield Stretch(since, until, replace(place.champion, share=share), place.candidate, place.shadow)
