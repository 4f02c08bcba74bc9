"""AWS's documented rules between the fields of requests about endpoints, their alarms, metrics and scaling."""

import re
from typing import Any

from leadscore_assets_tests.aws.strict import rule

_QUERY_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
_SCALED = re.compile(r"endpoint/[^/]+/variant/[^/]+")
_MOST_QUERIES = 500


@rule("CreateModel")
def one_kind_of_container(request: dict[str, Any]) -> str | None:
    """A model has one container, or a list of them."""
    if ("PrimaryContainer" in request) == ("Containers" in request):
        return "exactly one of PrimaryContainer and Containers is given"
    return None


@rule("CreateModel")
def a_container_has_one_image(request: dict[str, Any]) -> str | None:
    """A container names its image, or a package that does."""
    container = request.get("PrimaryContainer", {})
    if container and ("Image" in container) == ("ModelPackageName" in container):
        return "exactly one of Image and ModelPackageName is given"
    return None


@rule("CreateEndpointConfig")
def a_shadow_stands_beside_one_variant(request: dict[str, Any]) -> str | None:
    """Shadow variants: exactly one, beside exactly one production variant."""
    shadows = request.get("ShadowProductionVariants", ())
    if shadows and (len(shadows), len(request["ProductionVariants"])) != (1, 1):
        return "a shadow variant needs exactly one production variant beside it, and is alone"
    return None


@rule("CreateEndpointConfig")
def variants_have_names_of_their_own(request: dict[str, Any]) -> str | None:
    """No two variants share a name."""
    names = [
        item["VariantName"]
        for key in ("ProductionVariants", "ShadowProductionVariants")
        for item in request.get(key, ())
    ]
    return "variant names stand twice" if len(set(names)) < len(names) else None


@rule("CreateEndpointConfig")
def some_variant_has_weight(request: dict[str, Any]) -> str | None:
    """Traffic goes somewhere."""
    weights = [item.get("InitialVariantWeight", 1.0) for item in request["ProductionVariants"]]
    return None if any(weight > 0 for weight in weights) else "no production variant has a weight above 0"


@rule("UpdateEndpoint")
def one_way_of_deploying(request: dict[str, Any]) -> str | None:
    """A deployment is blue/green or rolling."""
    deployment = request.get("DeploymentConfig")
    if deployment and ("BlueGreenUpdatePolicy" in deployment) == ("RollingUpdatePolicy" in deployment):
        return "exactly one of BlueGreenUpdatePolicy and RollingUpdatePolicy is given"
    return None


@rule("UpdateEndpoint")
def traffic_moves_by_its_own_size(request: dict[str, Any]) -> str | None:
    """A canary has its size, a linear move its step, within AWS's bounds; all at once has neither."""
    routing = _blue_green(request).get("TrafficRoutingConfiguration")
    if routing is None:
        return None
    wanted = {"CANARY": ("CanarySize", 1, 50), "LINEAR": ("LinearStepSize", 10, 50)}.get(routing["Type"])
    sizes = {name for name in ("CanarySize", "LinearStepSize") if name in routing}
    if sizes != ({wanted[0]} if wanted else set()):
        return f"{routing['Type']} is given {sorted(sizes) or 'no size'}"
    if wanted and not wanted[1] <= routing[wanted[0]]["Value"] <= wanted[2]:
        return f"{wanted[0]} is not within {wanted[1]} to {wanted[2]} percent"
    return None


@rule("UpdateEndpoint")
def the_longest_time_covers_all_waits(request: dict[str, Any]) -> str | None:
    """MaximumExecutionTimeoutInSeconds is more than all waits together."""
    policy = _blue_green(request)
    longest, routing = policy.get("MaximumExecutionTimeoutInSeconds"), policy.get("TrafficRoutingConfiguration", {})
    if longest is None:
        return None
    step = routing.get("LinearStepSize", {}).get("Value", 100)
    moves = {"CANARY": 1, "LINEAR": -(-100 // step) - 1}.get(routing.get("Type", ""), 0)
    waits = moves * routing.get("WaitIntervalInSeconds", 0) + policy.get("TerminationWaitInSeconds", 0)
    return None if longest > waits else f"MaximumExecutionTimeoutInSeconds {longest} does not cover waits of {waits}"


@rule("UpdateEndpoint")
def exclusions_need_something_to_exclude_from(request: dict[str, Any]) -> str | None:
    """Properties are left out only of what is retained."""
    if request.get("ExcludeRetainedVariantProperties") and not request.get("RetainAllVariantProperties"):
        return "ExcludeRetainedVariantProperties is given without RetainAllVariantProperties"
    return None


@rule("PutMetricAlarm")
def an_alarm_has_one_statistic(request: dict[str, Any]) -> str | None:
    """An alarm on a metric has a plain or an extended statistic."""
    if "MetricName" in request and ("Statistic" in request) == ("ExtendedStatistic" in request):
        return "exactly one of Statistic and ExtendedStatistic is given"
    if "EvaluateLowSampleCountPercentile" in request and "ExtendedStatistic" not in request:
        return "EvaluateLowSampleCountPercentile is given without a percentile"
    return None


@rule("PutMetricAlarm")
def an_alarm_looks_at_what_it_has(request: dict[str, Any]) -> str | None:
    """Not more data points than periods, and periods of whole minutes within a day."""
    periods, points = request.get("EvaluationPeriods", 1), request.get("DatapointsToAlarm")
    if points is not None and points > periods:
        return "DatapointsToAlarm is more than EvaluationPeriods"
    period = request.get("Period", 60)
    if period not in (10, 20, 30) and period % 60:
        return f"Period {period} is no number of whole minutes"
    return "an alarm looks back further than a day" if period * periods > 86_400 else None


@rule("GetMetricData")
def queries_can_be_told_apart(request: dict[str, Any]) -> str | None:
    """At most 500 queries, each with an id of its own that starts with a small letter."""
    names = [item["Id"] for item in request["MetricDataQueries"]]
    if len(names) > _MOST_QUERIES:
        return f"{len(names)} queries are more than {_MOST_QUERIES}"
    if len(set(names)) < len(names) or not all(_QUERY_ID.fullmatch(name) for name in names):
        return "query ids stand twice or are malformed"
    return None


@rule("GetMetricData")
def time_goes_forward_in_whole_minutes(request: dict[str, Any]) -> str | None:
    """The end is after the start, periods are whole minutes."""
    if request["EndTime"] <= request["StartTime"]:
        return "EndTime is not after StartTime"
    periods = [item["MetricStat"]["Period"] for item in request["MetricDataQueries"] if "MetricStat" in item]
    return "a Period is no number of whole minutes" if any(period % 60 for period in periods) else None


@rule("FilterLogEvents")
def streams_are_named_or_begin_alike(request: dict[str, Any]) -> str | None:
    """Streams are chosen by their names or by how these begin."""
    if "logStreamNames" in request and "logStreamNamePrefix" in request:
        return "logStreamNames and logStreamNamePrefix are both given"
    return None


@rule("RegisterScalableTarget", "PutScalingPolicy", "DeregisterScalableTarget")
def a_variant_is_scaled_by_its_path(request: dict[str, Any]) -> str | None:
    """SageMaker's variants are named by endpoint and variant."""
    if request["ServiceNamespace"] == "sagemaker" and not _SCALED.fullmatch(request["ResourceId"]):
        return f"{request['ResourceId']} is no endpoint/<name>/variant/<name>"
    return None


@rule("RegisterScalableTarget")
def capacity_has_room(request: dict[str, Any]) -> str | None:
    """The smallest number of instances is not more than the largest."""
    least, most = request.get("MinCapacity", 0), request.get("MaxCapacity", 0)
    return "MinCapacity is more than MaxCapacity" if least > most else None


@rule("PutScalingPolicy")
def a_policy_says_what_its_type_needs(request: dict[str, Any]) -> str | None:
    """Target tracking needs its target."""
    tracks = request.get("PolicyType") == "TargetTrackingScaling"
    if tracks != ("TargetTrackingScalingPolicyConfiguration" in request):
        return "the policy's type and its configuration do not fit"
    return None


def _blue_green(request: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = request.get("DeploymentConfig", {}).get("BlueGreenUpdatePolicy", {})
    return found
