"""SageMaker's training jobs, emulated from its documents: a state machine that really runs the job's own program.

Every host is a child process with the files of a container below LEADSCORE_ML_ROOT; channels come from S3 over HTTP and
the model goes back there. Not emulated: the image, the network and its isolation, IAM, and AWS's own timing.
"""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from flask import request
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ValidationError
from moto.sagemaker.responses import SageMakerResponse
from werkzeug.exceptions import HTTPException

from leadscore_assets_tests.aws.emulated_hosts import Hosts
from leadscore_assets_tests.aws.emulator import Emulator

REGION, ACCOUNT = "us-east-1", "123456789012"
_SPOT_SHARE = 0.4
_CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance"
)


class Answered(HTTPException):
    """An error of AWS by its code, also one that the service's model does not list, as every service may throttle."""

    code = 400

    def __init__(self, error: str, message: str) -> None:
        super().__init__(json.dumps({"__type": error, "message": message}))

    def get_headers(self, *_: Any, **__: Any) -> list[tuple[str, str]]:
        return [("Content-Type", "application/x-amz-json-1.1")]


@dataclass
class Faults:
    """What goes wrong next, each so many times. `pace` is how many of AWS's seconds pass in one of ours."""

    throttled: int = 0
    lost_connections: int = 0
    no_capacity: int = 0
    no_spot: int = 0
    interrupted: int = 0
    limit: int = 20
    pace: float = 1.0

    def take(self, name: str) -> bool:
        """Tell whether a fault strikes now, and count it."""
        left = getattr(self, name)
        setattr(self, name, max(left - 1, 0))
        return left > 0


@dataclass
class Training:
    """The jobs of the account and the faults that a test has planned."""

    emulator: Emulator
    jobs: dict[str, "Job"] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)

    def running(self) -> list[str]:
        """Return the jobs that are still being billed."""
        return [name for name, job in self.jobs.items() if job.status in ("InProgress", "Stopping")]

    def reset(self) -> None:
        """End every job and forget it."""
        for job in self.jobs.values():
            job.stop()
        for job in self.jobs.values():
            job.thread.join(30)
        self.jobs.clear()
        self.faults = Faults()

    def create(self, asked: dict[str, Any]) -> "Job":
        """Start a job as CreateTrainingJob does."""
        name = asked["TrainingJobName"]
        if name in self.jobs:
            raise ResourceInUseException(f"Training job names must be unique within an AWS account and region: {name}")
        if len(self.running()) >= self.faults.limit:
            raise Answered("ResourceLimitExceeded", f"The account-level limit is {self.faults.limit} instances")
        self.jobs[name] = Job(self, asked)
        self.jobs[name].thread.start()
        return self.jobs[name]

    def find(self, name: str) -> "Job":
        """Return a job, or answer as AWS does for one that it does not know."""
        if name not in self.jobs:
            raise ValidationError("Requested resource not found.")
        return self.jobs[name]


class Job:
    """One training job and its life, on a thread of its own."""

    def __init__(self, training: Training, asked: dict[str, Any]) -> None:
        self.asked, self._training = asked, training
        self.name = asked["TrainingJobName"]
        self.status, self.secondary, self.failure = "InProgress", "Starting", ""
        self.hosts = Hosts(training.emulator, asked)
        self.thread = threading.Thread(target=self._live, daemon=True)
        self._created = self._began = self._ended = _now()
        self._seconds = 0.0
        self._changes: list[dict[str, Any]] = []
        self._asked_to_stop = threading.Event()
        self._tell("Starting", "Launching requested ML instances")

    def stop(self) -> None:
        """Stop as StopTrainingJob does: SIGTERM, some time, and what is there is uploaded."""
        if self.status == "InProgress":
            self.status = "Stopping"
            self._tell("Stopping", "Stopping the training job")
            self._asked_to_stop.set()

    def described(self) -> dict[str, Any]:
        """Return what DescribeTrainingJob answers."""
        kept = {key: value for key, value in self.asked.items() if key not in ("Tags", "Environment")}
        over = self.status in ("Completed", "Stopped", "Failed")
        artefact = f"{self.asked['OutputDataConfig']['S3OutputPath']}/{self.name}/output/model.tar.gz"
        share = _SPOT_SHARE if self.asked.get("EnableManagedSpotTraining") else 1.0
        return {
            **kept,
            "TrainingJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{self.name}",
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.secondary,
            "SecondaryStatusTransitions": list(self._changes),
            "CreationTime": self._created,
            "LastModifiedTime": self._ended if over else _now(),
            **({"FailureReason": self.failure[:1024]} if self.failure else {}),
            **({"ModelArtifacts": {"S3ModelArtifacts": artefact}} if self.status == "Completed" else {}),
            **(
                {
                    "TrainingStartTime": self._began,
                    "TrainingEndTime": self._ended,
                    "TrainingTimeInSeconds": max(round(self._seconds), 1),
                    "BillableTimeInSeconds": max(round(self._seconds * share), 1),
                    "FinalMetricDataList": self.hosts.metrics(),
                }
                if over and self._seconds
                else {}
            ),
        }

    def _live(self) -> None:
        faults = self._training.faults
        try:
            if faults.take("no_capacity"):
                self._end("Failed", "Failed", _CAPACITY)
            elif faults.take("no_spot") and self.asked.get("EnableManagedSpotTraining"):
                self._asked_to_stop.wait(self.asked["StoppingCondition"]["MaxWaitTimeInSeconds"] / faults.pace)
                self._end("Stopped", "Stopped" if self._asked_to_stop.is_set() else "MaxWaitTimeExceeded")
            else:
                self._train(faults)
        except (ClientError, OSError, ValueError) as error:
            self._end("Failed", "Failed", f"ClientError: {error}")
        finally:
            self.hosts.end()

    def _train(self, faults: Faults) -> None:
        self._tell("Downloading", "Downloading input data")
        self.hosts.prepare()
        self._began = _now()
        while True:
            self._tell("Training", "Training image download completed. Training in progress")
            ended = self.hosts.run(
                seconds=self.asked["StoppingCondition"]["MaxRuntimeInSeconds"] / faults.pace,
                stop=self._asked_to_stop,
                interrupt=lambda: bool(self.asked.get("EnableManagedSpotTraining") and faults.interrupted),
            )
            self._seconds = (_now() - self._began).total_seconds() * faults.pace
            if ended != "interrupted" or not faults.take("interrupted"):
                break
            self._tell("Interrupted", "Spot instance interrupted; the job goes on when there is another")
            self._tell("Starting", "Launching requested ML instances")
            self.hosts.prepare()
        self._finish(ended)

    def _finish(self, ended: str) -> None:
        if ended == "failed":
            self._end("Failed", "Failed", self.hosts.failure())
            return
        self._tell("Uploading", "Uploading generated training model")
        self.hosts.upload_model(self.name)
        if ended == "done":
            self._end("Completed", "Completed")
        else:
            self._end("Stopped", "MaxRuntimeExceeded" if ended == "too long" else "Stopped")

    def _end(self, status: str, secondary: str, failure: str = "") -> None:
        self.failure, self._ended = failure, _now()
        self._tell(secondary, failure)
        self.status = status

    def _tell(self, secondary: str, message: str) -> None:
        self.secondary = secondary
        if self._changes:
            self._changes[-1]["EndTime"] = _now()
        self._changes.append({"Status": secondary, "StartTime": _now(), "StatusMessage": message})


def install(emulator: Emulator) -> None:
    """Take the place of moto's training jobs, which are born completed."""
    training = Training(emulator)
    emulator.state["training"] = training
    emulator.on_reset.append(training.reset)

    def create(self: SageMakerResponse) -> ActionResult:
        return ActionResult({"TrainingJobArn": training.create(_asked()).described()["TrainingJobArn"]})

    def describe(self: SageMakerResponse) -> ActionResult:
        return ActionResult(training.find(_asked()["TrainingJobName"]).described())

    def stop(self: SageMakerResponse) -> ActionResult:
        job = training.find(_asked()["TrainingJobName"])
        if job.status not in ("InProgress", "Stopping"):
            raise ValidationError(f"The request was rejected because the training job is in status {job.status}.")
        job.stop()
        return EmptyResult()

    def listed(self: SageMakerResponse) -> ActionResult:
        wanted = _asked().get("StatusEquals")
        shown = ("TrainingJobName", "TrainingJobArn", "CreationTime", "TrainingJobStatus", "SecondaryStatus")
        found = [job.described() for job in training.jobs.values() if wanted in (None, job.status)]
        return ActionResult({"TrainingJobSummaries": [{name: item[name] for name in shown} for item in found]})

    actions = {"create": create, "describe": describe, "stop": stop}
    for verb, action in actions.items():
        setattr(SageMakerResponse, f"{verb}_training_job", _faulty(training, action))
    SageMakerResponse.list_training_jobs = _faulty(training, listed)


def _faulty(training: Training, action: Any) -> Any:
    def answered(self: SageMakerResponse) -> ActionResult:
        if training.faults.take("throttled"):
            raise Answered("ThrottlingException", "Rate exceeded")
        if training.faults.take("lost_connections"):
            request.environ["werkzeug.socket"].shutdown(2)
        return action(self)

    return answered


def _asked() -> dict[str, Any]:
    return json.loads(request.get_data())


def _now() -> datetime:
    return datetime.now(UTC)
