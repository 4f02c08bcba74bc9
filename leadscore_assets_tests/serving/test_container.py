"""The container: not ready before its golden rows hold, the local endpoint's bits, nothing but what SageMaker needs."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.serving.container import ContainerOptions
from leadscore_assets.serving.desired import Desired
from leadscore_assets.serving.process import loopback
from leadscore_assets_tests.serving.bundles import placed, records
from leadscore_assets_tests.serving.conftest import TwoBundles
from leadscore_assets_tests.serving.containers import RunningContainer, container, opened, unpacked
from leadscore_assets_tests.serving.processes import running, until

ENVIRONMENT = {"LEADSCORE_VARIANT": "primary", "LEADSCORE_VERSION": "3", "LEADSCORE_WORKERS": "2"}
LEADS = records(5)
LEAD = json.dumps(LEADS[0]).encode()


@pytest.fixture(scope="module")
def serving(two: TwoBundles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningContainer]:
    root = unpacked(tmp_path_factory.mktemp("container"), two.kept.path(two.first))
    with container(root, ENVIRONMENT) as found:
        assert found.ready(), found.log
        yield found


def test_a_ping_is_answered_at_once_with_503_until_the_golden_rows_hold_and_200_from_then_on(
    two: TwoBundles, tmp_path: Path
) -> None:
    with container(unpacked(tmp_path, two.kept.path(two.first)), ENVIRONMENT) as found:
        opened(found)
        seen: list[tuple[int | None, bool]] = []
        while [status for status, _ in seen].count(200) < 60 and len(seen) < 20_000:
            seen.append((found.ping(), "serving generation" in found.log))
    statuses = [status for status, _ in seen]
    first = statuses.index(200)
    assert first > 0
    assert set(statuses[:first]) == {503}
    assert set(statuses[first:]) == {200}
    assert seen[first][1], "the golden rows are checked before the first 200"


def test_a_bundle_whose_golden_rows_do_not_hold_never_gets_a_200(two: TwoBundles, tmp_path: Path) -> None:
    _, files = bundle.read(two.kept.path(two.first))
    golden = bundle.document(files, bundle.GOLDEN)
    golden["scores"][0] += 0.01
    (tmp_path / "model").mkdir()
    bundle.write(tmp_path / "model", {**files, bundle.GOLDEN: bundle.json_bytes(golden)})
    with container(tmp_path, ENVIRONMENT) as found:
        opened(found)
        until(lambda: found.log.count("golden rows score differently") == 2)
        for _ in range(20):
            assert found.ping() == 503
            assert found.ask("/invocations", LEAD)[0] == 503
        found.process.send_signal(signal.SIGTERM)
        assert found.process.wait(30) == 0


def test_a_damaged_bundle_and_a_wrong_environment_end_the_container_with_a_sentence(
    two: TwoBundles, tmp_path: Path
) -> None:
    root = unpacked(tmp_path, two.kept.path(two.first))
    with (root / "model" / bundle.MODEL).open("ab") as file:
        file.write(b"x")
    for environment, told in ((ENVIRONMENT, "is not what was written"), ({}, "LEADSCORE_VERSION is not set")):
        with container(root, environment) as found:
            assert found.process.wait(30) == 1
            assert told in found.log
            assert "Traceback" not in found.log


def test_the_answer_has_the_local_endpoints_bytes(serving: RunningContainer, two: TwoBundles, tmp_path: Path) -> None:
    with running(tmp_path / "endpoint") as local:
        local.folder.write_desired(Desired().followed_by([placed(two.kept, two.first, 3)]))
        until(lambda: local.serves(1))
        for body in (*(json.dumps(lead).encode() for lead in LEADS), json.dumps(records(200)).encode()):
            connection = local.connection()
            connection.request("POST", "/invocations", body, {"content-type": "application/json"})
            expected = connection.getresponse().read()
            connection.close()
            assert json.loads(expected)["model_digest"] == two.first
            assert serving.ask("/invocations", body) == (200, expected)


@pytest.mark.parametrize(
    "path",
    ["/", "/live.json", "/rollback", "/status", "/counts", "/openapi.json", "/endpoints/primary/invocations", "/x"],
)
def test_no_other_path_is_there(serving: RunningContainer, path: str) -> None:
    assert serving.ask(path)[0] == 404
    assert serving.ask(path, b"{}")[0] == 404


def test_ping_invocations_and_metrics_are_there(serving: RunningContainer) -> None:
    assert serving.ask("/ping") == (200, b"")
    assert serving.ask("/invocations", LEAD)[0] == 200
    status, text = serving.ask("/metrics")
    assert status == 200
    assert b'leadscore_model_version{variant="primary"' in text


def test_a_variant_that_the_platform_chose_is_not_looked_for(serving: RunningContainer) -> None:
    header = {"x-amzn-sagemaker-target-variant": "AllTraffic"}
    assert serving.ask("/invocations", LEAD, header) == serving.ask("/invocations", LEAD)


def test_sigterm_finishes_the_request_in_flight_and_leaves_nothing(two: TwoBundles, tmp_path: Path) -> None:
    (own := tmp_path / "own").mkdir()
    with container(unpacked(tmp_path, two.kept.path(two.first)), {**ENVIRONMENT, "TMPDIR": str(own)}) as found:
        assert found.ready(), found.log
        assert [folder.stat().st_mode & 0o777 for folder in own.iterdir()] == [0o700]
        connection = found.connection()
        connection.putrequest("POST", "/invocations")
        connection.putheader("content-type", "application/json")
        connection.putheader("content-length", str(len(LEAD)))
        connection.endheaders(LEAD[:10])
        assert found.ping() == 200
        began = time.monotonic()
        found.process.send_signal(signal.SIGTERM)
        until(lambda: refuses(found.port))
        connection.send(LEAD[10:])
        assert connection.getresponse().status == 200
        connection.close()
        assert found.process.wait(30) == 0
        assert time.monotonic() - began < 30
        assert LEADS[0]["lead_id"] not in found.log
        assert list(own.iterdir()) == []


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_environment_says_what_is_served_and_where() -> None:
    plain = ContainerOptions.of({"LEADSCORE_VERSION": "7"})
    assert (plain.model, plain.host, plain.port, plain.variant) == (Path("/opt/ml/model"), "0.0.0.0", 8080, "primary")
    assert plain.reasons is None
    assert 1 <= plain.workers <= 64
    names = {"SAGEMAKER_BIND_TO_PORT": "9000", "LEADSCORE_WORKERS": "3", "LEADSCORE_REASONS": "0"}
    given = ContainerOptions.of({"LEADSCORE_VERSION": "7", "LEADSCORE_VARIANT": "blue", **names})
    assert (given.port, given.workers, given.reasons, given.variant) == (9000, 3, 0, "blue")
    assert ContainerOptions.of({"LEADSCORE_VERSION": "7", "LEADSCORE_PORT": "81", **names}).port == 81


@pytest.mark.parametrize(
    "change", ["LEADSCORE_PORT=x", "LEADSCORE_WORKERS=65", "LEADSCORE_VERSION=0", "LEADSCORE_PORT=-1"]
)
def test_a_number_that_is_none_is_refused_by_name(change: str) -> None:
    name, _, value = change.partition("=")
    with pytest.raises(InvalidInput, match=f"{name} = '{value}' is no whole number"):
        ContainerOptions.of({"LEADSCORE_VERSION": "7", name: value})


def test_every_other_way_in_still_takes_loopback_alone() -> None:
    with pytest.raises(InvalidInput, match="not loopback"):
        loopback("0.0.0.0")


UNWANTED = ("dagster", "mlflow", "boto3", "botocore", "sqlalchemy", "matplotlib", "optuna", "pandas", "sklearn", "rich")


def test_the_program_loads_nothing_that_serving_does_not_need(two: TwoBundles) -> None:
    program = f"""
import sys
from pathlib import Path
from leadscore_assets.serving.launching import leave_out_sklearn
leave_out_sklearn()
from leadscore_assets.serving import container, worker, container_app, lane, connections, keeping
from leadscore_assets.domain.scoring import Scorer
Scorer.open(Path({str(two.kept.path(two.first))!r}))
print(*sorted(name for name in {UNWANTED} if sys.modules.get(name)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
