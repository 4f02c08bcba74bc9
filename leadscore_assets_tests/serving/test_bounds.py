import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.serving.app import ScoringApp
from leadscore_assets.serving.desired import Placed
from leadscore_assets.serving.desk import Desk
from leadscore_assets.serving.gate import MOST_REQUESTS, Gate
from leadscore_assets.serving.models import Live
from leadscore_assets.serving.refusals import RefusedRequest
from leadscore_assets.serving.reports import Reports, living
from leadscore_assets.serving.seen import SeenFolder, SeenLeads
from leadscore_assets.serving.status import WorkerReport
from leadscore_assets.serving.tally import Book, Outcome
from leadscore_assets_tests.serving.asgi import INVOKE, call
from leadscore_assets_tests.serving.bundles import records

SMALL, LARGE = {b"content-length": b"100"}, {b"content-length": b"100000"}
PLACED = Placed("champion", "a" * 64, 1, 1.0, "/nowhere")


def test_more_requests_than_the_bound_are_told_to_come_back() -> None:
    gate = Gate()
    for _ in range(MOST_REQUESTS):
        gate.enter(SMALL)
    with pytest.raises(RefusedRequest, match="wait already") as caught:
        gate.enter(SMALL)
    assert caught.value.status == 503
    gate.leave(large=False)
    assert gate.enter(SMALL) is False


@pytest.mark.parametrize("headers", [LARGE, {}, {b"content-length": b"many"}])
def test_large_bodies_have_a_bound_of_their_own_and_small_ones_go_on(headers: dict[bytes, bytes]) -> None:
    gate = Gate()
    while True:
        try:
            assert gate.enter(headers)
        except RefusedRequest:
            break
    assert gate.enter(SMALL) is False


@pytest.mark.parametrize("path", ["/invocations", INVOKE])
def test_a_full_server_answers_503_and_when_to_come_back_and_ping_still_answers(live: Live, path: str) -> None:
    app = ScoringApp(name="leadscore", instance="here", live=live, waiting=lambda: MOST_REQUESTS)
    got = call(app, path, records(1)[0])
    assert (got.status, got.headers["retry-after"]) == (503, "1")
    assert call(app, "/ping", method="GET").status == 200
    assert app.station.requests.failed == 1
    app.close()


def test_a_batch_that_takes_too_long_is_refused(live: Live) -> None:
    app = ScoringApp(name="leadscore", instance="here", live=live, desk=Desk(seconds=0.0))
    got = call(app, "/invocations", records(200))
    app.close()
    assert (got.status, got.headers["retry-after"]) == (503, "1")
    assert "no score within" in got.body.decode()


def test_a_body_that_does_not_come_is_given_up(app: ScoringApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadscore_assets.serving.body._SECONDS", 0.05)
    sent: list[Any] = []

    async def never() -> Any:
        await asyncio.sleep(3600)

    async def send(message: Any) -> None:
        sent.append(message)

    began = time.monotonic()
    asyncio.run(app({"type": "http", "method": "POST", "path": "/invocations", "headers": []}, never, send))
    assert sent[0]["status"] == 408
    assert time.monotonic() - began < 10


def test_a_lead_is_new_once_whoever_asks(tmp_path: Path) -> None:
    folder = SeenFolder(tmp_path / "seen")
    one, other = (folder.leads("1", "champion", "a") for _ in range(2))
    assert [one.first("x"), other.first("x"), one.first("x"), other.first("y"), one.first("y")] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert folder.leads("1", "candidate", "a").first("x")
    assert folder.leads("2", "champion", "a").first("x")
    folder.forget_others("2")
    assert not folder.leads("2", "champion", "a").first("x")
    assert folder.leads("1", "champion", "a").first("x")


def test_few_of_many_leads_are_taken_for_seen() -> None:
    seen = SeenLeads(None)
    new = sum(seen.first(f"lead-{number}") for number in range(20_000))
    assert 19_900 <= new <= 20_000


def test_without_room_on_the_disk_seen_leads_are_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    seen = SeenFolder(tmp_path / "seen").leads("1", "champion", "a")
    assert [seen.first("x"), seen.first("x")] == [True, False]


def test_a_page_goes_on_after_a_restart_and_holds_few_variants() -> None:
    book = Book()
    book.turn("1")
    book.note(PLACED, Outcome(200, 0.001, 1, "x"), configuration="1")
    counts = book.variants()
    assert (counts[0].requests, counts[0].keys) == (1, 1)
    from leadscore_assets.domain.serving_counts import ServingCounts

    again = Book(earlier=ServingCounts("1", counts))
    again.turn("1")
    again.note(PLACED, Outcome(503, 0.001, 0, "y"), configuration="1")
    (found,) = again.variants()
    assert (found.requests, found.errors, found.keys, found.key_errors) == (2, 1, 2, 1)
    for number in range(40):
        again.note(Placed(f"v{number}", "a", 1, 1.0, ""), Outcome(200, 0.001), configuration="1")
    assert len(again.variants()) <= 17


def test_a_report_that_cannot_be_written_or_read_is_late_and_no_error(tmp_path: Path) -> None:
    report = WorkerReport("0", os.getpid(), os.getpid())
    assert not Reports(tmp_path / "nowhere").write(report)
    reports = Reports(tmp_path)
    assert reports.write(report)
    (tmp_path / "1.json").write_text("{")
    assert reports.all() == [report]
    assert reports.read("1") is None
    assert living([report, WorkerReport("2", os.getpid(), 2**22 + 1)], server=os.getpid()) == [report]
    assert living([report], server=1) == []
