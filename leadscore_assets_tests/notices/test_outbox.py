"""The outbox's contract on each database: once by key, one deliverer at a time, nothing lost when one is killed."""

import multiprocessing
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadscore_assets.backends.ledger import SqlLedger
from leadscore_assets.backends.outbox import SqlOutbox
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.facts import StoredFile
from leadscore_assets.domain.notices import Notice
from leadscore_assets_tests.notices.deliverer import deliver_all

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
LEASE = timedelta(minutes=10)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/home/ledger.db"
    return str(request.getfixturevalue("database"))


def outbox_at(url: str) -> SqlOutbox:
    return SqlOutbox(SqlLedger(url, actor="ada", now=lambda: NOON))


def notice(key: str, at: datetime = NOON) -> Notice:
    return Notice("drift", f"about {key}", "größer", at, key)


def put(outbox: SqlOutbox, key: str, *channels: str, letter: str = "", due: datetime = NOON) -> bool:
    return outbox.put(notice(key), letter=letter or key, due=due, channels=channels or ("log",))


class TestOutboxContract:
    """What the outbox keeps to on every database."""

    def test_a_notice_comes_out_as_it_was_put_in_once_a_channel(self, url: str) -> None:
        outbox = outbox_at(url)
        assert put(outbox, "a", "log", "env:X")
        assert not put(outbox, "a", "log", "env:X")

        claims = [outbox.claim(NOON, lease=LEASE) for _ in range(3)]

        assert claims[2] is None
        taken = [claim for claim in claims if claim]
        assert [claim.channel for claim in taken] == ["env:X", "log"]
        assert [(claim.notices, claim.attempts) for claim in taken] == [((notice("a"),), 1)] * 2
        assert len({claim.reference for claim in taken}) == 2
        assert all(outbox.delivered(claim, NOON) for claim in taken)
        assert outbox.claim(NOON + timedelta(days=9), lease=LEASE) is None
        assert {item.state for item in outbox.deliveries(limit=9)} == {"delivered"}
        assert outbox.deliveries(limit=9, open_only=True) == []

    def test_what_is_due_and_did_not_arrive_is_counted_by_channel(self, url: str) -> None:
        outbox = outbox_at(url)
        assert outbox.overdue(NOON) == 0
        put(outbox, "now", "log", "env:X")
        put(outbox, "tomorrow", due=NOON + timedelta(days=1))
        assert outbox.overdue(NOON) == 2
        for gone in (False, True):
            claim = outbox.claim(NOON, lease=LEASE)
            assert claim
            assert outbox.failed(claim, NOON, problem="", again=None) if gone else outbox.delivered(claim, NOON)
        assert outbox.overdue(NOON) == 0
        assert outbox.overdue(NOON + timedelta(days=1)) == 1

    def test_a_letter_that_ended_everywhere_is_removed_whole_and_no_other(self, url: str) -> None:
        outbox = outbox_at(url)
        assert list(outbox.ended.files()) == []
        outbox.ended.remove("nowhere")
        put(outbox, "both", "env:X", "log")
        put(outbox, "half", "env:X", "log", due=NOON + timedelta(hours=1))
        outbox.put(notice("nobody"), letter="nobody", due=NOON, channels=())
        for hours in range(3):
            claim = outbox.claim(NOON + timedelta(hours=2), lease=LEASE)
            assert claim
            assert outbox.delivered(claim, NOON + timedelta(hours=hours))
        size = len("about both" + "größer")
        assert list(outbox.ended.files()) == [
            StoredFile("both", size, NOON + timedelta(hours=1)),
            StoredFile("nobody", len("about nobody" + "größer"), NOON),
        ]
        assert [item.path for item in outbox.ended.files("nob")] == ["nobody"]

        for name in ("both", "half", "nobody", "both"):
            outbox.ended.remove(name)

        assert list(outbox.ended.files()) == []
        assert {item.letter for item in outbox.deliveries(limit=9)} == {"half"}
        assert not put(outbox, "half")
        assert put(outbox, "both")

    def test_an_empty_outbox_is_looked_at_without_making_anything(self, url: str, tmp_path: Path) -> None:
        outbox = outbox_at(url)
        assert outbox.claim(NOON, lease=LEASE) is None
        assert outbox.deliveries(limit=9) == []
        assert not (tmp_path / "home").exists()

    def test_the_ledger_beside_it_stays_sound(self, url: str) -> None:
        put(outbox_at(url), "a")
        ledger = SqlLedger(url, actor="ada", now=lambda: NOON)
        assert ledger.verify() == []
        ledger.append("trained", "week", reason="due", evidence={})
        assert ledger.verify() == []

    def test_what_is_not_due_waits_unless_it_is_asked_for_early(self, url: str) -> None:
        outbox = outbox_at(url)
        put(outbox, "a", due=NOON + timedelta(hours=1))
        assert outbox.claim(NOON, lease=LEASE) is None
        assert outbox.claim(NOON, lease=LEASE, early=True)

    def test_what_failed_comes_back_under_the_same_reference_when_its_time_is_come(self, url: str) -> None:
        outbox = outbox_at(url)
        put(outbox, "a")
        first = outbox.claim(NOON, lease=LEASE)
        assert first
        assert outbox.failed(first, NOON, problem="down", again=NOON + timedelta(minutes=1))
        assert outbox.claim(NOON, lease=LEASE) is None
        [waiting] = outbox.deliveries(limit=9, open_only=True)
        assert (waiting.state, waiting.attempts, waiting.problem) == ("waiting", 1, "down")
        again = outbox.claim(NOON + timedelta(minutes=1), lease=LEASE)
        assert again
        assert (again.reference, again.attempts) == (first.reference, 2)
        assert outbox.failed(again, NOON, problem="gone", again=None)
        assert outbox.deliveries(limit=9)[0].state == "given up"

    def test_a_lease_that_ended_is_somebody_elses(self, url: str) -> None:
        outbox = outbox_at(url)
        put(outbox, "a")
        slow = outbox.claim(NOON, lease=LEASE)
        assert slow
        assert outbox.claim(NOON + LEASE / 2, lease=LEASE) is None
        other = outbox.claim(NOON + LEASE, lease=LEASE)
        assert other
        assert other.reference == slow.reference
        assert not outbox.delivered(slow, NOON + LEASE)
        assert outbox.delivered(other, NOON + LEASE)

    def test_a_letter_gathers_notices_until_it_is_tried(self, url: str) -> None:
        outbox = outbox_at(url)
        for key in ("a", "b"):
            put(outbox, key, letter="digest:1")
        claim = outbox.claim(NOON, lease=LEASE)
        assert claim
        assert [item.key for item in claim.notices] == ["a", "b"]
        put(outbox, "c", letter="digest:1")
        late = outbox.claim(NOON, lease=LEASE)
        assert late
        assert [item.key for item in late.notices] == ["c"]
        assert late.letter != claim.letter

    def test_ten_deliverers_at_once_send_each_letter_once(self, url: str, tmp_path: Path) -> None:
        outbox, target = outbox_at(url), tmp_path / "sent"
        letters = [f"n{number}" for number in range(30)]
        for key in letters:
            put(outbox, key)
        context = multiprocessing.get_context("fork")
        workers = [context.Process(target=deliver_all, args=(url, str(target))) for _ in range(10)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(timeout=120)
        assert [worker.exitcode for worker in workers] == [0] * 10
        assert sorted(line.split()[0] for line in target.read_text().splitlines()) == sorted(letters)
        assert {item.state for item in outbox.deliveries(limit=99)} == {"delivered"}

    def test_a_killed_deliverers_letter_goes_again_under_its_reference(self, url: str, tmp_path: Path) -> None:
        outbox, target = outbox_at(url), tmp_path / "sent"
        put(outbox, "a")
        program = [sys.executable, "-m", "leadscore_assets_tests.notices.deliverer", url, str(target), "hang"]
        process = subprocess.Popen(program)
        deadline = time.monotonic() + 60
        while not target.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
        process.wait()
        assert outbox.claim(datetime.now(UTC), lease=LEASE) is None
        assert outbox.deliveries(limit=9)[0].state == "being sent"
        again = outbox.claim(datetime.now(UTC) + LEASE, lease=LEASE)
        assert again
        assert target.read_text() == f"a {again.reference}\n"
        assert again.attempts == 2


def test_an_outbox_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, no folder")
    with pytest.raises(InvalidInput, match="choose a folder that you may write to"):
        put(outbox_at(f"sqlite:///{tmp_path}/home/ledger.db"), "a")
