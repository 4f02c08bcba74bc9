"""Which IAM action a call needs: botocore's own name of the operation below the service's prefix, and the exceptions.

The exceptions are AWS's: rights that carry another name than their operation, calls that need no right, and calls that
need more than their own.
"""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import botocore.session

from leadscore_assets_tests.deploy.aws_calls import Call

_PREFIXES = {"monitoring": "cloudwatch"}
NAMED_OTHERWISE: dict[tuple[str, str], set[str]] = {
    ("s3", "abort_multipart_upload"): {"s3:AbortMultipartUpload"},
    ("s3", "complete_multipart_upload"): {"s3:PutObject"},
    ("s3", "copy_object"): {"s3:GetObject", "s3:PutObject"},
    ("s3", "create_multipart_upload"): {"s3:PutObject"},
    ("s3", "delete_objects"): {"s3:DeleteObject"},
    ("s3", "download_file"): {"s3:GetObject"},
    ("s3", "download_fileobj"): {"s3:GetObject"},
    ("s3", "get_bucket_encryption"): {"s3:GetEncryptionConfiguration"},
    ("s3", "get_public_access_block"): {"s3:GetBucketPublicAccessBlock"},
    ("s3", "head_bucket"): {"s3:ListBucket"},
    ("s3", "head_object"): {"s3:GetObject"},
    ("s3", "list_objects_v2"): {"s3:ListBucket"},
    ("s3", "list_object_versions"): {"s3:ListBucketVersions"},
    ("s3", "upload_file"): {"s3:PutObject", "s3:AbortMultipartUpload"},
    ("s3", "upload_fileobj"): {"s3:PutObject", "s3:AbortMultipartUpload"},
    ("s3", "upload_part"): {"s3:PutObject"},
    ("sts", "get_caller_identity"): set(),
}
_ITS_ALARMS = {"cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"}
ALSO_NEEDED: dict[tuple[str, str], set[str]] = {
    # The role that SageMaker takes on is passed by whoever asks.
    ("sagemaker", "create_model"): {"iam:PassRole"},
    ("sagemaker", "create_training_job"): {"iam:PassRole"},
    # Application Auto Scaling looks at the endpoint and keeps its alarms in the caller's name, and makes a role once.
    ("application-autoscaling", "register_scalable_target"): {
        "iam:CreateServiceLinkedRole",
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeEndpointConfig",
        "sagemaker:UpdateEndpointWeightsAndCapacities",
    },
    ("application-autoscaling", "put_scaling_policy"): _ITS_ALARMS,
    ("application-autoscaling", "deregister_scalable_target"): _ITS_ALARMS,
}
_session = botocore.session.get_session()


def actions_of(call: Call) -> set[str]:
    """Return every IAM action that a call needs; raise KeyError for an operation that the service does not have."""
    key = (call.service, call.operation)
    own = NAMED_OTHERWISE[key] if key in NAMED_OTHERWISE else {_own(call)}
    return own | ALSO_NEEDED.get(key, set()) | ({"sagemaker:AddTags"} if _takes_tags(call) else set())


def resource_patterns(action: str) -> list[str]:
    """Return an expression for every kind of ARN that AWS narrows an action to; none where it knows no resource."""
    service, _, name = action.lower().partition(":")
    known = _policies()[service]
    kinds = {key.lower(): item for key, item in known["Resources"].items()}
    found = [kinds[kind.lower()] for kind in known["Actions"][name].get("Resources", ())]
    return [re.sub(r"\$\{\w+\}", "[^:]*", arn) for item in found for arn in item["ARNFormats"]]


@cache
def _policies() -> dict[str, Any]:
    """Read AWS's list of actions and their resources, as cfn-lint carries it."""
    found: dict[str, Any] = json.loads(files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text())
    return found


def _own(call: Call) -> str:
    model = _session.get_service_model(call.service)
    prefix = model.metadata.get("signingName", model.metadata["endpointPrefix"])
    return f"{_PREFIXES.get(prefix, prefix)}:{_api_name(call)}"


def _api_name(call: Call) -> str:
    names = _session.get_service_model(call.service).operation_names
    return {botocore.xform_name(name): name for name in names}[call.operation]


def _takes_tags(call: Call) -> bool:
    """SageMaker asks for a right of its own when something is made with tags."""
    if call.service != "sagemaker" or not call.operation.startswith("create_"):
        return False
    return "Tags" in _session.get_service_model("sagemaker").operation_model(_api_name(call)).input_shape.members
