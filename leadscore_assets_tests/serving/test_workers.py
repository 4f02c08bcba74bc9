import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from leadscore_assets.serving.desired import CaptureRules, Desired, Placed
from leadscore_assets_tests.serving.bundles import placed, records, scorer
from leadscore_assets_tests.serving.conftest import TwoBundles
from leadscore_assets_tests.serving.processes import Server, running, until
from leadscore_assets_tests.serving.test_server import post, runtime

__all__ = ["runtime"]
LEADS = records(40)
BODIES = [json.dumps(lead).encode() for lead in LEADS]
ALL = CaptureRules(percent=100.0)


def named(two: TwoBundles, name: str, number: int, weight: float) -> Placed:
    found = placed(two.kept, (two.first, two.second)[number - 1], number)
    return Placed(name, found.digest, number, weight, found.bundle)


def canary(two: TwoBundles, weight: float, desired: Desired | None = None, *, shadow: bool = False) -> Desired:
    variants = [named(two, "champion", 1, 1 - weight), named(two, "candidate", 2, weight)]
    copied = named(two, "shadow", 2, 1.0) if shadow else None
    return (desired or Desired()).followed_by(variants, shadow=copied, salt="s").capturing(ALL)


def workers(server: Server) -> dict[str, int]:
    return {item["slot"]: item["pid"] for item in server.status()["workers"]}


def counts(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(server.get("/counts")[1])
    return found


def total(server: Server, number: str) -> int:
    return sum(item[number] for item in counts(server)["variants"])


@pytest.fixture
def server(two: TwoBundles, state: Path) -> Iterator[Server]:
    """Two workers with a champion and a candidate of 30 %, and a shadow."""
    with running(state) as server:
        server.folder.write_desired(canary(two, 0.3, shadow=True))
        until(lambda: server.serves(1) and workers(server).keys() == {"0", "1", "shadow"})
        until(lambda: all(item["generation"] == 1 for item in server.status()["workers"]))
        yield server


class Clients:
    """Threads that post leads over kept connections until they are stopped, and note every answer."""

    def __init__(self, server: Server, count: int = 3) -> None:
        self._server = server
        self._ended = threading.Event()
        self.answers: list[tuple[int, int, Any]] = []
        self.lost = 0
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def more(self, count: int) -> None:
        """Wait for that many further answers."""
        wanted = len(self.answers) + count
        until(lambda: len(self.answers) >= wanted, seconds=60)

    def _run(self) -> None:
        connection, number = self._server.connection(), 0
        while not self._ended.is_set():
            at = number % len(BODIES)
            number += 1
            try:
                status, said = post(connection, BODIES[at])
                self.answers.append((at, status, said))
            except (OSError, ValueError, http.client.HTTPException):
                self.lost += 1
                connection.close()
                connection = self._server.connection()
        connection.close()


def right(two: TwoBundles, answers: list[tuple[int, int, Any]]) -> bool:
    """Tell whether every answer is the offline score of the model that it names."""
    offline = {digest: scorer(two.kept, digest).score_records(LEADS).score for digest in (two.first, two.second)}
    return all(
        status == 200 and said["predictions"][0]["score"] == offline[said["model_digest"]][at]
        for at, status, said in answers
    )


def test_a_killed_worker_is_replaced_and_costs_its_own_requests_alone(server: Server, two: TwoBundles) -> None:
    before = workers(server)
    with Clients(server) as clients:
        clients.more(200)
        os.kill(before["0"], signal.SIGKILL)
        until(lambda: workers(server).get("0") not in (None, before["0"]))
        clients.more(200)
    assert clients.lost <= 3
    assert right(two, clients.answers)
    after = workers(server)
    assert after["1"] == before["1"]
    assert server.status()["generation"] == 1
    counted = sum(item["requests"] for item in counts(server)["variants"])
    assert len(clients.answers) * 0.5 <= counted <= len(clients.answers) + 3


def test_leads_stay_with_their_variant_through_a_killed_worker_and_a_restart(two: TwoBundles, state: Path) -> None:
    def dealt(server: Server) -> list[str]:
        connection = server.connection()
        found = [post(connection, body)[1]["model_digest"] for body in BODIES]
        connection.close()
        return found

    with running(state) as first:
        first.folder.write_desired(canary(two, 0.3))
        until(lambda: first.serves(1))
        before = dealt(first)
        assert set(before) == {two.first, two.second}
        until(lambda: total(first, "keys") == len(LEADS))
        pid = until(lambda: workers(first).get("1"))
        os.kill(pid, signal.SIGKILL)
        until(lambda: workers(first).get("1") not in (None, pid))
        assert dealt(first) == before
        first.process.send_signal(signal.SIGTERM)
        assert first.process.wait(30) == 0
    with running(state) as second:
        until(lambda: second.serves(1))
        assert dealt(second) == before
        assert total(second, "keys") == len(LEADS)


def test_a_worker_that_ends_answers_a_kept_connection_once_more_and_says_that_it_closes(
    two: TwoBundles, state: Path
) -> None:
    with running(state, "--workers", "1") as server:
        server.folder.write_desired(canary(two, 0.3))
        until(lambda: server.serves(1))
        busy, idle = server.connection(), server.connection()
        for connection in (busy, idle):
            assert not told_to_go(connection)
        pid = workers(server)["0"]
        os.kill(pid, signal.SIGTERM)
        until(lambda: told_to_go(busy))
        assert told_to_go(idle)
        until(lambda: workers(server).get("0") not in (None, pid))
        busy.close()
        idle.close()


def told_to_go(connection: http.client.HTTPConnection) -> bool:
    connection.request("POST", "/invocations", BODIES[0], {"content-type": "application/json"})
    response = connection.getresponse()
    assert response.status == 200
    response.read()
    return response.getheader("connection") == "close"


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL], ids=["hangs", "crashes"])
def test_a_shadow_that_hangs_or_crashes_costs_production_nothing(
    server: Server, two: TwoBundles, number: signal.Signals
) -> None:
    shadow = workers(server)["shadow"]
    with Clients(server, count=2) as clients:
        clients.more(50)
        until(lambda: counts(server)["agreement"]["pairs"] > 0)
        os.kill(shadow, number)
        clients.more(300)
        if number is signal.SIGSTOP:
            os.kill(shadow, signal.SIGCONT)
        else:
            until(lambda: workers(server).get("shadow") not in (None, shadow))
        pairs = counts(server)["agreement"]["pairs"]
        clients.more(50)
        until(lambda: counts(server)["agreement"]["pairs"] > pairs)
    assert clients.lost == 0
    assert right(two, clients.answers)
    assert {item["errors"] for item in counts(server)["variants"]} == {0}


def test_weights_bundles_and_shadow_change_under_load_without_a_lost_request(server: Server, two: TwoBundles) -> None:
    desired = server.folder.desired()
    with Clients(server) as clients:
        for weight, shadow in ((0.5, True), (1.0, False), (0.0, False), (0.2, True), (0.0, False)):
            desired = canary(two, weight, desired, shadow=shadow)
            server.folder.write_desired(desired)
            until(lambda: server.serves(desired.generation))  # noqa: B023 - waited for within the turn
            clients.more(30)
    assert clients.lost == 0
    assert right(two, clients.answers)
    until(lambda: "shadow" not in workers(server))


def test_boto3_goes_through_shadow_canary_and_target_variant(server: Server, runtime: Any, two: TwoBundles) -> None:
    def invoke(at: int, **named: str) -> tuple[str, str]:
        got = runtime.invoke_endpoint(
            EndpointName="leadscore", Body=BODIES[at], ContentType="application/json", InferenceId=f"r-{at}", **named
        )
        return got["InvokedProductionVariant"], json.loads(got["Body"].read())["model_digest"]

    digests = {"champion": two.first, "candidate": two.second}
    dealt = [invoke(at) for at in range(len(BODIES))]
    assert {name for name, _ in dealt} == set(digests)
    assert all(digest == digests[name] for name, digest in dealt)
    assert [invoke(at) for at in range(len(BODIES))] == dealt
    for name, digest in digests.items():
        assert invoke(0, TargetVariant=name) == (name, digest)
    with pytest.raises(runtime.exceptions.ClientError, match="Variant shadow not found"):
        invoke(0, TargetVariant="shadow")
    until(lambda: counts(server)["agreement"]["pairs"] >= 2 * len(BODIES))
    until(lambda: total(server, "requests") == 2 * len(BODIES))
    until(lambda: total(server, "targeted") == 2)
    assert total(server, "keys") == len(BODIES)


def test_sigterm_writes_what_capture_holds_and_leaves_no_process(server: Server, state: Path) -> None:
    connection = server.connection()
    for body in BODIES:
        assert post(connection, body)[0] == 200
    connection.close()
    processes = [psutil.Process(pid) for pid in workers(server).values()]
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
    until(lambda: not any(process.is_running() for process in processes))
    lines = [line for path in state.glob("capture/leadscore/c*/**/*.jsonl") for line in path.read_text().splitlines()]
    assert len(lines) == len(BODIES)
    assert not any(lead["lead_id"] in line for line in lines for lead in LEADS)


def test_where_capture_cannot_write_requests_are_answered_and_losses_are_counted(two: TwoBundles, state: Path) -> None:
    state.mkdir()
    (state / "capture").write_text("a file where the folder should be")
    with running(state) as server:
        server.folder.write_desired(canary(two, 0.3))
        until(lambda: server.serves(1))
        connection = server.connection()
        assert {post(connection, body)[0] for body in BODIES} == {200}
        connection.close()
        until(lambda: f"leadscore_capture_lost_total {len(BODIES)}\n" in server.get("/metrics")[1].decode())


def test_when_the_supervisor_is_killed_every_process_ends(server: Server) -> None:
    processes = [psutil.Process(pid) for pid in workers(server).values()]
    server.process.kill()
    until(lambda: not any(_alive(process) for process in processes))


def _alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_connections_of_a_client_are_shared_out_among_the_workers(server: Server) -> None:
    """Each worker answers some of them, so a pool of kept connections keeps no worker idle."""
    opened = [server.connection() for _ in range(16)]
    for connection in opened:
        connection.connect()
    pids = [pid for slot, pid in workers(server).items() if slot != "shadow"]

    def held() -> list[int] | None:
        found = [
            sum(item.status == psutil.CONN_ESTABLISHED for item in psutil.Process(pid).net_connections())
            for pid in pids
        ]
        return found if sum(found) == len(opened) else None

    assert min(until(held)) >= 4
    for connection in opened:
        connection.close()
