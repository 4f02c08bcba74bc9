"""Requests of batch scoring on SageMaker, as pure functions: the model that scores, and the transform job that asks it.

Names come from content, so that what was made before is found again and never paid for twice.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.facts import Package
from leadscore_assets.serving.container import REASONS, VARIANT, VERSION

CONTENT_TYPE = "application/jsonlines"
# One megabyte holds fewer leads than the container takes at once, however small they are.
_MEGABYTES = 1
_AT_ONCE = 4
_ANSWER_SECONDS = 600
_RETRIES = 3
_OWN_DISK = re.compile(r"ml\.[a-z]+\d+[a-z]*d[a-z]*\.")


class Place(Protocol):
    """Where jobs run: the role, the serving image, encryption, network and tags."""

    @property
    def role(self) -> str:
        """ARN of the role that the container runs as."""
        ...

    @property
    def image(self) -> str:
        """The serving image in the account's registry."""
        ...

    @property
    def kms_key(self) -> str | None:
        """The key that encrypts what is written."""
        ...

    @property
    def subnets(self) -> Sequence[str]:
        """The private network, none for the service's own."""
        ...

    @property
    def groups(self) -> Sequence[str]:
        """Security groups in that network."""
        ...

    @property
    def tags(self) -> Mapping[str, str]:
        """What everything is tagged with."""
        ...


def model_request(package: Package, url: str, *, reasons: int, place: Place, isolated: bool) -> dict[str, Any]:
    """Return a create_model request for a batch with the bundle at `url`; the same content has the same name."""
    network = {"VpcConfig": {"Subnets": [*place.subnets], "SecurityGroupIds": [*place.groups]}} if place.subnets else {}
    environment = {VARIANT: "batch", VERSION: f"{package.version}", REASONS: f"{reasons}"}
    content: dict[str, Any] = {
        "PrimaryContainer": {"Image": place.image, "ModelDataUrl": url, "Environment": environment},
        "ExecutionRoleArn": place.role,
        "EnableNetworkIsolation": isolated,
        **network,
    }
    name = f"leadscore-batch-v{package.version}-{digest_of([package.digest, content])[:12]}"
    return {"ModelName": name, **content, **_tagged(place)}


def job_name(model: str, instance: str, leads: str, attempt: int) -> str:
    """Return the name of the job that asks a model of some leads, by the digest of their lines."""
    return f"leadscore-batch-{digest_of([model, instance, leads])[:20]}-{attempt}"


def job_request(name: str, model: str, *, source: str, target: str, place: Place, instance: str) -> dict[str, Any]:
    """Return a create_transform_job request for lines below the address `source`, answered below `target`."""
    sealed = {"KmsKeyId": place.kms_key} if place.kms_key else {}
    # A machine with disks of its own has them encrypted already, and takes no key for them.
    disk = {"VolumeKmsKeyId": place.kms_key} if place.kms_key and not _OWN_DISK.match(instance) else {}
    return {
        "TransformJobName": name,
        "ModelName": model,
        "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": _MEGABYTES,
        "MaxConcurrentTransforms": _AT_ONCE,
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": _ANSWER_SECONDS, "InvocationsMaxRetries": _RETRIES},
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source}},
            "ContentType": CONTENT_TYPE,
            "CompressionType": "None",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": target, "Accept": CONTENT_TYPE, "AssembleWith": "Line", **sealed},
        "TransformResources": {"InstanceType": instance, "InstanceCount": 1, **disk},
        **_tagged(place),
    }


def _tagged(place: Place) -> dict[str, Any]:
    tags = [{"Key": key, "Value": value} for key, value in sorted(place.tags.items())]
    return {"Tags": tags} if tags else {}
