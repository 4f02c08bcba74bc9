"""Transform jobs that really run: the container's program as a process, lines from S3, answers to S3 as AWS lays them.

Names are never given twice, a job's states are the documented ones, and faults come on demand (`faults`). An emulator
written from AWS's documents.
"""

import json
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import AWSValidationException, ResourceInUseException, ValidationError
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.serving.containers import RunningContainer, container

ACCOUNT = "123456789012"
HANGS = "hangs"
_NOT_READY = "ClientError: The primary container did not pass the ping health check. Please check CloudWatch logs."
_WAIT_SECONDS = 60


@dataclass
class Job:
    """One job: its request, how it stands, what it runs."""

    request: dict[str, Any]
    region: str
    fault: str | None
    status: str = "InProgress"
    reason: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    @property
    def ended(self) -> bool:
        return self.status in ("Completed", "Failed", "Stopped")


@dataclass
class Machine:
    """All jobs; `faults` are taken by the jobs to come: HANGS, or a failure's reason.

    `batch_bytes` is below what a request asks for, as AWS may send less at once.
    """

    emulator: Emulator
    jobs: dict[str, Job] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    batch_bytes: int = 1 << 20
    created: list[str] = field(default_factory=list)

    def running(self) -> list[str]:
        """Names of the jobs that cost money now."""
        return [name for name, job in self.jobs.items() if not job.ended]

    def reset(self) -> None:
        """Stop every job and forget it."""
        for job in self.jobs.values():
            job.stopping.set()
        for job in self.jobs.values():
            if job.thread:
                job.thread.join()
        self.jobs.clear()
        self.faults.clear()
        self.created.clear()
        self.batch_bytes = 1 << 20

    def start(self, name: str, job: Job) -> None:
        """Begin a job."""
        self.jobs[name] = job
        self.created.append(name)
        job.thread = threading.Thread(target=self._run, args=(job,), daemon=True)
        job.thread.start()

    def _run(self, job: Job) -> None:
        try:
            job.reason = self._failure(job)
        except Exception as error:  # noqa: BLE001 - the thread's entry point: a job that breaks is a failed job
            job.reason = f"InternalServerError: {error!r}"
        job.status = "Stopped" if job.stopping.is_set() else "Failed" if job.reason else "Completed"

    def _failure(self, job: Job) -> str:
        if job.fault == HANGS:
            job.stopping.wait(_WAIT_SECONDS)
            return ""
        if job.fault:
            return job.fault
        with tempfile.TemporaryDirectory(dir=self.emulator.folder) as place:
            root, environment = self._model(job, Path(place))
            with container(root, environment | job.request.get("Environment", {})) as running, self._s3() as s3:
                return self._transform(job, running, s3) if _ready(running, job) else _NOT_READY

    def _model(self, job: Job, root: Path) -> tuple[Path, dict[str, str]]:
        described = sagemaker_backends[ACCOUNT][job.region].describe_model(job.request["ModelName"])
        bucket, _, key = described.primary_container["ModelDataUrl"].removeprefix("s3://").partition("/")
        archive = root / "model.tar.gz"
        with self._s3() as s3:
            archive.write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        with tarfile.open(archive) as tar:
            tar.extractall(root / "model", filter="data")
        return root, dict(described.primary_container.get("Environment", {}))

    def _transform(self, job: Job, running: RunningContainer, s3: Any) -> str:
        source, target = job.request["TransformInput"], job.request["TransformOutput"]
        bucket, _, prefix = source["DataSource"]["S3DataSource"]["S3Uri"].removeprefix("s3://").partition("/")
        there, _, folder = target["S3OutputPath"].removeprefix("s3://").partition("/")
        headers = {"content-type": source["ContentType"], "accept": target["Accept"]}
        for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
            content = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            answers = []
            for batch in self._batches(content):
                if job.stopping.is_set():
                    return ""
                status, answer = running.ask("/invocations", batch, headers)
                if status != 200:
                    return f"ClientError: Bad HTTP status received from the container: {status}. See job logs."
                answers.append(answer + b"\n")
            name = item["Key"].removeprefix(prefix)
            s3.put_object(Bucket=there, Key=f"{folder.rstrip('/')}/{name}.out", Body=b"".join(answers))
        return ""

    def _batches(self, content: bytes) -> Iterator[bytes]:
        """Put whole lines together up to the size that is sent at once."""
        batch = b""
        for line in content.splitlines(keepends=True):
            if batch and len(batch) + len(line) > self.batch_bytes:
                yield batch
                batch = b""
            batch += line
        yield batch

    @contextmanager
    def _s3(self) -> Iterator[Any]:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing-secret"}
        client = boto3.client("s3", endpoint_url=self.emulator.url, region_name="us-east-1", **keys)
        try:
            yield client
        finally:
            client.close()


_machines: list[Machine] = []


def install(emulator: Emulator) -> None:
    """Put jobs that run in the place of moto's, which are born completed."""
    machine = Machine(emulator)
    _machines[:] = [machine]
    emulator.state["transform"] = machine
    emulator.on_reset.append(machine.reset)
    for function in (create_transform_job, describe_transform_job, stop_transform_job):
        setattr(SageMakerResponse, function.__name__, function)


def machine_of(emulator: Emulator) -> Machine:
    """Return the jobs of a server."""
    found: Machine = emulator.state["transform"]
    return found


def create_transform_job(self: SageMakerResponse) -> ActionResult:
    request, machine = json.loads(self.body), _machines[0]
    name = request["TransformJobName"]
    if name in machine.jobs:
        raise ResourceInUseException("Job name must be unique within an AWS account and region.")
    self.sagemaker_backend.describe_model(request["ModelName"])
    fault = machine.faults.pop(0) if machine.faults else None
    machine.start(name, Job(request, self.region, fault))
    return ActionResult({"TransformJobArn": _arn(self.region, name)})


def describe_transform_job(self: SageMakerResponse) -> ActionResult:
    name = self._get_param("TransformJobName")
    job = _found(name)
    reason = {"FailureReason": job.reason} if job.status == "Failed" else {}
    stated = {"TransformJobArn": _arn(job.region, name), "TransformJobStatus": job.status, "CreationTime": time.time()}
    return ActionResult({**job.request, **stated, **reason})


def stop_transform_job(self: SageMakerResponse) -> EmptyResult:
    job = _found(self._get_param("TransformJobName"))
    if job.ended:
        raise AWSValidationException(f"The request was rejected because the transform job is in status {job.status}.")
    job.status = "Stopping"
    job.stopping.set()
    return EmptyResult()


def _found(name: str) -> Job:
    job = _machines[0].jobs.get(name)
    if job is None:
        raise ValidationError(message=f"Could not find requested job with name: {name}")
    return job


def _ready(running: RunningContainer, job: Job) -> bool:
    return not job.stopping.is_set() and running.ready(seconds=_WAIT_SECONDS)


def _arn(region: str, name: str) -> str:
    return f"arn:aws:sagemaker:{region}:{ACCOUNT}:transform-job/{name}"
