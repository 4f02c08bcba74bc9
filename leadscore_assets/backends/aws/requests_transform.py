"""Requests of batch scoring on SageMaker, as pure functions: the model that scores, and the transform job that asks it.

Names come from content, so that what was made before is found again and never paid for twice.
"""

from typing import Any

from leadscore_assets.backends.aws.place import Place
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.facts import Package
from leadscore_assets.serving.container import REASONS, VARIANT, VERSION

CONTENT_TYPE = "application/jsonlines"
# One megabyte holds fewer leads than the container takes at once, however small they are.
_MEGABYTES = 1
_AT_ONCE = 4
_ANSWER_SECONDS = 600
_RETRIES = 3


def model_request(package: Package, url: str, *, reasons: int, place: Place, isolated: bool) -> dict[str, Any]:
    """Return a create_model request for a batch with the bundle at `url`; the same content has the same name."""
    environment = {VARIANT: "batch", VERSION: f"{package.version}", REASONS: f"{reasons}"}
    content: dict[str, Any] = {
        "PrimaryContainer": {"Image": place.image, "ModelDataUrl": url, "Environment": environment},
        "ExecutionRoleArn": place.role,
        "EnableNetworkIsolation": isolated,
        **place.network,
    }
    name = f"leadscore-batch-v{package.version}-{digest_of([package.digest, content])[:12]}"
    return {"ModelName": name, **content, **place.tagged()}


def job_name(model: str, instance: str, leads: str, attempt: int) -> str:
    """Return the name of the job that asks a model of some leads, by the digest of their lines."""
    return f"leadscore-batch-{digest_of([model, instance, leads])[:20]}-{attempt}"


def job_request(name: str, model: str, *, source: str, target: str, place: Place, instance: str) -> dict[str, Any]:
    """Return a create_transform_job request for lines below the address `source`, answered below `target`."""
    disk = place.disk_key("VolumeKmsKeyId", instance)
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
        "TransformOutput": {
            "S3OutputPath": target,
            "Accept": CONTENT_TYPE,
            "AssembleWith": "Line",
            **place.key("KmsKeyId"),
        },
        "TransformResources": {"InstanceType": instance, "InstanceCount": 1, **disk},
        **place.tagged(),
    }
