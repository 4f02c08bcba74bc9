import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from leadscore_assets.domain.serving_counts import ServingCounts
from leadscore_assets.serving.app import ScoringApp
from leadscore_assets.serving.capture import Capture
from leadscore_assets.serving.capture_files import CaptureFiles
from leadscore_assets.serving.desired import CaptureRules, Desired, Placed
from leadscore_assets.serving.mirror import Mirror, Mirrored, pipe, received
from leadscore_assets.serving.models import Live, opened, opened_shadow
from leadscore_assets.serving.reports import SHADOW, Reports
from leadscore_assets.serving.shadow import Shadow
from leadscore_assets.serving.station import Station
from leadscore_assets_tests.serving.asgi import INVOKE, call
from leadscore_assets_tests.serving.bundles import placed, records, scorer
from leadscore_assets_tests.serving.conftest import TwoBundles

LEADS = records(40)


class Pair:
    """Production and a shadow with a pipe between, in one process."""

    def __init__(self, two: TwoBundles, root: Path) -> None:
        self.two = two
        self.sender, self.receiver = pipe()
        self.receiver.settimeout(0.2)
        shadow = placed(two.kept, two.second, 2)
        desired = Desired().followed_by(
            [placed(two.kept, two.first, 1)],
            shadow=Placed("shadow", shadow.digest, 2, 1.0, shadow.bundle),
        )
        desired = desired.capturing(CaptureRules(percent=100.0))
        self.capture = Capture(CaptureFiles(root / "leadscore", slot="0"), secret=b"s")
        self.capture.rules = desired.capture
        self.live = Live(opened(desired.release, now=None))
        self.station = Station(self.live, mirror=Mirror(self.sender), capture=self.capture)
        self.station.turn(self.live.serving)  # type: ignore[arg-type]
        self.app = ScoringApp(name="leadscore", instance="here", live=self.live, station=self.station)
        self.reports = Reports(root / "reports")
        self.reports.prepare()
        shadow_capture = Capture(CaptureFiles(root / "leadscore", slot=SHADOW), secret=b"s")
        self.shadow = Shadow(Live(), shadow_capture, self.reports, server=1)
        self.shadow.follow(desired)
        serving = opened_shadow(desired.release, now=None)
        self.shadow.turn(serving)
        self.shadow.live.serving = serving

    def messages(self) -> list[Mirrored]:
        found: list[Mirrored] = []
        while more := received(self.receiver):
            found += more
        return found

    def told(self) -> ServingCounts:
        self.shadow.tell()
        report = self.reports.read(SHADOW)
        assert report
        return report.counts

    def close(self) -> None:
        self.app.close()
        for capture in (self.capture, self.shadow.capture):
            capture.close()
        self.sender.close()
        self.receiver.close()


@pytest.fixture
def pair(two: TwoBundles, tmp_path: Path) -> Iterator[Pair]:
    pair = Pair(two, tmp_path)
    yield pair
    pair.close()


@pytest.mark.parametrize("step", [1, 31], ids=["one by one", "all at once"])
def test_the_shadow_gets_the_same_requests_and_is_compared_lead_by_lead(pair: Pair, step: int) -> None:
    for lead in LEADS[:30]:
        call(pair.app, INVOKE, lead)
    call(pair.app, "/invocations", LEADS[30:])
    messages = pair.messages()
    assert (len(messages), pair.station.mirror.mirrored, pair.station.mirror.dropped) == (31, 31, 0)
    for at in range(0, 31, step):
        pair.shadow.answer(messages[at : at + step])
    counts = pair.told()
    mine = scorer(pair.two.kept, pair.two.second).score_records(LEADS)
    theirs = scorer(pair.two.kept, pair.two.first).score_records(LEADS)
    gaps = mine.score - theirs.score
    seen = counts.agreement
    assert counts.shadow
    assert (counts.shadow.name, counts.shadow.digest) == ("shadow", pair.two.second)
    assert (counts.shadow.requests, counts.shadow.leads, counts.shadow.errors) == (31, 40, 0)
    assert (seen.pairs, sum(seen.joint), seen.failed) == (40, 40, 0)
    assert seen.gap_sum == pytest.approx(float(abs(gaps).sum()))
    assert seen.difference_sum == pytest.approx(float(gaps.sum()))
    assert seen.gap_largest == pytest.approx(float(abs(gaps).max()))
    assert seen.other_band == sum(a != b for a, b in zip(mine.band, theirs.band, strict=True))
    assert seen.rank_correlation
    assert 0 <= seen.lag_seconds < 60


def test_production_and_shadow_keep_a_request_under_one_event(pair: Pair, tmp_path: Path) -> None:
    call(pair.app, INVOKE, LEADS[0], headers={"x-amzn-sagemaker-inference-id": "request-1"})
    pair.shadow.answer(pair.messages())
    for capture in (pair.capture, pair.shadow.capture):
        capture.flush()
    lines = {
        path.relative_to(tmp_path / "leadscore").parts[0]: json.loads(path.read_text())
        for path in tmp_path.rglob("*.jsonl")
    }
    assert set(lines) == {"champion", "shadow"}
    events = [line["eventMetadata"] for line in lines.values()]
    assert {(event["eventId"], event["inferenceId"]) for event in events} == {(events[0]["eventId"], "request-1")}
    inputs = {line["captureData"]["endpointInput"]["data"] for line in lines.values()}
    assert len(inputs) == 1
    outputs = [json.loads(line["captureData"]["endpointOutput"]["data"]) for line in lines.values()]
    assert {output["model_digest"] for output in outputs} == {pair.two.first, pair.two.second}


def test_a_large_request_reaches_the_shadow_in_pieces(pair: Pair) -> None:
    batch = records(700)
    assert len(json.dumps(batch)) > 64 * 1024
    call(pair.app, "/invocations", batch)
    pair.app.close()
    messages = pair.messages()
    assert sum(len(message.scores) for message in messages) == 700
    pair.shadow.answer(messages)
    assert pair.told().agreement.pairs == 700


def test_nobody_reading_drops_and_counts_and_holds_up_no_answer(pair: Pair) -> None:
    pair.sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 15)
    statuses = {call(pair.app, "/invocations", lead).status for lead in LEADS * 10}
    assert statuses == {200}
    mirror = pair.station.mirror
    assert mirror.mirrored == 400
    assert 0 < mirror.dropped < 400
    assert len(pair.messages()) == mirror.mirrored - mirror.dropped
    assert pair.station.counts().agreement.dropped == mirror.dropped


def test_a_shadow_that_is_gone_drops_and_counts(pair: Pair) -> None:
    pair.receiver.close()
    assert call(pair.app, "/invocations", LEADS[0]).status == 200
    assert pair.station.mirror.dropped == 1


def test_a_request_that_the_shadow_refuses_or_that_is_of_another_release_is_no_pair(pair: Pair) -> None:
    call(pair.app, "/invocations", LEADS[0])
    (message,) = pair.messages()
    pair.shadow.answer([msgspec.structs.replace(message, body=b'{"lead_id": "x"}')])
    pair.shadow.answer([msgspec.structs.replace(message, configuration="other")])
    seen = pair.told()
    assert seen.shadow
    assert (seen.agreement.failed, seen.agreement.pairs, seen.shadow.refused) == (1, 0, 1)


def test_the_counts_go_on_after_a_restart_with_the_same_bundle_and_begin_anew_with_another(
    pair: Pair, two: TwoBundles, tmp_path: Path
) -> None:
    def answered(shadow: Shadow) -> Any:
        call(pair.app, "/invocations", LEADS[0])
        shadow.answer(pair.messages())
        shadow.tell()
        report = pair.reports.read(SHADOW)
        assert report
        return report.counts.agreement.pairs

    serving = pair.shadow.live.serving
    assert serving
    assert answered(pair.shadow) == 1
    again = Shadow(Live(serving), pair.shadow.capture, pair.reports, server=1)
    again.turn(serving)
    assert answered(again) == 2
    release = serving.release
    other = opened_shadow(
        msgspec.structs.replace(release, shadow=Placed("shadow", two.first, 1, 1.0, str(two.kept.path(two.first)))),
        now=serving,
    )
    again.turn(other)
    again.live.serving = other
    assert answered(again) == 1
