"""Each of AWS's rules between fields, with a request that breaks it and one that does not."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest

from leadscore_assets.backends.aws.alarms import AlarmLimits, fleet_alarms
from leadscore_assets.backends.aws.requests_endpoint import (
    configuration_request,
    guarded_deployment,
    model_request,
    update_request,
)
from leadscore_assets.backends.aws.requests_metrics import metric_request, questions
from leadscore_assets.backends.aws.scaling import scaling_requests
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets_tests.aws import rules_endpoint
from leadscore_assets_tests.aws.endpoint.site import CANARY, NEW, OLD, PLACE, SHADOW
from leadscore_assets_tests.aws.endpoint.test_requests import shaped
from leadscore_assets_tests.aws.strict import RULES, problems

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CONFIGURATION = configuration_request("c", shaped(OLD, shadow=SHADOW), PLACE)
LINEAR = ResourcesPolicy(cutover="linear", cutover_percent=20)
UPDATE = update_request("e", "c", deployment=guarded_deployment(LINEAR, ["a"]), scaled=True)
POLICY = ("DeploymentConfig", "BlueGreenUpdatePolicy")
ALARMS = fleet_alarms("e", "c", ["primary"], AlarmLimits())
TARGET, SCALED = scaling_requests("endpoint/e/variant/v", ResourcesPolicy(most_instances=3))
LOGS = {"logGroupName": "/aws/x", "logStreamNamePrefix": "v/"}
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "CreateModel": ("sagemaker", model_request("e", OLD, "s3://b/x", place=PLACE, isolated=True)),
    "CreateEndpointConfig": ("sagemaker", CONFIGURATION),
    "UpdateEndpoint": ("sagemaker", UPDATE),
    "PutMetricAlarm": ("cloudwatch", ALARMS[2]),
    "GetMetricData": ("cloudwatch", metric_request(questions("e", "v", prefix="q"), NOW, NOW + timedelta(hours=1))),
    "FilterLogEvents": ("logs", LOGS),
    "RegisterScalableTarget": ("application-autoscaling", TARGET),
    "PutScalingPolicy": ("application-autoscaling", SCALED),
}
QUERY = questions("e", "v", prefix="q")[0]


def told(operation: str, request: dict[str, Any]) -> str:
    model = botocore.session.get_session().get_service_model(GOOD[operation][0]).operation_model(operation)
    return "; ".join(problems(model, request))


def changed(operation: str, *path: str, value: Any) -> dict[str, Any]:
    """A good request with one member changed, or left out where the value is None."""
    request = place = deepcopy(GOOD[operation][1])
    for name in path[:-1]:
        place = place[name]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return request


@pytest.mark.parametrize("operation", GOOD)
def test_our_own_requests_are_admissible(operation: str) -> None:
    assert told(operation, GOOD[operation][1]) == ""


ROUTING = (*POLICY, "TrafficRoutingConfiguration")
BROKEN = [
    ("one_kind_of_container", "CreateModel", ("Containers",), [], "exactly one of PrimaryContainer"),
    ("a_container_has_one_image", "CreateModel", ("PrimaryContainer", "Image"), None, "exactly one of Image"),
    (
        "a_shadow_stands_beside_one_variant",
        "CreateEndpointConfig",
        ("ProductionVariants",),
        shaped(*CANARY)["ProductionVariants"],
        "exactly one production variant",
    ),
    (
        "variants_have_names_of_their_own",
        "CreateEndpointConfig",
        ("ShadowProductionVariants",),
        shaped(NEW)["ProductionVariants"],
        "stand twice",
    ),
    (
        "some_variant_has_weight",
        "CreateEndpointConfig",
        ("ProductionVariants",),
        [{**shaped(OLD)["ProductionVariants"][0], "InitialVariantWeight": 0.0}],
        "weight above 0",
    ),
    ("one_way_of_deploying", "UpdateEndpoint", POLICY, None, "exactly one of BlueGreen"),
    (
        "traffic_moves_by_its_own_size",
        "UpdateEndpoint",
        (*ROUTING, "CanarySize"),
        {"Type": "CAPACITY_PERCENT", "Value": 10},
        "LINEAR is given",
    ),
    (
        "traffic_moves_by_its_own_size",
        "UpdateEndpoint",
        (*ROUTING, "LinearStepSize"),
        {"Type": "CAPACITY_PERCENT", "Value": 60},
        "not within 10 to 50",
    ),
    (
        "the_longest_time_covers_all_waits",
        "UpdateEndpoint",
        (*POLICY, "MaximumExecutionTimeoutInSeconds"),
        3_000,
        "does not cover waits of 3000",
    ),
    (
        "exclusions_need_something_to_exclude_from",
        "UpdateEndpoint",
        ("RetainAllVariantProperties",),
        False,
        "without RetainAll",
    ),
    ("an_alarm_has_one_statistic", "PutMetricAlarm", ("Statistic",), "Sum", "exactly one of Statistic"),
    ("an_alarm_looks_at_what_it_has", "PutMetricAlarm", ("DatapointsToAlarm",), 3, "more than EvaluationPeriods"),
    ("an_alarm_looks_at_what_it_has", "PutMetricAlarm", ("Period",), 90, "whole minutes"),
    ("an_alarm_looks_at_what_it_has", "PutMetricAlarm", ("Period",), 86_400, "further than a day"),
    ("queries_can_be_told_apart", "GetMetricData", ("MetricDataQueries",), [QUERY, QUERY], "stand twice"),
    ("queries_can_be_told_apart", "GetMetricData", ("MetricDataQueries",), [{**QUERY, "Id": "Q"}], "malformed"),
    (
        "queries_can_be_told_apart",
        "GetMetricData",
        ("MetricDataQueries",),
        [{**QUERY, "Id": f"q{at}"} for at in range(501)],
        "501 queries",
    ),
    ("time_goes_forward_in_whole_minutes", "GetMetricData", ("EndTime",), NOW, "not after"),
    (
        "time_goes_forward_in_whole_minutes",
        "GetMetricData",
        ("MetricDataQueries",),
        [{**QUERY, "MetricStat": {**QUERY["MetricStat"], "Period": 90}}],
        "whole minutes",
    ),
    ("streams_are_named_or_begin_alike", "FilterLogEvents", ("logStreamNames",), ["a"], "both given"),
    ("a_variant_is_scaled_by_its_path", "RegisterScalableTarget", ("ResourceId",), "e/v", "is no endpoint/"),
    ("capacity_has_room", "RegisterScalableTarget", ("MinCapacity",), 4, "more than MaxCapacity"),
    (
        "a_policy_says_what_its_type_needs",
        "PutScalingPolicy",
        ("PolicyType",),
        "StepScaling",
        "do not fit",
    ),
]


@pytest.mark.parametrize(
    ("operation", "path", "value", "expected"),
    [item[1:] for item in BROKEN],
    ids=[f"{item[0]}: {item[4]}" for item in BROKEN],
)
def test_a_request_that_breaks_a_rule_is_told(operation: str, path: tuple[str, ...], value: Any, expected: str) -> None:
    assert expected in told(operation, changed(operation, *path, value=value))


def test_a_percentile_is_needed_for_few_samples() -> None:
    request = {**ALARMS[0], "EvaluateLowSampleCountPercentile": "ignore"}
    assert "without a percentile" in told("PutMetricAlarm", request)


def test_every_rule_has_an_example() -> None:
    ours = {rule.__name__ for rules in RULES.values() for rule in rules if rule.__module__ == rules_endpoint.__name__}
    assert ours == {item[0] for item in BROKEN}
