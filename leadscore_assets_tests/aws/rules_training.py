"""AWS's documented rules between the fields of CreateTrainingJob, which its published model does not hold."""

from typing import Any

from leadscore_assets_tests.aws.strict import rule

_LONGEST = 28 * 86_400


@rule("CreateTrainingJob")
def a_job_is_of_one_image_or_one_algorithm(asked: dict[str, Any]) -> str | None:
    given = asked["AlgorithmSpecification"]
    return (
        None if ("TrainingImage" in given) != ("AlgorithmName" in given) else "TrainingImage or AlgorithmName, not both"
    )


@rule("CreateTrainingJob")
def waiting_for_spot_is_for_spot_alone_and_as_long_as_the_job(asked: dict[str, Any]) -> str | None:
    stopping, spot = asked.get("StoppingCondition", {}), asked.get("EnableManagedSpotTraining")
    runtime, wait = stopping.get("MaxRuntimeInSeconds", 86_400), stopping.get("MaxWaitTimeInSeconds")
    if runtime > _LONGEST:
        return f"MaxRuntimeInSeconds {runtime} is more than 28 days"
    if bool(spot) != (wait is not None):
        return "MaxWaitTimeInSeconds and EnableManagedSpotTraining go together"
    return (
        f"MaxWaitTimeInSeconds {wait} is less than MaxRuntimeInSeconds {runtime}" if wait and wait < runtime else None
    )


@rule("CreateTrainingJob")
def channels_have_one_name_each_and_their_prefix_ends_in_a_slash(asked: dict[str, Any]) -> str | None:
    channels = asked.get("InputDataConfig", [])
    names = [item["ChannelName"] for item in channels]
    if len(set(names)) < len(names):
        return f"channels {', '.join(names)} are not all different"
    sources = [item["DataSource"].get("S3DataSource", {}) for item in channels]
    open_ended = [s["S3Uri"] for s in sources if s.get("S3DataType") == "S3Prefix" and not s["S3Uri"].endswith("/")]
    return f"{open_ended[0]} also means what only begins like it" if open_ended else None


@rule("CreateTrainingJob")
def a_volume_key_is_for_machines_without_a_disk_of_their_own(asked: dict[str, Any]) -> str | None:
    machines = asked["ResourceConfig"]
    family = machines.get("InstanceType", "").split(".")[1:2]
    local = any(name in ("c5d", "m5d", "r5d", "g4dn", "g5", "g6", "p4d", "p4de", "p5") for name in family)
    return (
        "VolumeKmsKeyId with a machine that encrypts its own disk" if local and "VolumeKmsKeyId" in machines else None
    )


@rule("CreateTrainingJob")
def a_hosts_traffic_is_encrypted_where_there_are_several(asked: dict[str, Any]) -> str | None:
    several = asked["ResourceConfig"].get("InstanceCount", 1) > 1
    safe = asked.get("EnableInterContainerTrafficEncryption", False)
    return "several hosts speak to each other in the clear" if several and not safe else None


@rule("CreateTrainingJob")
def environment_and_metrics_are_as_short_and_few_as_documented(asked: dict[str, Any]) -> str | None:
    long = [key for key, value in asked.get("Environment", {}).items() if len(value) > 512]
    if long:
        return f"Environment {long[0]} is longer than 512"
    names = [item["Name"] for item in asked["AlgorithmSpecification"].get("MetricDefinitions", [])]
    return "two metrics of one name" if len(set(names)) < len(names) else None
