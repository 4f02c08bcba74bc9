"""The hosts of an emulated training job: child processes that see what a SageMaker container sees."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import boto3

from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.home import free_port

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_ROOT = "/opt/ml"
_GRACE_SECONDS = 10.0
_LOOK_SECONDS = 0.02


class Hosts:
    """One child process a host, laid out, run, logged and ended."""

    def __init__(self, emulator: Emulator, asked: dict[str, Any]) -> None:
        self._asked = asked
        self._place = emulator.folder / "training" / asked["TrainingJobName"]
        count = asked["ResourceConfig"]["InstanceCount"]
        self._roots = {f"algo-{number}": self._place / f"algo-{number}" for number in range(1, count + 1)}
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._lines: list[str] = []
        self._client = lambda service: _client(service, emulator.url)

    def prepare(self) -> None:
        """Give every host fresh machines: configuration, channels and the checkpoints that there are."""
        for name, root in self._roots.items():
            shutil.rmtree(root, ignore_errors=True)
            for folder in ("input/config", "model", "output/data", "checkpoints"):
                (root / folder).mkdir(parents=True)
            for channel in self._asked["InputDataConfig"]:
                self._download_channel(channel, name)
            self._configure(name, root)
            if "CheckpointConfig" in self._asked:
                for key, content in self._objects(self._asked["CheckpointConfig"]["S3Uri"]):
                    (root / "checkpoints" / key).write_bytes(content)

    def run(self, *, seconds: float, stop: threading.Event, interrupt: Callable[[], bool]) -> str:
        """Run to the end: done, failed, stopped, too long, or interrupted once there is a checkpoint."""
        self._start()
        readers = [threading.Thread(target=self._read, args=item, daemon=True) for item in self._processes.items()]
        for reader in readers:
            reader.start()
        ended = self._watched(time.monotonic() + seconds, stop, interrupt)
        self.end(signal.SIGKILL if ended == "interrupted" else signal.SIGTERM)
        for reader in readers:
            reader.join()
        self._keep_checkpoints()
        return ended

    def end(self, how: int = signal.SIGTERM) -> None:
        """End what runs, as SageMaker does: a signal, some time, and then by force."""
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(how)
        for process in self._processes.values():
            try:
                process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def failure(self) -> str:
        """Return the reason of the first host that failed by itself, in AWS's words."""
        codes = {name: process.returncode for name, process in self._processes.items()}
        name = next((name for name, code in codes.items() if code > 0 and code != 143), next(iter(codes)))
        path = self._roots[name] / "output" / "failure"
        told = path.read_text()[:900] if path.is_file() else ""
        return f"AlgorithmError: {told}, exit code: {codes[name]}"

    def metrics(self) -> list[dict[str, Any]]:
        """Return each metric's last value by its regular expression."""
        found = []
        for definition in self._asked["AlgorithmSpecification"].get("MetricDefinitions", []):
            matches = [match for line in self._lines for match in re.findall(definition["Regex"], line)]
            if matches:
                found.append({"MetricName": definition["Name"], "Value": float(matches[-1]), "Timestamp": time.time()})
        return found

    def upload_model(self, name: str) -> None:
        """Put what all hosts left as their model into one archive in S3; two files of one name do not go together."""
        content, names = io.BytesIO(), set()
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            for path in (path for root in self._roots.values() for path in sorted((root / "model").iterdir())):
                if path.name in names:
                    raise ValueError(f"two hosts left a {path.name}")
                names.add(path.name)
                archive.add(path, path.name)
        bucket, key = _split(f"{self._asked['OutputDataConfig']['S3OutputPath']}/{name}/output/model.tar.gz")
        self._client("s3").put_object(Bucket=bucket, Key=key, Body=content.getvalue())

    def _watched(self, end: float, stop: threading.Event, interrupt: Callable[[], bool]) -> str:
        while True:
            codes = [process.poll() for process in self._processes.values()]
            if all(code == 0 for code in codes):
                return "done"
            if any(codes):
                return "failed"
            if stop.wait(_LOOK_SECONDS):
                return "stopped"
            if time.monotonic() > end:
                return "too long"
            if interrupt() and list((self._roots["algo-1"] / "checkpoints").glob("*.json")):
                return "interrupted"

    def _start(self) -> None:
        address = f"127.0.0.1:{free_port()}"
        entry = self._asked["AlgorithmSpecification"]["ContainerEntrypoint"]
        for name, root in self._roots.items():
            command = [sys.executable if part == "python3" else part.replace(_ROOT, str(root)) for part in entry]
            given = {
                "PATH": os.environ["PATH"],
                "LEADSCORE_ML_ROOT": str(root),
                "LEADSCORE_TEAM_ADDRESS": address,
                "OMP_WAIT_POLICY": "PASSIVE",
                "TRAINING_JOB_NAME": self._asked["TrainingJobName"],
                **self._asked.get("Environment", {}),
            }
            self._processes[name] = subprocess.Popen(
                command,
                env=given,
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def _read(self, name: str, process: "subprocess.Popen[str]") -> None:
        logs, stream = self._client("logs"), f"{self._asked['TrainingJobName']}/{name}-{time.time_ns()}"
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=LOG_GROUP)
        logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
        assert process.stdout
        with process.stdout:
            for line in process.stdout:
                self._lines.append(line)
                event = {"timestamp": time.time_ns() // 1_000_000, "message": line.rstrip() or " "}
                logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=[event])

    def _download_channel(self, channel: dict[str, Any], host: str) -> None:
        source = channel["DataSource"]["S3DataSource"]
        found = self._objects(source["S3Uri"])
        if not found:
            raise ValueError(f"Data download failed: no S3 objects found under {source['S3Uri']}")
        if source.get("S3DataDistributionType") == "ShardedByS3Key":
            names = sorted(self._roots)
            found = found[names.index(host) :: len(names)]
        folder = self._roots[host] / "input" / "data" / channel["ChannelName"]
        folder.mkdir(parents=True)
        for key, content in found:
            (folder / key).parent.mkdir(parents=True, exist_ok=True)
            (folder / key).write_bytes(content)

    def _configure(self, name: str, root: Path) -> None:
        channels = {item["ChannelName"]: {"TrainingInputMode": "File"} for item in self._asked["InputDataConfig"]}
        content = {
            "hyperparameters": self._asked.get("HyperParameters", {}),
            "inputdataconfig": channels,
            "resourceconfig": {"current_host": name, "hosts": sorted(self._roots), "network_interface_name": "eth0"},
        }
        for file, value in content.items():
            (root / "input" / "config" / f"{file}.json").write_text(json.dumps(value))

    def _keep_checkpoints(self) -> None:
        for root in self._roots.values() if "CheckpointConfig" in self._asked else ():
            bucket, prefix = _split(self._asked["CheckpointConfig"]["S3Uri"])
            for path in (root / "checkpoints").glob("*.json"):
                self._client("s3").put_object(Bucket=bucket, Key=f"{prefix}{path.name}", Body=path.read_bytes())

    def _objects(self, address: str) -> list[tuple[str, bytes]]:
        s3, (bucket, prefix) = self._client("s3"), _split(address)
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return [(key.removeprefix(prefix), s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]


@cache
def _client(service: str, url: str) -> Any:
    """Return a client of the emulator itself; a new one costs more than all that it is asked."""
    keys = {"aws_access_key_id": "emulator", "aws_secret_access_key": "emulator-secret"}
    return boto3.Session().client(service, endpoint_url=url, region_name="us-east-1", **keys)


def _split(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key
