import http.client
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.serving.desired import Desired
from leadscore_assets.serving.folder import StateFolder
from leadscore_assets.serving.process import ALREADY_RUNNING, FAILED, PORT_IN_USE, loopback, main
from leadscore_assets_tests.serving.bundles import placed, records, scorer
from leadscore_assets_tests.serving.conftest import TwoBundles
from leadscore_assets_tests.serving.processes import Server, running, until

LEAD = records(1)[0]


@pytest.fixture(scope="module")
def server(two: TwoBundles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server") / "endpoint") as server:
        server.folder.write_desired(Desired().followed_by([placed(two.kept, two.first, 1)]))
        until(lambda: server.serves(1))
        yield server


@pytest.fixture
def runtime(server: Server) -> Iterator[Any]:
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "sagemaker-runtime",
        endpoint_url=server.url,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield client
    client.close()


def post(connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    connection.request("POST", "/invocations", body, {"content-type": "application/json", **(headers or {})})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def test_boto3_scores_one_lead(runtime: Any, two: TwoBundles) -> None:
    got = runtime.invoke_endpoint(
        EndpointName="leadscore",
        Body=json.dumps(LEAD),
        ContentType="application/json",
        TargetVariant="champion",
        InferenceId="lead-1",
        CustomAttributes="trace=17",
    )
    assert got["InvokedProductionVariant"] == "champion"
    assert got["CustomAttributes"] == "trace=17"
    assert got["ContentType"] == "application/json"
    answer = json.loads(got["Body"].read())
    assert answer["predictions"][0]["score"] == scorer(two.kept, two.first).score_records([LEAD]).score[0]


def test_boto3_scores_a_thousand_leads_as_json_lines(runtime: Any, two: TwoBundles) -> None:
    sent = records(1000)
    got = runtime.invoke_endpoint(
        EndpointName="leadscore",
        Body="\n".join(json.dumps(lead) for lead in sent),
        ContentType="application/jsonlines",
        Accept="application/jsonlines",
    )
    scores = [json.loads(line)["score"] for line in got["Body"].read().splitlines()]
    assert scores == scorer(two.kept, two.first).score_records(sent).score.tolist()


def test_boto3_gets_a_model_error_that_names_the_broken_field(runtime: Any) -> None:
    with pytest.raises(runtime.exceptions.ModelError, match="industry") as caught:
        runtime.invoke_endpoint(
            EndpointName="leadscore",
            Body=json.dumps({**LEAD, "industry": "unheard of"}),
            ContentType="application/json",
        )
    said = caught.value.response
    assert said["OriginalStatusCode"] == 400
    assert json.loads(said["OriginalMessage"])["violations"][0]["field"] == "industry"
    assert said["LogStreamArn"]
    assert said["ResponseMetadata"]["HTTPStatusCode"] == 424


@pytest.mark.parametrize("change", [{"EndpointName": "other"}, {"TargetVariant": "blue"}])
def test_boto3_gets_a_validation_error_for_an_unknown_endpoint_or_variant(runtime: Any, change: dict[str, str]) -> None:
    call = {"EndpointName": "leadscore", "Body": b"{}", "ContentType": "application/json", **change}
    with pytest.raises(runtime.exceptions.ClientError, match="not found") as caught:
        runtime.invoke_endpoint(**call)
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_boto3_is_told_the_limit_of_a_body(runtime: Any) -> None:
    with pytest.raises(runtime.exceptions.ClientError, match="HTTP content length exceeded 6291456 bytes") as caught:
        runtime.invoke_endpoint(EndpointName="leadscore", Body=b" " * 6_291_457, ContentType="application/json")
    assert caught.value.response["Error"]["Code"] == "413"


RAW = {
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http at all\r\n\r\n",
    "bad length": b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
    "two lengths": b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    "length and chunks": b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n"
    b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "upgrade": b"GET /ping HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "huge declared": b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n",
    "not ascii": b"POST /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
    "half a request": b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{",
}


@pytest.mark.parametrize("name", RAW)
def test_hostile_bytes_on_the_socket_do_not_hurt_the_server(server: Server, name: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(RAW[name])
        raw.shutdown(socket.SHUT_WR)
        answer = raw.recv(65536)
    assert b"Traceback" not in answer
    assert not answer.startswith(b"HTTP/1.1 5")
    connection = server.connection()
    assert post(connection, json.dumps(LEAD).encode())[0] == 200
    connection.close()


def test_ping_stays_fast_beside_large_batches(server: Server) -> None:
    body = json.dumps(records(2000) * 5).encode()
    done = threading.Event()
    seen: list[int] = []

    def batches() -> None:
        connection = server.connection()
        while not done.is_set():
            seen.append(post(connection, body)[0])
        connection.close()

    thread = threading.Thread(target=batches)
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=2)
    try:
        until(lambda: len(seen) > 0)
        for _ in range(50):
            connection.request("GET", "/ping")
            assert connection.getresponse().read() == b""
    finally:
        done.set()
        thread.join()
        connection.close()
    assert set(seen) == {200}


def test_a_swap_under_load_fails_no_request_and_mixes_no_model(two: TwoBundles, state: Path) -> None:
    sent = records(20)
    digests = {1: two.first, 2: two.second}
    offline = {
        version: scorer(two.kept, digest).score_records(sent).score.tolist() for version, digest in digests.items()
    }
    with running(state) as server:
        desired = Desired().followed_by([placed(two.kept, two.first, 1)])
        server.folder.write_desired(desired)
        until(lambda: server.serves(1))
        done = threading.Event()
        answers: list[list[tuple[int, int, int, float]]] = [[] for _ in range(3)]

        def load(mine: list[tuple[int, int, int, float]]) -> None:
            connection = server.connection()
            while not done.is_set():
                at = len(mine) % len(sent)
                status, said = post(connection, json.dumps(sent[at]).encode())
                mine.append((status, at, said["model_version"], said["predictions"][0]["score"]))
            connection.close()

        threads = [threading.Thread(target=load, args=(mine,)) for mine in answers]
        for thread in threads:
            thread.start()
        for swap in range(2, 22):
            version = 1 + (swap + 1) % 2
            desired = desired.followed_by([placed(two.kept, digests[version], version)])
            server.folder.write_desired(desired)
            until(lambda number=swap: server.serves(number))  # type: ignore[misc]
        until(lambda: sum(map(len, answers)) > 2_000)
        done.set()
        for thread in threads:
            thread.join()
    got = [item for mine in answers for item in mine]
    assert {status for status, *_ in got} == {200}
    assert {version for _, _, version, _ in got} == {1, 2}
    assert all(score == offline[version][at] for _, at, version, score in got)


def test_sigterm_finishes_the_request_in_flight_and_exits_with_0(two: TwoBundles, state: Path) -> None:
    body = json.dumps(LEAD).encode()
    with running(state) as server:
        server.folder.write_desired(Desired().followed_by([placed(two.kept, two.first, 1)]))
        until(lambda: server.serves(1))
        connection = server.connection()
        connection.putrequest("POST", "/invocations")
        connection.putheader("content-type", "application/json")
        connection.putheader("content-length", str(len(body)))
        connection.endheaders(body[:10])
        assert server.get("/ping")[0] == 200
        server.process.send_signal(signal.SIGTERM)
        until(lambda: _refuses(server.port))
        connection.send(body[10:])
        response = connection.getresponse()
        assert response.status == 200
        assert len(json.loads(response.read())["predictions"]) == 1
        assert server.process.wait(30) == 0
        assert server.folder.record() is None
        log = (state / "stderr.log").read_text()
    assert "listens on" in log
    assert "serving generation 1" in log
    assert LEAD["lead_id"] not in log


def _refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_server_runs_in_this_process_until_it_is_told_to_end(two: TwoBundles, state: Path) -> None:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    folder = StateFolder(state)
    folder.prepare()
    folder.write_desired(Desired().followed_by([placed(two.kept, two.first, 1)]))
    seen: list[int] = []

    def client() -> None:
        try:
            record = until(folder.record)
            server = Server(None, folder, record.port)  # type: ignore[arg-type]
            until(lambda: server.serves(1))
            connection = server.connection()
            seen.append(post(connection, json.dumps(LEAD).encode())[0])
            connection.close()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=client)
    thread.start()
    try:
        assert main(["--state", str(state), "--port", "0"]) == 0
    finally:
        thread.join()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert seen == [200]
    claim = folder.claim()
    assert claim is not None
    os.close(claim)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "example.com", "::", ""])
def test_a_host_that_is_not_loopback_is_refused(host: str, state: Path) -> None:
    with pytest.raises(InvalidInput, match="not loopback"):
        loopback(host)
    assert main(["--state", str(state), "--host", host, "--port", "0"]) == FAILED
    assert not state.exists()


def test_a_port_in_use_or_a_second_server_of_the_folder_end_with_their_own_codes(server: Server, state: Path) -> None:
    assert main(["--state", str(state), "--port", str(server.port)]) == PORT_IN_USE
    assert main(["--state", str(server.folder.path), "--port", "0"]) == ALREADY_RUNNING
    assert server.get("/ping")[0] == 200
