"""The ledger's contract on each database, and what it says of a place that cannot keep one."""

import multiprocessing
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadscore_assets.backends.chain import BEFORE_THE_FIRST
from leadscore_assets.backends.ledger import SqlLedger
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Overtaken, TransientError
from leadscore_assets.domain.facts import LedgerRecord
from leadscore_assets_tests.backends import ledger_writer

NOON = datetime(2026, 1, 20, 12, tzinfo=timezone(timedelta(hours=1)))


def ledger_at(url: str, *, actor: str = "ada") -> SqlLedger:
    return SqlLedger(url, actor=actor, now=lambda: NOON)


def filled(url: str, count: int = 5) -> SqlLedger:
    ledger = ledger_at(url)
    for number in range(1, count + 1):
        ledger.append("trained", f"week {number}", reason="due", evidence={"rows": number * 1000})
    return ledger


class TestLedgerContract:
    """What the ledger keeps to on every database."""

    def test_a_record_says_who_did_what_when_why_and_on_what_evidence(self, url: str) -> None:
        evidence = {"spearman": 0.31, "policy": "ab12", "week": NOON.date()}

        record = ledger_at(url).append("promoted", "package 7", reason="größer", evidence=evidence, key="promote/7")

        assert record == LedgerRecord(
            seq=1,
            at=NOON.astimezone(UTC),
            actor="ada",
            action="promoted",
            subject="package 7",
            reason="größer",
            evidence={"spearman": 0.31, "policy": "ab12", "week": "2026-01-20"},
            previous=BEFORE_THE_FIRST,
            hash=record.hash,
            key="promote/7",
        )
        assert ledger_at(url).records() == [record]

    def test_each_record_follows_the_one_before(self, url: str) -> None:
        records = filled(url).records()

        assert [record.seq for record in records] == [1, 2, 3, 4, 5]
        assert [record.previous for record in records[1:]] == [record.hash for record in records[:-1]]
        assert ledger_at(url).head() == (5, records[-1].hash)
        assert ledger_at(url).verify() == []

    def test_the_same_key_again_returns_the_record_that_stands(self, url: str) -> None:
        first = ledger_at(url).append("shifted", "canary", reason="day one", evidence={"share": 0.1}, key="shift/1")

        again = ledger_at(url, actor="bob").append("shifted", "canary", reason="retry", evidence={}, key="shift/1")

        assert again == first
        assert ledger_at(url).records() == [first]

    def test_records_without_a_key_are_all_kept(self, url: str) -> None:
        ledger = ledger_at(url)

        keys = [ledger.append("notified", "ml", reason="same", evidence={}).key for _ in range(2)]

        assert keys == ["#1", "#2"]

    def test_records_are_found_by_action_and_subject_and_the_newest_or_oldest_by_a_limit(self, url: str) -> None:
        ledger = ledger_at(url)
        for action, subject in [("a", "x"), ("b", "x"), ("a", "y"), ("a", "x")]:
            ledger.append(action, subject, reason="", evidence={})

        assert [record.seq for record in ledger.records(action="a")] == [1, 3, 4]
        assert [record.seq for record in ledger.records(action="a", subject="x")] == [1, 4]
        assert [record.seq for record in ledger.records(subject="x", limit=2)] == [2, 4]
        assert [record.seq for record in ledger.records(subject="x", limit=2, oldest=True)] == [1, 2]
        assert ledger.records(action="c") == []

    def test_records_are_found_by_actor_and_by_time_to_the_microsecond(self, url: str) -> None:
        moments = [NOON, NOON + timedelta(microseconds=1), NOON + timedelta(seconds=1)]
        for number, moment in enumerate(moments):
            SqlLedger(url, actor=f"actor {number}", now=lambda at=moment: at).append("a", "x", reason="", evidence={})
        ledger = ledger_at(url)

        assert [record.seq for record in ledger.records(since=moments[1])] == [2, 3]
        assert [record.seq for record in ledger.records(until=moments[1])] == [1]
        assert [record.seq for record in ledger.records(since=moments[0], until=moments[2])] == [1, 2]
        assert [record.seq for record in ledger.records(actor="actor 1")] == [2]
        assert ledger.records(since=moments[2] + timedelta(microseconds=1)) == []

    def test_a_decision_that_stands_on_a_head_is_recorded_only_while_that_head_is_the_newest(self, url: str) -> None:
        ledger = filled(url, 2)
        head = ledger.head()

        won = ledger_at(url).append("approved", "package 1", reason="", evidence={}, expect=head)
        with pytest.raises(
            Overtaken, match=r"record 3 \(approved package 1\) by ada at 2026-01-20T11:00:00.* was first"
        ):
            ledger_at(url, actor="bob").append("rejected", "package 1", reason="", evidence={}, expect=head)

        assert ledger.records()[2:] == [won]
        assert ledger_at(url).append("rejected", "package 1", reason="", evidence={}, expect=ledger.head()).seq == 4

    def test_a_first_decision_may_stand_on_the_empty_ledger(self, url: str) -> None:
        empty = ledger_at(url).head()

        assert ledger_at(url).append("approved", "x", reason="", evidence={}, expect=empty).seq == 1
        with pytest.raises(Overtaken):
            ledger_at(url).append("approved", "y", reason="", evidence={}, expect=empty)

    def test_a_repeated_decision_returns_its_record_also_when_the_head_moved_on(self, url: str) -> None:
        ledger = filled(url, 1)
        head = ledger.head()
        first = ledger.append("approved", "x", reason="", evidence={}, key="approved:x", expect=head)
        ledger.append("scored", "week", reason="", evidence={})

        assert ledger.append("approved", "x", reason="", evidence={}, key="approved:x", expect=head) == first

    def test_an_empty_ledger_is_well(self, url: str) -> None:
        assert ledger_at(url).records() == []
        assert ledger_at(url).verify() == []
        assert ledger_at(url).head() == (0, BEFORE_THE_FIRST)

    @pytest.mark.parametrize("key", ["", "#1"])
    def test_a_reserved_key_is_refused(self, key: str, url: str) -> None:
        with pytest.raises(InvalidInput, match="is empty or starts with '#'"):
            ledger_at(url).append("a", "x", reason="", evidence={}, key=key)

    def test_evidence_that_is_not_finite_is_refused(self, url: str) -> None:
        with pytest.raises(InvalidInput, match="the evidence for judged is not JSON"):
            ledger_at(url).append("judged", "x", reason="", evidence={"auc": float("nan")})

        assert ledger_at(url).records() == []

    @pytest.mark.parametrize("statement", ["UPDATE records SET reason = 'other' WHERE seq = 2", "DELETE FROM records"])
    def test_the_database_itself_refuses_to_change_or_remove_records(self, statement: str, url: str) -> None:
        ledger = filled(url)
        before = ledger.records()

        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with pytest.raises(sa.exc.DBAPIError, match="the ledger is append-only"), engine.begin() as connection:
            connection.exec_driver_sql(statement)

        assert ledger.records() == before

    def test_ten_processes_that_append_at_once_lose_nothing_and_one_of_their_decisions_wins(self, url: str) -> None:
        head = filled(url, 2).head()
        spawn = multiprocessing.get_context("spawn")
        told: multiprocessing.Queue[str] = spawn.Queue()
        writers = [
            spawn.Process(target=ledger_writer.append_some, args=(url, number, 4, head, told)) for number in range(10)
        ]
        for writer in writers:
            writer.start()
        answers = [told.get(timeout=120) for _ in writers]
        for writer in writers:
            writer.join(timeout=120)

        ledger = ledger_at(url)
        assert [writer.exitcode for writer in writers] == [0] * 10
        assert {record.key for record in ledger.records(action="scored")} == {
            f"{number}/{turn}" for number in range(10) for turn in range(4)
        }
        assert len(ledger.records(action="shared")) == 1
        (winner,) = ledger.records(action="decided")
        assert winner.seq == head[0] + 1
        assert sorted(answers) == sorted([f"record {winner.seq} (decided release) by {winner.actor}"] * 9 + ["won"])
        assert ledger.verify() == []

    def test_a_writer_that_is_killed_loses_nothing_it_acknowledged(self, url: str) -> None:
        acknowledged = 0
        for turn in range(3):
            command = [sys.executable, "-m", ledger_writer.__name__, url]
            writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
            assert writer.stdout is not None
            with writer.stdout as lines:
                acknowledged = [int(lines.readline()) for _ in range(5 + turn)][-1]
                writer.kill()
            writer.wait(timeout=30)

            assert ledger_at(url).verify() == []
            assert ledger_at(url).head()[0] >= acknowledged

    def test_a_writer_that_is_killed_before_it_commits_leaves_a_sound_chain_and_no_lock(self, url: str) -> None:
        before = filled(url, 2).head()
        command = [sys.executable, "-m", ledger_writer.__name__, url, "killed"]
        done = subprocess.run(command, check=False, cwd=Path(__file__).parents[2], timeout=60)

        assert done.returncode == -signal.SIGKILL
        ledger = ledger_at(url)
        assert ledger.head() == before
        assert ledger.verify(head=before) == []
        assert ledger.append("scored", "week 3", reason="", evidence={}, key="week 3").seq == 3


def test_creating_a_ledger_touches_nothing(tmp_path: Path) -> None:
    ledger = ledger_at(f"sqlite:///{tmp_path}/home/ledger.db")

    assert ledger.records() == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database" * 100)
    ledger = ledger_at(f"sqlite:///{tmp_path}/ledger.db")

    assert ledger.verify() == [
        f"ledger sqlite:///{tmp_path}/ledger.db: file is not a database; restore it from a backup"
    ]
    with pytest.raises(CorruptArtefact, match="file is not a database"):
        ledger.append("a", "x", reason="", evidence={})


def test_a_ledger_in_a_place_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InvalidInput, match="choose a folder that you may write to"):
        ledger_at(f"sqlite:///{tmp_path}/file/ledger.db").append("a", "x", reason="", evidence={})


def test_a_ledger_file_that_cannot_be_opened_is_transient(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()

    with pytest.raises(TransientError, match="unable to open database file; try again"):
        ledger_at(f"sqlite:///{tmp_path}/ledger.db").append("a", "x", reason="", evidence={})


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "URL cannot be used"),
        ("oracle+nodriver://host/db", "URL cannot be used"),
        ("sqlite://", "a ledger in memory is forgotten"),
        ("sqlite:///:memory:", "a ledger in memory is forgotten"),
    ],
)
def test_a_url_that_cannot_keep_a_ledger_is_refused(url: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        ledger_at(url).records()


@pytest.mark.parametrize("url", ["postgresql+none://ada:hunter2@127.0.0.1:9/x", "ada:hunter2@127.0.0.1/x"])
def test_a_password_stands_in_no_message(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        ledger_at(url).records()

    assert "hunter2" not in str(caught.value)
