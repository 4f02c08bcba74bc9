"""What AWS documents of transform jobs, and its service model does not say."""

import re
from typing import Any

from leadscore_assets_tests.aws.strict import rule

_MOST_MEGABYTES = 100


@rule("CreateTransformJob")
def payloads_in_hand_are_bounded(request: dict[str, Any]) -> str | None:
    size, at_once = request.get("MaxPayloadInMB", 6), request.get("MaxConcurrentTransforms", 1)
    if size * max(at_once, 1) > _MOST_MEGABYTES:
        return f"MaxPayloadInMB x MaxConcurrentTransforms = {size * at_once} is above {_MOST_MEGABYTES}"
    return None


@rule("CreateTransformJob")
def records_are_put_together_only_where_they_are_split(request: dict[str, Any]) -> str | None:
    split = request["TransformInput"].get("SplitType", "None")
    return "BatchStrategy needs a SplitType" if request.get("BatchStrategy") and split == "None" else None


@rule("CreateTransformJob")
def answers_are_assembled_as_records_were_split(request: dict[str, Any]) -> str | None:
    split = request["TransformInput"].get("SplitType", "None")
    assembled = request["TransformOutput"].get("AssembleWith", "None")
    return f"SplitType {split} needs AssembleWith Line" if split == "Line" and assembled != "Line" else None


@rule("CreateTransformJob")
def a_machine_with_disks_of_its_own_takes_no_key(request: dict[str, Any]) -> str | None:
    resources = request["TransformResources"]
    own = re.match(r"ml\.[a-z]+\d+[a-z]*d[a-z]*\.", resources["InstanceType"])
    return "VolumeKmsKeyId is refused for local disks" if own and resources.get("VolumeKmsKeyId") else None
