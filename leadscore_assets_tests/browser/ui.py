"""`leadscore ui` as a person starts it: a process of its own, asked over HTTP, ended with everything it started."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

Found = TypeVar("Found")

_RUNS = """query($filter: RunsFilter!) { runsOrError(filter: $filter) { ... on Runs { results {
  status startTime tags { key value } } } } }"""
_BACKFILLS = "{ partitionBackfillsOrError { ... on PartitionBackfills { results { id status } } } }"
_TICKS = """{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy lastHeartbeatErrors { message }
  } } } }"""
_SENSORS = """{ repositoryOrError(repositorySelector: {repositoryName: "__repository__",
  repositoryLocationName: "leadscore_assets"}) { ... on Repository {
  schedules { name scheduleState { status } futureTicks(limit: 1) { results { timestamp } } }
  sensors { name sensorState { status ticks(limit: 5) { status error { message } } } } } } }"""
_OVER = {"SUCCESS", "FAILURE", "CANCELED"}


@dataclass(frozen=True)
class Ui:
    """A running UI: its address and the file it logs to."""

    address: str
    log: Path

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask Dagster's GraphQL and return the data."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.address}/graphql", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = json.load(answer)
        assert "errors" not in content, content["errors"]
        return content["data"]

    def ended_runs(self, job: str, count: int) -> list[dict[str, Any]]:
        """Return a job's runs in the order they started, once there are so many and all of them are over."""
        found = self.ask(_RUNS, filter={"pipelineName": job})["runsOrError"]["results"]
        if len(found) < count or any(run["status"] not in _OVER for run in found):
            return []
        for run in found:
            run["tags"] = {tag["key"]: tag["value"] for tag in run["tags"]}
        return sorted(found, key=lambda run: run["startTime"])

    def backfills(self) -> dict[str, str]:
        """Return the status of every backfill."""
        return {item["id"]: item["status"] for item in self.ask(_BACKFILLS)["partitionBackfillsOrError"]["results"]}

    def daemons(self) -> dict[str, dict[str, Any]]:
        """Return how each daemon feels."""
        found = self.ask(_TICKS)["instance"]["daemonHealth"]["allDaemonStatuses"]
        return {item["daemonType"]: item for item in found if item["required"]}

    def automation(self) -> dict[str, Any]:
        """Return the schedules and sensors with their states."""
        return self.ask(_SENSORS)["repositoryOrError"]


@contextmanager
def running_ui(home: Path, port: int, log: Path) -> Iterator[Ui]:
    """Start the UI on a home, wait for it, and end its whole process group."""
    program = [Path(sys.executable).parent / "leadscore", "--home", home, "ui", "--port", f"{port}"]
    with log.open("wb") as out:
        process = subprocess.Popen(program, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    ui = Ui(f"http://127.0.0.1:{port}", log)
    try:
        wait_for(lambda: process.poll() is not None or _answers(ui), seconds=60)
        assert process.poll() is None, log.read_text()
        yield ui
    finally:
        _end(process)


def wait_for(ask: Callable[[], Found], *, seconds: float) -> Found:
    """Ask again and again until the answer is a true one, and return it; fail when the time is up."""
    end = time.monotonic() + seconds
    while True:
        found = ask()
        if found:
            return found
        assert time.monotonic() < end, f"nothing came within {seconds} seconds, the last answer was {found!r}"
        time.sleep(0.5)


def _answers(ui: Ui) -> bool:
    try:
        return bool(ui.ask("{ version }"))
    except (urllib.error.URLError, ConnectionError):
        return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for left in _group(process.pid):
        left.kill()
    psutil.wait_procs(_group(process.pid), timeout=10)


def _group(leader: int) -> list[psutil.Process]:
    found = []
    for item in psutil.process_iter():
        try:
            if os.getpgid(item.pid) == leader:
                found.append(item)
        except ProcessLookupError:
            continue
    return found
