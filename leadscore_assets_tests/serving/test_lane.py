import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from leadscore_assets.domain.single import One
from leadscore_assets.serving.desired import Desired, Placed, Release
from leadscore_assets.serving.group import answer_all
from leadscore_assets.serving.invocation import Asked, Done, Invocation
from leadscore_assets.serving.models import Serving, opened
from leadscore_assets_tests.serving.bundles import placed, records, scorer
from leadscore_assets_tests.serving.conftest import TwoBundles
from leadscore_assets_tests.serving.processes import Server, running, until

LEADS = records(40)
BODIES = [json.dumps(lead).encode() for lead in LEADS]


@pytest.fixture(scope="module")
def server(two: TwoBundles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("lane") / "endpoint", "--workers", "1") as server:
        server.folder.write_desired(Desired().followed_by([placed(two.kept, two.first, 1)]))
        until(lambda: server.serves(1))
        yield server


def request(body: bytes, *, more: str = "", method: str = "POST", path: str = "/invocations") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{more}"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Line:
    """One connection that sends bytes as they are and reads answers."""

    def __init__(self, server: Server) -> None:
        self.sock = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.sock.makefile("rb")

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.sock.sendall(part)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        status = int(self._file.readline().split()[1])
        headers: dict[str, str] = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return status, headers, self._file.read(int(headers.get("content-length", 0)))

    def ended(self) -> bool:
        return self._file.read(1) == b""

    def close(self) -> None:
        self._file.close()
        self.sock.close()


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    line = Line(server)
    yield line
    line.close()


def scores(two: TwoBundles) -> list[float]:
    found: list[float] = scorer(two.kept, two.first).score_records(LEADS).score.tolist()
    return found


def test_leads_that_arrive_together_get_the_scores_that_a_batch_gives_them(server: Server, two: TwoBundles) -> None:
    lines = [Line(server) for _ in LEADS]
    for line, body in zip(lines, BODIES, strict=True):
        line.send(request(body))
    answers = [line.answer() for line in lines]
    assert {status for status, _, _ in answers} == {200}
    found = [json.loads(body)["predictions"][0] for _, _, body in answers]
    assert [item["score"] for item in found] == scores(two)
    assert [item["lead_id"] for item in found] == [lead["lead_id"] for lead in LEADS]
    for line in lines:
        line.close()


@pytest.mark.parametrize("at", [20, 200, -1], ids=["within the head", "within the body", "before the last byte"])
def test_a_request_in_pieces_is_answered_as_a_whole_one(line: Line, two: TwoBundles, at: int) -> None:
    for body, score in zip(BODIES[:3], scores(two), strict=False):
        whole = request(body)
        line.send(whole[:at])
        line.sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            line.sock.recv(1)
        line.sock.settimeout(20)
        line.send(whole[at:])
        assert json.loads(line.answer()[2])["predictions"][0]["score"] == score


def test_pipelined_requests_of_any_kind_are_answered_in_their_order(line: Line, two: TwoBundles) -> None:
    ping = request(b"", method="GET", path="/ping")
    many = request(json.dumps(LEADS[:3]).encode())
    line.send(request(BODIES[0]) + ping + request(BODIES[1]) + request(b"{") + many + request(BODIES[2]))
    answers = [line.answer() for _ in range(6)]
    assert [status for status, _, _ in answers] == [200, 200, 200, 400, 200, 200]
    found = [json.loads(answers[at][2])["predictions"][0]["score"] for at in (0, 2, 4, 5)]
    assert found == [scores(two)[at] for at in (0, 1, 0, 2)]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ("Accept: text/csv\r\n", 200),
        ("Accept: image/png\r\n", 406),
        ("Content-Encoding: gzip\r\n", 415),
        ("X-Amzn-SageMaker-Target-Variant: nobody\r\n", 400),
        ("Connection: close\r\n", 200),
    ],
    ids=["csv", "not written", "compressed", "unknown variant", "the last one"],
)
def test_what_is_no_plain_request_is_answered_by_the_application(line: Line, more: str, status: int) -> None:
    line.send(request(BODIES[0], more=more))
    found, headers, body = line.answer()
    assert found == status
    assert (headers.get("content-type") == "text/csv") == ("csv" in more)
    if "close" in more:
        assert line.ended()
    else:
        line.send(request(BODIES[0]))
        assert line.answer()[0] == 200
    assert body


def test_a_client_that_asks_before_it_sends_and_one_that_sends_chunks_are_answered(line: Line, two: TwoBundles) -> None:
    whole = request(BODIES[0], more="Expect: 100-continue\r\n")
    cut = len(whole) - len(BODIES[0])
    line.send(whole[:cut])
    assert line.answer()[0] == 100
    line.send(whole[cut:])
    assert json.loads(line.answer()[2])["predictions"][0]["score"] == scores(two)[0]
    head = (
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    line.send(head, b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODIES[1]), BODIES[1]))
    assert json.loads(line.answer()[2])["predictions"][0]["score"] == scores(two)[1]


def test_a_lead_that_breaks_the_contract_is_refused_with_its_reason(line: Line) -> None:
    line.send(request(json.dumps({**LEADS[0], "employees": -1}).encode()))
    status, _, body = line.answer()
    assert (status, json.loads(body)["violations"][0]["field"]) == (400, "employees")


def test_a_client_that_leaves_is_counted_and_disturbs_nobody(server: Server) -> None:
    def served() -> int:
        found: int = server.status()["requests"]["served"]
        return found

    before = served()
    for body in BODIES[:5]:
        line = Line(server)
        line.send(request(body))
        line.close()
    until(lambda: served() == before + 5)


def waiting(serving: Serving, bodies: list[bytes]) -> list[Invocation]:
    read = [Invocation(Asked(serving, body)) for body in bodies]
    assert all(item.read_quickly() for item in read)
    for item in read:
        item.pause()
    return read


def first_score(done: Done) -> Any:
    return json.loads(done.reply.body)["predictions"][0]["score"]


def test_a_group_under_a_canary_is_scored_by_the_variants_of_its_leads(two: TwoBundles) -> None:
    champion, other = placed(two.kept, two.first, 1), placed(two.kept, two.second, 2)
    pair = (Placed("champion", champion.digest, 1, 0.5, champion.bundle), other_weighing(other, 0.5))
    ends = answer_all(waiting(opened(Release(1, pair, salt="s"), now=None), BODIES))
    assert {done.model.placed.digest for done in ends} == {two.first, two.second}
    both = {digest: scorer(two.kept, digest).score_records(LEADS).score.tolist() for digest in (two.first, two.second)}
    assert [first_score(done) for done in ends] == [both[done.model.placed.digest][at] for at, done in enumerate(ends)]


def test_a_lead_that_its_model_fails_on_fails_alone(two: TwoBundles, monkeypatch: pytest.MonkeyPatch) -> None:
    serving = opened(Release(1, (placed(two.kept, two.first, 1),)), now=None)
    single = serving.models[0].scorer.single
    assert single
    right, score_all = scores(two), single.score_all

    def broken(leads: Any) -> list[One]:
        return [one._replace(score=float("nan")) if one.score == right[3] else one for one in score_all(leads)]

    monkeypatch.setattr(single, "score_all", broken)
    ends = answer_all(waiting(serving, BODIES[:8]))
    assert [done.outcome.status for done in ends] == [200, 200, 200, 500, 200, 200, 200, 200]
    assert [done.outcome.invalid for done in ends] == [at == 3 for at in range(8)]
    assert [first_score(ends[at]) for at in (0, 7)] == [right[0], right[7]]
    assert all(0 < done.outcome.seconds < 60 for done in ends)


def other_weighing(item: Placed, weight: float) -> Placed:
    return Placed("candidate", item.digest, item.version, weight, item.bundle)
