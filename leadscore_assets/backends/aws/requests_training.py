"""The request that starts a training job: pure, so that it can be read and checked without AWS.

The job runs AWS's XGBoost image with our own entry point from the `code` channel; nothing is installed at its start, so
that it needs no network.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadscore_assets.backends.aws.instances import has_local_disk
from leadscore_assets.backends.ports import TrainingJob
from leadscore_assets.domain.resources_policy import ResourcesPolicy

ENTRY_POINT = ("python3", "/opt/ml/input/data/code/train.py")
CHECKPOINTS = "/opt/ml/checkpoints"
CHANNELS = ("train", "validation", "documents")
_LONGEST_SECONDS = 28 * 86_400
_NUMBER = r"([-+0-9.e]+)"
METRICS = {
    "boosting:validation": rf"round \d+/\d+ validation_\w+={_NUMBER}",
    "validation:rmse": rf"final_rmse={_NUMBER}",
    "validation:spearman": rf"final_spearman={_NUMBER}",
    "boosting:rounds": rf"final_rounds={_NUMBER}",
}


@dataclass(frozen=True)
class TrainingPlace:
    """Where training jobs keep their files and as what they run.

    `root` is the site's `s3://bucket/prefix`, `owner` the account that this bucket must belong to; `image` is the
    region's XGBoost image where none is named.
    """

    root: str
    role: str
    image: str | None = None
    kms_key: str | None = None
    owner: str | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


def channel_key(job: str, channel: str) -> str:
    """Return the key of a job's channel below the site's root, ending in a slash."""
    return f"training/{job}/channels/{channel}/"


def training_request(
    name: str, job: TrainingJob, *, code: str, image: str, place: TrainingPlace, resources: ResourcesPolicy
) -> dict[str, Any]:
    """Return the request of `create_training_job` for one attempt at a job; `code` is the address of its program."""
    base = f"{place.root}/training/{job.name}"
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": image,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": list(ENTRY_POINT),
            "MetricDefinitions": [{"Name": key, "Regex": regex} for key, regex in METRICS.items()],
            "EnableSageMakerMetricsTimeSeries": True,
        },
        "RoleArn": place.role,
        "HyperParameters": dict(job.hyperparameters),
        "Environment": {"PYTHONUNBUFFERED": "1"},
        "InputDataConfig": [
            *(_channel(item, f"{place.root}/{channel_key(job.name, item)}") for item in CHANNELS),
            _channel("code", code),
        ],
        "OutputDataConfig": {"S3OutputPath": f"{base}/output"} | _key("KmsKeyId", place.kms_key),
        "ResourceConfig": _machines(job, place, resources),
        "EnableNetworkIsolation": resources.isolated,
        "EnableInterContainerTrafficEncryption": job.hosts > 1,
        "Tags": _tags(job, place),
        **_bounds(job, f"{base}/checkpoints", resources),
        **_network(place),
    }


def _channel(name: str, address: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": address, "S3DataDistributionType": "FullyReplicated"}
    kind = {"ContentType": "application/x-parquet"} if name in ("train", "validation") else {}
    return {"ChannelName": name, "InputMode": "File", "DataSource": {"S3DataSource": source}, **kind}


def _machines(job: TrainingJob, place: TrainingPlace, resources: ResourcesPolicy) -> dict[str, Any]:
    key = None if has_local_disk(resources.training_instance) else place.kms_key
    return {
        "InstanceType": resources.training_instance,
        "InstanceCount": job.hosts,
        "VolumeSizeInGB": resources.training_volume_gb,
    } | _key("VolumeKmsKeyId", key)


def _bounds(job: TrainingJob, checkpoints: str, resources: ResourcesPolicy) -> dict[str, Any]:
    seconds = min(job.maximum_minutes * 60, _LONGEST_SECONDS)
    stopping = {"MaxRuntimeInSeconds": seconds}
    found: dict[str, Any] = {
        "StoppingCondition": stopping,
        "CheckpointConfig": {"S3Uri": f"{checkpoints}/", "LocalPath": CHECKPOINTS},
    }
    if resources.spot:
        stopping["MaxWaitTimeInSeconds"] = seconds + resources.spot_wait_minutes * 60
        found["EnableManagedSpotTraining"] = True
    if resources.training_retries:
        found["RetryStrategy"] = {"MaximumRetryAttempts": resources.training_retries}
    return found


def _network(place: TrainingPlace) -> dict[str, Any]:
    if not place.subnets:
        return {}
    return {"VpcConfig": {"Subnets": list(place.subnets), "SecurityGroupIds": list(place.security_groups)}}


def _tags(job: TrainingJob, place: TrainingPlace) -> list[dict[str, str]]:
    tags = {**place.tags, "leadscore:job": job.name, "leadscore:week": job.week.isoformat()}
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _key(name: str, key: str | None) -> dict[str, str]:
    return {name: key} if key else {}
