"""Which model answered when, by the ledger's records alone; held against what the release really served."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from leadscore_assets.domain.facts import LedgerRecord
from leadscore_assets.domain.live_history import Live, Stretch, live_between, provenance, stretches
from leadscore_assets.domain.release_state import CANDIDATE, PRIMARY, Transition, desired
from leadscore_assets_tests.domain.test_rollout_machine import Release

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WORDS = {"champion": "promoted", "canary": "shifted", "shadow": "shadowed"}


def record(seq: int, action: str, subject: str, **evidence: Any) -> LedgerRecord:
    return LedgerRecord(seq, MONDAY, "schedule weekly", action, subject, f"reason {seq}", evidence, "", "", f"#{seq}")


def move(seq: int, version: int, after: str, *, at: datetime, before: str = "approved", **more: Any) -> LedgerRecord:
    told = {"bundle": f"digest{version}", "before": before, "after": after, "weight": 0.0, "by": "platform"}
    return record(seq, WORDS.get(after, after), f"package {version}", **(told | {"at": at.isoformat()} | more))


def days(number: float) -> datetime:
    return MONDAY + timedelta(days=number)


RELEASE = [
    record(1, "ingested", "week 2026-02-23", digest="x"),
    move(2, 1, "champion", at=days(0), weight=1.0),
    move(3, 2, "shadow", at=days(7)),
    move(4, 2, "canary", at=days(14), before="shadow", weight=0.1),
    move(5, 2, "canary", at=days(15), before="canary", weight=0.5),
    move(6, 1, "retired", at=days(17), before="champion"),
    move(7, 2, "champion", at=days(17), before="canary", weight=1.0),
    move(8, 2, "champion", at=days(19), before="champion", weight=1.0),
    move(9, 2, "rolled_back", at=days(20), before="champion", by="ann"),
    move(10, 1, "champion", at=days(20), before="retired", weight=1.0, by="ann"),
]


def served(item: Stretch) -> tuple[Any, ...]:
    """What a stretch says in short: champion, its share, the candidate and its share, the shadow."""
    candidate = (item.candidate.version, item.candidate.share) if item.candidate else None
    return item.champion.version, item.champion.share, candidate, item.shadow.version if item.shadow else None


def test_a_release_is_told_stretch_by_stretch() -> None:
    found = stretches(RELEASE)

    assert [(item.since, item.until) for item in found] == [
        (days(0), days(7)),
        (days(7), days(14)),
        (days(14), days(15)),
        (days(15), days(17)),
        (days(17), days(20)),
        (days(20), None),
    ]
    assert [served(item) for item in found] == [
        (1, 1.0, None, None),
        (1, 1.0, None, 2),
        (1, 0.9, (2, 0.1), None),
        (1, 0.5, (2, 0.5), None),
        (2, 1.0, None, None),
        (1, 1.0, None, None),
    ]


def test_a_stretch_says_since_when_by_whom_and_why() -> None:
    (found,) = live_between(RELEASE, days(18), days(18))
    assert found.champion == Live(2, "digest2", 1.0, days(17), "platform (schedule weekly)", "reason 7", 7)
    (back,) = live_between(RELEASE, days(400), days(400))
    assert (back.champion.by, back.champion.since, back.champion.seq) == ("ann", days(20), 10)


def test_the_watch_that_ends_well_does_not_begin_a_new_place() -> None:
    (found,) = live_between(RELEASE, days(19.5), days(19.5))
    assert found.champion.since == days(17)


@pytest.mark.parametrize(
    ("first", "last", "versions"),
    [
        (days(-3), days(-2), []),
        (days(-1), days(0), []),
        (days(0), days(0), [1]),
        (days(17), days(17), [2]),
        (days(17), days(18), [2]),
        (days(16.5), days(17.5), [1, 2]),
        (days(20) - timedelta(microseconds=1), days(21), [2, 1]),
    ],
)
def test_a_day_has_everything_that_was_live_in_it_and_a_moment_one(
    first: datetime, last: datetime, versions: list[int]
) -> None:
    assert [item.champion.version for item in live_between(RELEASE, first, last)] == versions


def test_what_answered_before_the_first_record_is_known_by_what_took_its_place() -> None:
    found = stretches(RELEASE[5:])

    assert [served(item)[0] for item in found] == [1, 2, 1]
    assert (found[0].since, found[0].until, found[0].champion.since) == (None, days(17), None)
    assert found[0].champion.reason == "answered before the first recorded release"
    assert live_between(RELEASE[5:], days(-900), days(-900)) == found[:1]


def test_a_record_that_was_told_late_counts_from_its_own_moment() -> None:
    late = [RELEASE[1], replace(RELEASE[6], at=days(30))]
    assert [item.since for item in stretches(late)] == [days(0), days(17)]


def test_nothing_is_live_without_records() -> None:
    assert stretches([]) == []
    assert stretches([record(1, "ingested", "week")]) == []


def test_what_stands_behind_a_bundle_is_found_by_its_digest() -> None:
    records = [
        record(1, "trained", "bundle b2", week="2026-03-02", data_digest="d", policy_digest="p"),
        record(2, "trained", "bundle other", week="2026-03-09", data_digest="x", policy_digest="x"),
        record(3, "judged", "test rows t", candidate="b2", decision="promote", rule="better"),
        record(4, "registered", "package 2", bundle="b2", evaluation="e", policy_digest="p"),
        record(5, "approved", "package 2", bundle="b2", by="ann", at="2026-03-10T09:00:00+00:00"),
    ]
    assert provenance(records, "b2") == {
        "bundle": "b2",
        "week": "2026-03-02",
        "data": "d",
        "trained_under": "p",
        "verdict": "promote",
        "rule": "better",
        "evaluation": "e",
        "policy": "p",
        "approved_by": "ann",
        "approved_at": "2026-03-10T09:00:00+00:00",
    }


class Told(Release):
    """Any number of releases, and a ledger that is told each of their moves."""

    @invariant()
    def the_ledger_says_what_is_served_now_and_what_was_served_then(self) -> None:
        if not hasattr(self, "world"):
            return
        self.__dict__.setdefault("told", [])
        self.__dict__.setdefault("served", {})
        known = {item for item, _ in self.told}
        self.told += [(item, self._record(item)) for item in self.world.state.history if item not in known]
        records = [item for _, item in self.told]
        wanted = desired(self.world.state)
        shares = {item.name: (item.digest, item.weight) for item in wanted.variants} if wanted else {}
        now = max([self.world.now, *(item.at for item, _ in self.told)])
        assert self._shares(records, now) == shares
        self.served[now] = shares
        for moment, before in list(self.served.items())[-5:]:
            assert self._shares(records, moment) == before

    def _record(self, item: Transition) -> LedgerRecord:
        told = {"bundle": item.model.digest, "before": item.before, "after": item.after, "weight": item.weight}
        more = {"by": item.actor, "at": item.at.isoformat()}
        return record(
            len(self.told) + 1, WORDS.get(item.after, item.after), f"package {item.model.version}", **told, **more
        )

    def _shares(self, records: list[LedgerRecord], moment: datetime) -> dict[str, tuple[str, float]]:
        found = live_between(records, moment, moment)
        if not found:
            return {}
        item = found[-1]
        shares = {PRIMARY: (item.champion.digest, item.champion.share)}
        return shares | ({CANDIDATE: (item.candidate.digest, item.candidate.share)} if item.candidate else {})

    def teardown(self) -> None:
        pass


TestTold = Told.TestCase
TestTold.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
