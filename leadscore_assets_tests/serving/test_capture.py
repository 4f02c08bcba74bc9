import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.serving.app import ScoringApp
from leadscore_assets.serving.capture import Capture
from leadscore_assets.serving.capture_files import CaptureFiles, sweep
from leadscore_assets.serving.desired import CaptureRules
from leadscore_assets.serving.masking import masked_key
from leadscore_assets.serving.models import Live
from leadscore_assets.serving.station import Station
from leadscore_assets_tests.serving.asgi import INVOKE, call
from leadscore_assets_tests.serving.bundles import records

SECRET = b"0123456789abcdef"
LEAD = records(1)[0]
NOON = datetime(2026, 1, 5, 12, 30, 15, tzinfo=UTC)
ALL = CaptureRules(percent=100.0)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def capture(tmp_path: Path, clock: Clock) -> Iterator[Capture]:
    capture = Capture(CaptureFiles(tmp_path / "leadscore", slot="0"), secret=SECRET, clock=clock)
    capture.rules = ALL
    yield capture
    capture.close()


@pytest.fixture
def app(live: Live, capture: Capture) -> Iterator[ScoringApp]:
    app = ScoringApp(name="leadscore", instance="here", live=live, station=Station(live, capture=capture))
    yield app
    app.close()


def kept(root: Path) -> list[Any]:
    return [json.loads(line) for path in sorted(root.rglob("*.jsonl")) for line in path.read_text().splitlines()]


def test_a_request_is_kept_in_sagemakers_layout(app: ScoringApp, capture: Capture, tmp_path: Path) -> None:
    got = call(app, INVOKE, LEAD, headers={"x-amzn-sagemaker-inference-id": "request-1"})
    capture.flush()
    (path,) = tmp_path.rglob("*.jsonl")
    assert str(path.parent.relative_to(tmp_path)) == "leadscore/champion/2026/01/05/12"
    (line,) = kept(tmp_path)
    assert set(line) == {"captureData", "eventMetadata", "eventVersion"}
    assert line["eventVersion"] == "0"
    assert line["eventMetadata"]["inferenceId"] == "request-1"
    assert len(line["eventMetadata"]["eventId"]) == 36
    assert datetime.fromisoformat(line["eventMetadata"]["inferenceTime"]).tzinfo
    sent, answered = (line["captureData"][side] for side in ("endpointInput", "endpointOutput"))
    for side, mode in ((sent, "INPUT"), (answered, "OUTPUT")):
        assert (side["observedContentType"], side["mode"], side["encoding"]) == ("application/json", mode, "JSON")
    hidden = masked_key(LEAD["lead_id"], SECRET)
    assert json.loads(sent["data"]) == {**LEAD, "lead_id": hidden}
    expected = got.json
    expected["predictions"][0]["lead_id"] = hidden
    assert json.loads(answered["data"]) == expected
    assert (capture.written, capture.lost) == (1, 0)


@pytest.mark.parametrize("kind", ["one", "list", "lines", "csv"])
def test_no_key_and_no_personal_value_reaches_the_disk(
    app: ScoringApp, capture: Capture, tmp_path: Path, kind: str
) -> None:
    capture.rules = CaptureRules(percent=100.0, masked=("country", "revenue", "lead_id"))
    lead = {**LEAD, "lead_id": "very-secret", "country": "ZZ", "revenue": 987654.25}
    names = list(lead)
    bodies: dict[str, tuple[bytes, str]] = {
        "one": (json.dumps(lead).encode(), "application/json"),
        "list": (json.dumps([lead, lead]).encode(), "application/json"),
        "lines": (json.dumps(lead).encode() + b"\n" + json.dumps(LEAD).encode(), "application/jsonlines"),
        "csv": ((",".join(names) + "\n" + ",".join(str(lead[name]) for name in names)).encode(), "text/csv"),
    }
    body, content_type = bodies[kind]
    assert call(app, "/invocations", body, headers={"content-type": content_type}).status == 200
    capture.flush()
    (path,) = tmp_path.rglob("*.jsonl")
    text = path.read_text()
    assert "masked" in text
    for secret in ("very-secret", "ZZ", "987654"):
        assert secret not in text
    assert masked_key("very-secret", SECRET) in text
    assert masked_key("very-secret", b"another") not in text
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_refused_is_not_kept(app: ScoringApp, capture: Capture, tmp_path: Path) -> None:
    call(app, "/invocations", {**LEAD, "industry": "unheard of"})
    call(app, "/invocations", b"{")
    capture.flush()
    assert kept(tmp_path) == []
    assert capture.lost == 0


def test_a_sample_is_a_sample(app: ScoringApp, capture: Capture, tmp_path: Path) -> None:
    for percent, few, many in ((0.0, 0, 0), (50.0, 10, 90)):
        capture.rules = CaptureRules(percent=percent)
        for _ in range(100):
            call(app, "/invocations", LEAD)
        capture.flush()
        assert few <= len(kept(tmp_path)) <= many


def test_files_change_with_the_hour_and_when_they_are_large(
    app: ScoringApp, capture: Capture, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minutes in (0, 1, 60, 61):
        clock.now = NOON + timedelta(minutes=minutes)
        call(app, "/invocations", LEAD)
        capture.flush()
    assert sorted(path.parent.name for path in tmp_path.rglob("*.jsonl")) == ["12", "13"]
    monkeypatch.setattr("leadscore_assets.serving.capture_files._ROTATED_BYTES", 10)
    clock.now += timedelta(seconds=1)
    call(app, "/invocations", LEAD)
    capture.flush()
    assert len(list(tmp_path.rglob("*.jsonl"))) == 3
    assert len(kept(tmp_path)) == capture.written == 5


def test_where_nothing_can_be_written_captures_are_lost_and_counted_and_answers_are_not(
    app: ScoringApp, capture: Capture, tmp_path: Path
) -> None:
    (tmp_path / "leadscore").write_text("a file where the folder should be")
    for _ in range(3):
        assert call(app, "/invocations", LEAD).status == 200
    capture.flush()
    assert (capture.written, capture.lost) == (0, 3)
    (tmp_path / "leadscore").unlink()
    call(app, "/invocations", LEAD)
    capture.flush()
    assert (capture.written, capture.lost, len(kept(tmp_path))) == (1, 3, 1)


def test_a_disk_that_fills_up_leaves_whole_lines_only(
    app: ScoringApp, capture: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(app, "/invocations", LEAD)
    capture.flush()
    write = os.write

    def full(handle: int, content: bytes) -> int:
        return write(handle, content[:100])

    monkeypatch.setattr(os, "write", full)
    call(app, "/invocations", LEAD)
    capture.flush()
    monkeypatch.setattr(os, "write", write)
    assert (capture.written, capture.lost, len(kept(tmp_path))) == (1, 1, 1)
    call(app, "/invocations", LEAD)
    capture.flush()
    assert (capture.written, capture.lost, len(kept(tmp_path))) == (2, 1, 2)


def test_the_queue_is_bounded_and_what_does_not_fit_is_lost(app: ScoringApp, capture: Capture, tmp_path: Path) -> None:
    batch = records(4000)
    for _ in range(4):
        assert call(app, "/invocations", batch).status == 200
    assert capture.lost == 1
    capture.close()
    assert (capture.written, capture.lost) == (3, 1)
    assert [len(json.loads(line["captureData"]["endpointInput"]["data"])) for line in kept(tmp_path)] == [4000] * 3


def test_the_oldest_files_go_first_when_time_or_room_is_up(tmp_path: Path) -> None:
    for age in range(6):
        path = tmp_path / "leadscore" / "champion" / f"{age}" / "a.jsonl"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x" * 100)
        moment = (NOON - timedelta(days=age)).timestamp()
        os.utime(path, (moment, moment))

    def left() -> list[str]:
        return sorted(path.parent.name for path in tmp_path.rglob("*.jsonl"))

    assert sweep(tmp_path, keep_days=3, keep_bytes=10_000, now=NOON) == 2
    assert left() == ["0", "1", "2", "3"]
    assert sweep(tmp_path, keep_days=3, keep_bytes=250, now=NOON) == 2
    assert left() == ["0", "1"]
    assert sorted(path.name for path in (tmp_path / "leadscore" / "champion").iterdir()) == ["0", "1"]
    assert sweep(tmp_path / "nothing", keep_days=1, keep_bytes=0, now=NOON) == 0
