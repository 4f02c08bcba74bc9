"""A job's hosts as one team, over real sockets: what they make, and what becomes of the others when one is lost."""

import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from leadscore_assets.domain.errors import TransientError
from leadscore_assets.jobs.checkpoints import FolderCheckpoints
from leadscore_assets.jobs.team import HostTeam
from leadscore_assets_tests.home import free_port

_HOST = """
import os, sys, time
from leadscore_assets.domain.errors import TransientError
from leadscore_assets.jobs.team import HostTeam

team = HostTeam(int(sys.argv[1]), 2, ("127.0.0.1", int(sys.argv[2])), patience=30)
try:
    with team.together():
        for word in ("first", "", "third " * 1000):
            print(team.rank, len(team.share(word.encode() if team.rank == 0 else b"mine")), flush=True)
        if sys.argv[3] == "dies" and team.rank == 1:
            os._exit(9)
        team.share(b"the end")
except TransientError as error:
    print(error, flush=True)
    sys.exit(3)
"""


def run_two(kind: str, *, late: float = 0.0) -> list[tuple[int, str]]:
    port = free_port()
    processes = []
    for rank in (1, 0):
        command = [sys.executable, "-c", textwrap.dedent(_HOST), str(rank), str(port), kind]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True))
        time.sleep(late)
    told = [process.communicate(timeout=60)[0] for process in processes]
    return [(process.returncode, out) for process, out in zip(processes, told, strict=True)][::-1]


def test_every_host_is_given_the_leaders_words_even_when_it_is_early() -> None:
    (leader, said), (other, heard) = run_two("well", late=0.5)
    assert (leader, other) == (0, 0)
    # XGBoost itself tells of the hosts that joined.
    words = [[line for line in told.splitlines() if not line.startswith("[")] for told in (said, heard)]
    assert words == [["0 5", "0 0", "0 6000"], ["1 5", "1 0", "1 6000"]]


def test_a_host_that_dies_ends_the_others_with_a_reason() -> None:
    (leader, said), (other, _) = run_two("dies")
    assert other == 9
    assert leader == 3
    assert "host 1 of 2 lost the others while they fitted together" in said


def test_a_leader_that_does_not_come_is_waited_for_so_long_and_no_longer() -> None:
    team = HostTeam(1, 2, ("127.0.0.1", free_port()), patience=0.5)
    with pytest.raises(TransientError, match="first host was not there to be joined"), team.together():
        pytest.fail("nobody is there")


def test_a_name_that_does_not_resolve_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def resolve(name: str) -> str:
        asked.append(name)
        if len(asked) < 3:
            raise OSError("not yet")
        return "127.0.0.1"

    monkeypatch.setattr("socket.gethostbyname", resolve)
    team = HostTeam.of("algo-2", ["algo-2", "algo-1"], address=None, patience=5)
    assert team.address == ("algo-1", 9099)
    assert team._resolved(time.monotonic() + 5) == "127.0.0.1"
    assert asked == ["algo-1"] * 3
    asked.clear()
    with pytest.raises(TransientError, match="algo-1, does not resolve"):
        team._resolved(time.monotonic())


def test_ranks_follow_the_hosts_names() -> None:
    hosts = ["algo-3", "algo-1", "algo-2"]
    teams = [HostTeam.of(host, hosts, address="127.0.0.1:5", patience=1) for host in hosts]
    assert [(team.rank, team.size, team.address) for team in teams] == [
        (2, 3, ("127.0.0.1", 5)),
        (0, 3, ("127.0.0.1", 5)),
        (1, 3, ("127.0.0.1", 5)),
    ]


def test_a_checkpoint_is_whole_whoever_reads_it_meanwhile(tmp_path: Path) -> None:
    kept = FolderCheckpoints(tmp_path)
    assert kept.read("a" * 64) is None
    contents = [bytes([number]) * 200_000 for number in range(1, 30)]
    writer = threading.Thread(target=lambda: [kept.write("a" * 64, content) for content in contents])
    writer.start()
    seen = []
    while writer.is_alive():
        seen.append(kept.read("a" * 64))
    writer.join()
    assert {item for item in seen if item} <= set(contents)
    assert kept.read("a" * 64) == contents[-1]
    assert [path.name for path in tmp_path.iterdir()] == [f"boosting-{'a' * 32}.json"]
