import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets.backends.local.endpoint import LocalEndpoint
from leadscore_assets.domain.errors import InvalidInput, Missing, PermanentError
from leadscore_assets.domain.facts import EndpointStatus, Variant
from leadscore_assets.serving.folder import ServerRecord, StateFolder
from leadscore_assets_tests.serving.bundles import records, trained
from leadscore_assets_tests.serving.processes import until

LEAD = records(1)[0]
Make = Callable[..., LocalEndpoint]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalBundles, list[str]]:
    return trained(tmp_path_factory.mktemp("bundles"))


@pytest.fixture
def champion(bundles: tuple[LocalBundles, list[str]]) -> Variant:
    return Variant("champion", bundles[1][0], 1)


@pytest.fixture
def successor(bundles: tuple[LocalBundles, list[str]]) -> Variant:
    return Variant("champion", bundles[1][1], 2)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "home" / "endpoint")


@pytest.fixture
def make(bundles: tuple[LocalBundles, list[str]], folder: StateFolder, port: int) -> Iterator[Make]:
    """Builds endpoints over one folder and ends whatever server of it is left."""
    made: list[LocalEndpoint] = []

    def build(**change: Any) -> LocalEndpoint:
        chosen = {"host": "127.0.0.1", "port": port, "name": "leadscore", "boot_seconds": 30, **change}
        made.append(LocalEndpoint(folder=folder.path, bundles=chosen.pop("bundles", bundles[0]), **chosen))
        return made[-1]

    yield build
    for endpoint in made:
        endpoint.stop()


def score(status: EndpointStatus) -> dict[str, Any]:
    ask = urllib.request.Request(
        f"{status.address}/invocations", json.dumps(LEAD).encode(), {"content-type": "application/json"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(ask, timeout=10) as response:
        found: dict[str, Any] = json.loads(response.read())
        return found


def corrupted(bundles: LocalBundles, variant: Variant, root: Path) -> LocalBundles:
    """A store whose copy of a variant's bundle has one flipped bit."""
    root.mkdir(exist_ok=True)
    for digest in bundles.digests():
        shutil.copytree(bundles.path(digest), root / digest)
    model = root / variant.digest / "model.ubj"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    return LocalBundles(root)


def test_a_deployment_serves_survives_its_caller_and_is_replaced_in_place(
    make: Make, champion: Variant, successor: Variant
) -> None:
    first = make().deploy([champion])
    assert (first.running, first.generation, first.variants, first.error) == (True, 1, (champion,), None)
    assert score(first)["model_version"] == 1
    second = make().deploy([successor])
    assert (second.generation, second.pid) == (2, first.pid)
    assert score(second)["model_version"] == 2
    assert make().status() == second


def test_deploying_what_serves_changes_nothing(make: Make, folder: StateFolder, champion: Variant) -> None:
    first = make().deploy([champion])
    before = folder.signature()
    assert make().deploy([champion]) == first
    assert folder.signature() == before


def test_start_and_stop_bring_the_same_generation_back_and_stopping_twice_is_stopping_once(
    make: Make, champion: Variant
) -> None:
    endpoint = make()
    with pytest.raises(Missing, match="never given a model"):
        endpoint.start()
    assert endpoint.stop().generation == 0
    first = endpoint.deploy([champion])
    stopped = endpoint.stop()
    assert (stopped.running, stopped.generation, stopped.variants, stopped.pid) == (False, 1, (champion,), None)
    assert endpoint.stop() == stopped
    again = endpoint.start()
    assert (again.running, again.generation) == (True, 1)
    assert again.pid != first.pid
    assert endpoint.start() == again
    assert score(again)["model_version"] == 1


def test_after_kill_9_of_the_server_start_brings_the_same_generation_back(make: Make, champion: Variant) -> None:
    first = make().deploy([champion])
    assert first.pid
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(first.pid or 0))
    assert make().status().running is False
    again = make().start()
    assert (again.running, again.generation, again.variants) == (True, 1, (champion,))


def test_a_corrupt_bundle_is_refused_and_the_old_model_goes_on_serving(
    make: Make,
    folder: StateFolder,
    bundles: tuple[LocalBundles, list[str]],
    champion: Variant,
    successor: Variant,
    tmp_path: Path,
) -> None:
    first = make().deploy([champion])
    broken = make(bundles=corrupted(bundles[0], successor, tmp_path / "broken"))
    for _ in range(2):
        with pytest.raises(PermanentError, match=r"not served: bundle .* model\.ubj"):
            broken.deploy([successor])
        assert score(first)["model_version"] == 1
        assert folder.desired().release.generation == 1
    assert make().status().error
    healed = make().deploy([successor])
    assert (healed.generation, healed.variants, healed.error) == (4, (successor,), None)


def test_a_first_deployment_that_fails_leaves_nothing_running(
    make: Make, bundles: tuple[LocalBundles, list[str]], champion: Variant, tmp_path: Path
) -> None:
    endpoint = make(bundles=corrupted(bundles[0], champion, tmp_path / "broken"))
    with pytest.raises(PermanentError, match=r"model\.ubj"):
        endpoint.deploy([champion])
    assert endpoint.status() == EndpointStatus(running=False, address=endpoint.status().address)
    with pytest.raises(Missing):
        endpoint.start()


def test_a_port_in_use_is_named_with_its_listener_and_the_remedy(make: Make, port: int, champion: Variant) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        with pytest.raises(PermanentError, match=rf"port {port} .*process {os.getpid()}.*\[endpoint\] port"):
            make().deploy([champion])
    assert make().deploy([champion]).running


def test_a_server_of_another_home_on_the_port_is_not_taken_for_ours(
    make: Make, bundles: tuple[LocalBundles, list[str]], port: int, champion: Variant, tmp_path: Path
) -> None:
    other = make()
    theirs = other.deploy([champion])
    mine = LocalEndpoint(
        folder=tmp_path / "other", bundles=bundles[0], host="127.0.0.1", port=port, name="leadscore", boot_seconds=30
    )
    with pytest.raises(PermanentError, match=rf"port {port} "):
        mine.deploy([champion])
    assert mine.stop().running is False
    assert other.status() == theirs


def test_a_server_whose_note_was_lost_is_found_and_ended(make: Make, folder: StateFolder, champion: Variant) -> None:
    first = make().deploy([champion])
    folder.record_file.unlink()
    assert make().deploy([champion]).pid == first.pid
    assert make().start().pid == first.pid
    folder.record_file.unlink(missing_ok=True)
    assert make().stop().running is False
    until(lambda: not psutil.pid_exists(first.pid or 0))


def test_a_recycled_process_id_is_never_ended(make: Make, folder: StateFolder, champion: Variant) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        folder.prepare()
        folder.write_record(ServerRecord(stranger.pid, psutil.Process(stranger.pid).create_time() - 60, "127.0.0.1", 1))
        assert make().stop().running is False
        assert make().deploy([champion]).pid != stranger.pid
        assert stranger.poll() is None


def test_another_port_or_name_in_the_settings_moves_the_server(make: Make, port: int, champion: Variant) -> None:
    first = make().deploy([champion])
    renamed = make(name="other").start()
    assert renamed.pid != first.pid
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    moved = make(port=free).start()
    assert moved.address.endswith(f":{free}")
    assert score(moved)["model_version"] == 1
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_server_that_does_not_react_is_replaced(
    make: Make, champion: Variant, successor: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadscore_assets.backends.local.endpoint._SILENCE_SECONDS", 8.0)
    monkeypatch.setattr("leadscore_assets.backends.local.server_process._ASK_SECONDS", 0.5)
    first = make().deploy([champion])
    assert first.pid
    for process in [psutil.Process(first.pid), *psutil.Process(first.pid).children()]:
        process.suspend()
    told = make().status()
    assert (told.running, told.pid) == (False, first.pid)
    assert "does not answer" in str(told.error)
    second = make().deploy([successor])
    assert second.pid != first.pid
    assert second.variants == (successor,)


_DEPLOY = """
import sys
from pathlib import Path
from leadscore_assets.backends.local.endpoint import LocalEndpoint
from leadscore_assets.domain.facts import Variant
from leadscore_assets.backends.local.bundles import LocalBundles

folder, root, port, digest, version = sys.argv[1:]
place = {"host": "127.0.0.1", "port": int(port), "name": "leadscore"}
endpoint = LocalEndpoint(folder=Path(folder), bundles=LocalBundles(Path(root)), **place)
print("deploying", flush=True)
endpoint.deploy([Variant("champion", digest, int(version))])
print("deployed", flush=True)
"""


@pytest.mark.parametrize("milliseconds", [0, 40, 150, 300, 600, 1200])
def test_a_caller_killed_at_any_instant_and_run_again_converges(
    make: Make,
    folder: StateFolder,
    bundles: tuple[LocalBundles, list[str]],
    port: int,
    champion: Variant,
    milliseconds: int,
) -> None:
    program = [
        sys.executable,
        "-c",
        _DEPLOY,
        str(folder.path),
        str(bundles[0].path(champion.digest).parent),
        str(port),
        champion.digest,
        "1",
    ]
    with subprocess.Popen(program, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as caller:
        assert caller.stdout
        assert caller.stdout.readline() == b"deploying\n"
        try:
            caller.wait(milliseconds / 1000)
        except subprocess.TimeoutExpired:
            caller.kill()
    status = make().deploy([champion])
    assert (status.running, status.generation, status.variants) == (True, 1, (champion,))
    assert score(status)["model_version"] == 1
    ours = [
        process
        for process in psutil.process_iter(["cmdline"])
        if {str(folder.path), "--detach"} <= set(process.info["cmdline"] or [])
    ]
    assert [process.pid for process in ours] == [status.pid]


def test_deployments_at_once_are_done_one_after_the_other(make: Make, champion: Variant, successor: Variant) -> None:
    wanted = [champion, successor, champion, successor]
    found: list[EndpointStatus] = []
    threads = [
        threading.Thread(target=lambda item=item: found.append(make().deploy([item])))  # type: ignore[misc]
        for item in wanted
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len({status.pid for status in found}) == 1
    latest = max(found, key=lambda status: status.generation)
    assert make().status().variants == latest.variants


@pytest.mark.parametrize(
    "variants",
    [
        [],
        [Variant("a", "0" * 64, 1), Variant("a", "1" * 64, 2)],
        [Variant("a", "0" * 64, 1, weight=0.0)],
        [Variant("a", "0" * 64, 1, weight=-1.0), Variant("b", "0" * 64, 1)],
    ],
)
def test_variants_without_sense_are_refused(make: Make, variants: list[Variant]) -> None:
    with pytest.raises(InvalidInput):
        make().deploy(variants)


def test_an_unknown_bundle_is_missing_and_nothing_is_written(make: Make, folder: StateFolder) -> None:
    with pytest.raises(Missing):
        make().deploy([Variant("champion", "0" * 64, 1)])
    assert folder.signature() is None


def test_a_home_without_write_permission_is_one_clear_message(
    bundles: tuple[LocalBundles, list[str]], port: int, champion: Variant, tmp_path: Path
) -> None:
    (tmp_path / "home").write_text("a file where the home should be")
    endpoint = LocalEndpoint(
        folder=tmp_path / "home" / "endpoint", bundles=bundles[0], host="127.0.0.1", port=port, name="leadscore"
    )
    with pytest.raises(PermanentError, match="cannot be made"):
        endpoint.deploy([champion])


def test_a_host_that_is_not_loopback_is_refused(bundles: tuple[LocalBundles, list[str]], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not loopback"):
        LocalEndpoint(folder=tmp_path, bundles=bundles[0], host="0.0.0.0", port=1, name="leadscore")
