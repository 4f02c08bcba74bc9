"""The hosts of one training job on this machine: a child process each, with the files SageMaker gives its container.

The first host leads: its lines are the job's, and the bundle is in its model folder. Whatever ends one ends all.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from leadscore_assets.backends.ports import TrainingJob

_GRACE_SECONDS = 20.0
_PIDS = "pids"


class TrainingHosts:
    """A job's processes below the folder of one attempt, `root/algo-1/` and so on, each laid out by `fill`.

    `fill` is given the folder of a host's input data and puts the rows there.
    """

    def __init__(self, job: TrainingJob, root: Path, fill: Callable[[Path], None]) -> None:
        self._job = job
        self._roots = {f"algo-{number}": root / f"algo-{number}" for number in range(1, job.hosts + 1)}
        self._record = root / _PIDS
        self._processes: dict[str, subprocess.Popen[str]] = {}
        for name, folder in self._roots.items():
            fill(folder / "input" / "data")
            self._lay_out(name, folder)

    @property
    def model(self) -> Path:
        """The folder of the bundle."""
        return self._roots["algo-1"] / "model"

    def run(self, on_line: Callable[[str], None]) -> list[str]:
        """Run to the end and return why it failed, one reason a host; none when it did not."""
        timer = threading.Timer(self._job.maximum_minutes * 60, self._terminate)
        timer.start()
        try:
            self._start()
            for line in self._processes["algo-1"].stdout or ():
                on_line(line.rstrip())
            codes = {name: process.wait() for name, process in self._processes.items()}
        finally:
            timer.cancel()
            self._stop()
        return [self._reason(name, code) for name, code in codes.items() if code]

    def _start(self) -> None:
        address = f"127.0.0.1:{_free_port()}"
        for name, root in self._roots.items():
            process = subprocess.Popen(
                [sys.executable, "-m", "leadscore_assets.jobs.train"],
                env=self._environment(root, address),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if name == "algo-1" else subprocess.DEVNULL,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            self._processes[name] = process
            with self._record.open("a") as file:
                file.write(f"{process.pid} {psutil.Process(process.pid).create_time()}\n")
            if len(self._roots) > 1:
                threading.Thread(target=self._end_with, args=(process,), daemon=True).start()

    def _end_with(self, process: subprocess.Popen[str]) -> None:
        """End every host when one fails: the others would wait for it."""
        if process.wait():
            self._terminate()

    def _terminate(self) -> None:
        for process in self._processes.values():
            if process.poll() is None:
                process.terminate()

    def _stop(self) -> None:
        for process in self._processes.values():
            if process.stdout:
                process.stdout.close()
        self._terminate()
        for process in self._processes.values():
            try:
                process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _lay_out(self, name: str, root: Path) -> None:
        documents = root / "input" / "data" / "documents"
        config = root / "input" / "config"
        for folder in (documents, config, root / "model", root / "output"):
            folder.mkdir(parents=True)
        for document, content in self._job.documents.items():
            _write(documents / f"{document}.json", content)
        _write(config / "hyperparameters.json", self._job.hyperparameters)
        channel = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
        _write(config / "inputdataconfig.json", dict.fromkeys(("train", "validation", "documents"), channel))
        _write(config / "resourceconfig.json", {"current_host": name, "hosts": sorted(self._roots)})

    def _environment(self, root: Path, address: str) -> dict[str, str]:
        given = {
            "LEADSCORE_ML_ROOT": str(root),
            "TRAINING_JOB_NAME": self._job.name,
            "TRAINING_JOB_ARN": f"arn:aws:sagemaker:local:000000000000:training-job/{self._job.name}",
            "PYTHONUNBUFFERED": "1",
        }
        if len(self._roots) > 1:
            # Hosts that share the processors must not spin while they wait for each other.
            given |= {"LEADSCORE_TEAM_ADDRESS": address, "OMP_WAIT_POLICY": "PASSIVE"}
        return {**os.environ, **given}

    def _reason(self, name: str, code: int) -> str:
        path = self._roots[name] / "output" / "failure"
        reason = path.read_text() if path.is_file() else f"the process ended with code {code}"
        return reason if len(self._roots) == 1 else f"{name}: {reason}"


def end_orphans(attempt: Path) -> None:
    """End the processes of an attempt whose parent was killed; they would go on using the machine for nothing."""
    for pid, created in _recorded(attempt / _PIDS):
        try:
            process = psutil.Process(pid)
            if abs(process.create_time() - created) < 1:
                process.send_signal(signal.SIGKILL)
                process.wait(_GRACE_SECONDS)
        except (OSError, psutil.Error):
            continue


def _recorded(path: Path) -> Iterator[tuple[int, float]]:
    for line in path.read_text().splitlines() if path.is_file() else ():
        pid, _, created = line.partition(" ")
        if pid.isdigit() and created:
            yield int(pid), float(created)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, sort_keys=True, default=str))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
