"""Captures: the same traffic read from this machine's files and from S3 is the same table."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from leadscore_assets.backends.local.captures import LocalCaptures
from leadscore_assets.backends.ports import Captures
from leadscore_assets.domain.captured import CAPTURED
from leadscore_assets.domain.errors import Missing
from leadscore_assets.serving.folder import StateFolder
from leadscore_assets.serving.masking import masked_key
from leadscore_assets_tests.backends.captured_traffic import DIGEST, SECRET, Answer, Request, files

NOON = datetime(2026, 1, 5, 12, 30, 15, 250_000, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Keep = Callable[[Sequence[Request]], None]
Write = Callable[[str, bytes], None]
TRAFFIC = (
    Request(NOON, [Answer("a"), Answer("b", 4.25, "A", None)], event="one"),
    Request(NOON + HOUR, [Answer(None)], variant="candidate", version=5),
    Request(NOON, [Answer("a", 2.0)], variant="shadow", event="one", version=5),
    Request(NOON + DAY, [Answer("c")], content_type="text/csv", encoding="CSV", inference_id="mine"),
    Request(NOON + DAY + HOUR, [Answer("d"), Answer("e", 1.5)], content_type="application/jsonlines"),
    Request(NOON + DAY + 2 * HOUR, [Answer("f")], encoding="BASE64"),
    Request(NOON + DAY + 3 * HOUR, [Answer("g")], content_type="text/csv; header=absent", encoding="BASE64"),
)


def rows(captures: Captures, first: datetime, last: datetime) -> list[dict[str, Any]]:
    tables = list(captures.read(first, last))
    assert all(table.schema == CAPTURED for table in tables)
    return pa.concat_tables([CAPTURED.empty_table(), *tables]).to_pylist()


class CapturesContract:
    """What every platform's captures keep to; an adapter's tests give it, and how traffic is kept."""

    def test_nothing_captured_is_nothing(self, captures: Captures) -> None:
        assert rows(captures, NOON, NOON + DAY) == []
        assert captures.unreadable == 0

    def test_every_lead_that_was_answered_is_a_row(self, captures: Captures, keep: Keep) -> None:
        keep(TRAFFIC)
        found = rows(captures, NOON - HOUR, NOON + 2 * DAY)
        assert found[:2] == [
            {
                "at": NOON,
                "event": "one",
                "role": "production",
                "variant": "primary",
                "version": 4,
                "digest": DIGEST,
                "lead": captures.masked("a"),
                "score": 3.5,
                "conversion_probability": 0.25,
                "band": "B",
            },
            {
                "at": NOON,
                "event": "one",
                "role": "production",
                "variant": "primary",
                "version": 4,
                "digest": DIGEST,
                "lead": captures.masked("b"),
                "score": 4.25,
                "conversion_probability": None,
                "band": "A",
            },
        ]
        told = [(row["role"], row["variant"], row["event"], row["lead"], row["score"], row["version"]) for row in found]
        assert told[2:] == [
            ("shadow", "shadow", "one", captures.masked("a"), 2.0, 5),
            ("production", "candidate", "e1", None, 3.5, 5),
            ("production", "primary", "mine", captures.masked("c"), 3.5, 4),
            ("production", "primary", "e1", captures.masked("d"), 3.5, 4),
            ("production", "primary", "e1", captures.masked("e"), 1.5, 4),
            ("production", "primary", "e1", captures.masked("f"), 3.5, 4),
            ("production", "primary", "e1", captures.masked("g"), 3.5, 4),
        ]
        assert captures.unreadable == 0

    def test_no_key_is_shown(self, captures: Captures, keep: Keep) -> None:
        keep([Request(NOON, [Answer("very-secret")])])
        [row] = rows(captures, NOON, NOON + DAY)
        assert row["lead"] == captures.masked("very-secret")
        assert "very-secret" not in f"{row}"
        assert len(row["lead"]) == 32

    @pytest.mark.parametrize(
        ("first", "last", "expected"),
        [
            (NOON, NOON + HOUR, ["at", "late"]),
            (NOON + timedelta(milliseconds=1), NOON + HOUR, ["late"]),
            (NOON - HOUR, NOON, ["before"]),
            (NOON, NOON, []),
            (NOON + HOUR, NOON, []),
            (NOON - 3 * DAY, NOON + 3 * DAY, ["before", "at", "late", "next"]),
        ],
    )
    def test_the_time_asked_for_is_what_is_read_its_start_included(
        self, captures: Captures, write: Write, first: datetime, last: datetime, expected: list[str]
    ) -> None:
        def line(at: datetime, event: str) -> Request:
            return Request(at, [Answer("a")], event=event)

        late = line(NOON.replace(minute=59, second=59), "late")
        kept = [line(NOON - timedelta(milliseconds=1), "before"), line(NOON, "at"), line(NOON + DAY, "next")]
        for name, content in files(kept, captures.masked_as_kept).items():  # type: ignore[attr-defined]
            write(name, content)
        # Written a moment after the answer, and that was in the next hour.
        write(f"primary/{NOON + HOUR:%Y/%m/%d/%H}/late.jsonl", late.line(captures.masked_as_kept).encode())  # type: ignore[attr-defined]
        assert [row["event"] for row in rows(captures, first, last)] == expected

    def test_what_cannot_be_read_is_counted_and_left_out(self, captures: Captures, write: Write) -> None:
        good = Request(NOON, [Answer("a")]).line(captures.masked_as_kept)  # type: ignore[attr-defined]
        write(f"primary/{NOON:%Y/%m/%d/%H}/x.jsonl", "\n".join([good, "{", good, "", "[]", "7", "null"]).encode())
        assert len(rows(captures, NOON, NOON + DAY)) == 2
        assert captures.unreadable == 4
        list(captures.read(NOON, NOON + DAY))
        assert captures.unreadable == 8

    def test_other_files_and_other_endpoints_are_left_alone(self, captures: Captures, write: Write) -> None:
        line = Request(NOON, [Answer("a")]).line(captures.masked_as_kept).encode()  # type: ignore[attr-defined]
        write(f"primary/{NOON:%Y/%m/%d/%H}/x.json", line)
        write(f"../other/primary/{NOON:%Y/%m/%d/%H}/x.jsonl", line)
        assert rows(captures, NOON, NOON + DAY) == []


class _Local(LocalCaptures):
    """This machine's captures; its server wrote keys masked."""

    def masked_as_kept(self, key: str) -> str:
        return masked_key(key, SECRET)


class TestLocalCaptures(CapturesContract):
    @pytest.fixture
    def captures(self, tmp_path: Path) -> LocalCaptures:
        return _Local(tmp_path, endpoint="leadscore", secret=lambda: SECRET)

    @pytest.fixture
    def write(self, tmp_path: Path) -> Write:
        def one(name: str, content: bytes) -> None:
            path = tmp_path / "leadscore" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

        return one

    @pytest.fixture
    def keep(self, write: Write) -> Keep:
        def all_(requests: Sequence[Request]) -> None:
            for name, content in files(requests, lambda key: masked_key(key, SECRET)).items():
                write(name, content)

        return all_

    def test_a_file_that_the_server_just_deleted_holds_nothing(self, captures: LocalCaptures, tmp_path: Path) -> None:
        folder = tmp_path / "leadscore" / "primary" / f"{NOON:%Y/%m/%d/%H}"
        folder.mkdir(parents=True)
        (folder / "x.jsonl").symlink_to(folder / "gone")
        assert rows(captures, NOON, NOON + DAY) == []

    def test_before_the_first_server_there_is_no_secret(self, tmp_path: Path) -> None:
        captures = LocalCaptures(tmp_path, endpoint="leadscore", secret=StateFolder(tmp_path).secret)
        assert list(captures.read(NOON, NOON + DAY)) == []
        with pytest.raises(Missing, match="never had a server"):
            captures.masked("a")
