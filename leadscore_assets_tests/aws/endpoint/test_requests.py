"""What is asked of SageMaker, as pure functions: names by content, the way from one layout to another, deployments."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from leadscore_assets.backends.aws.alarms import AlarmLimits, fleet_alarms, lasting_alarms
from leadscore_assets.backends.aws.endpoint_way import Step, all_models, models_of, next_step, shadows_of
from leadscore_assets.backends.aws.requests_endpoint import (
    DIGEST,
    VERSION,
    Layout,
    configuration_name,
    guarded_deployment,
    layout,
    longest_move,
    model_request,
    update_request,
)
from leadscore_assets.backends.aws.requests_metrics import added_up, questions, variant_counts
from leadscore_assets.backends.aws.scaling import scaling_requests
from leadscore_assets.domain.capture_policy import CapturePolicy
from leadscore_assets.domain.facts import Variant
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets.domain.serving_counts import LATENCY_BOUNDS, latency_bin
from leadscore_assets.serving import container
from leadscore_assets_tests.aws.endpoint.site import CANARY, NEW, OLD, PLACE, RESOURCES, SHADOW

MODELS = {(OLD.digest, 1): "old", (NEW.digest, 2): "new"}


def shaped(
    *variants: Variant, shadow: Variant | None = None, percent: float = 100.0, resources: ResourcesPolicy = RESOURCES
) -> Layout:
    capture = CapturePolicy(percent=percent)
    return layout(MODELS, variants, shadow=shadow, place=PLACE, resources=resources, capture=capture)


def test_a_model_is_named_by_its_content() -> None:
    one = model_request("leadscore", OLD, "s3://b/x", place=PLACE, isolated=True)
    assert one == model_request("leadscore", OLD, "s3://b/x", place=PLACE, isolated=True)
    others = [
        model_request("leadscore", OLD, "s3://b/x", place=PLACE, isolated=False),
        model_request("leadscore", OLD, "s3://b/y", place=PLACE, isolated=True),
        model_request("leadscore", replace(OLD, version=3), "s3://b/x", place=PLACE, isolated=True),
        model_request("leadscore", OLD, "s3://b/x", place=replace(PLACE, image="other"), isolated=True),
    ]
    assert len({one["ModelName"], *(item["ModelName"] for item in others)}) == 5
    assert model_request("leadscore", replace(OLD, name="candidate"), "s3://b/x", place=PLACE, isolated=True) == one


def test_the_container_reads_the_version_from_the_models_environment() -> None:
    request = model_request("leadscore", NEW, "s3://b/x", place=PLACE, isolated=True)
    assert request["PrimaryContainer"]["Environment"] == {DIGEST: NEW.digest, VERSION: "2"}
    assert VERSION == container.VERSION


def test_a_network_and_a_key_reach_the_requests_when_they_are_given() -> None:
    place = replace(PLACE, subnets=("subnet-1",), groups=("sg-1",), kms_key="key", tags={})
    request = model_request("leadscore", OLD, "s3://b/x", place=place, isolated=False)
    assert request["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert "Tags" not in request
    made = layout(MODELS, [OLD], shadow=None, place=place, resources=RESOURCES, capture=CapturePolicy())
    assert (made["KmsKeyId"], made["DataCaptureConfig"]["KmsKeyId"]) == ("key", "key")


def test_a_layout_leaves_out_what_answers_nobody_and_keeps_no_capture_that_is_switched_off() -> None:
    made = shaped(replace(OLD, weight=0.3), replace(NEW, name="previous", weight=0.0), percent=0)
    assert models_of(made) == {"primary": "old"}
    assert made["ProductionVariants"][0]["InitialVariantWeight"] == 1.0
    assert "DataCaptureConfig" not in made
    assert shaped(OLD, percent=0.2)["DataCaptureConfig"]["InitialSamplingPercentage"] == 1


def test_a_configuration_is_named_by_generation_and_content() -> None:
    names = {configuration_name("leadscore", number, shaped(item)) for number in (1, 2) for item in (OLD, NEW)}
    assert len(names) == 4
    assert all(len(name) <= 63 for name in names)


@pytest.mark.parametrize(
    ("present", "wanted", "expected"),
    [
        (shaped(OLD), shaped(OLD, shadow=SHADOW), Step(shaped(OLD, shadow=SHADOW))),
        (shaped(OLD, shadow=SHADOW), shaped(*CANARY), Step(shaped(*CANARY))),
        (shaped(*CANARY), shaped(OLD), Step(shaped(OLD))),
        (shaped(OLD), shaped(NEW), Step(shaped(NEW), guarded=True)),
        (shaped(OLD, shadow=SHADOW), shaped(NEW), Step(shaped(OLD))),
        (shaped(NEW, replace(CANARY[1], weight=0.5)), shaped(NEW), Step(shaped(NEW))),
        (shaped(OLD), shaped(NEW, shadow=SHADOW), Step(shaped(NEW, shadow=SHADOW))),
    ],
    ids=[
        "a shadow is added as AWS does it",
        "a shadow makes place for a share",
        "a share ends",
        "a bundle takes over while alarms watch",
        "a shadow is dropped before its bundle takes over",
        "a name that is not needed any more is dropped",
        "a shadow is never beside a policy",
    ],
)
def test_the_next_step(present: Layout, wanted: Layout, expected: Step) -> None:
    assert next_step(present, wanted, back=False) == expected


def test_a_candidate_takes_over_under_both_names_and_then_stands_alone() -> None:
    first = next_step(shaped(*CANARY), shaped(NEW), back=False)
    assert (models_of(first.layout), first.guarded) == ({"primary": "new", "candidate": "new"}, True)
    weights = [item["InitialVariantWeight"] for item in first.layout["ProductionVariants"]]
    assert weights == [0.75, 0.25]
    assert next_step(first.layout, shaped(NEW), back=False) == Step(shaped(NEW))


def test_a_way_back_is_straight() -> None:
    assert next_step(shaped(NEW), shaped(OLD), back=True) == Step(shaped(OLD), back=True)
    assert next_step(shaped(*CANARY), shaped(OLD), back=True) == Step(shaped(OLD))
    assert next_step(shaped(OLD, shadow=SHADOW), shaped(OLD), back=True) == Step(shaped(OLD))


def test_every_model_of_a_layout_is_told() -> None:
    made = shaped(OLD, shadow=SHADOW)
    assert (shadows_of(made), all_models(made)) == ({"shadow": "new"}, {"old", "new"})


@pytest.mark.parametrize("cutover", ["canary", "linear", "all_at_once"])
@pytest.mark.parametrize(("percent", "bake"), [(5, 3600), (50, 0), (25, 600)])
def test_a_deployments_waits_fit_into_aws_bounds(cutover: Any, percent: int, bake: int) -> None:
    rules = ResourcesPolicy(cutover=cutover, cutover_percent=percent, bake_seconds=bake)
    policy = guarded_deployment(rules, ["a"])["BlueGreenUpdatePolicy"]
    routing = policy["TrafficRoutingConfiguration"]
    moves = -(-100 // routing.get("LinearStepSize", {"Value": 100})["Value"])
    waits = moves * routing["WaitIntervalInSeconds"] + policy["TerminationWaitInSeconds"]
    assert waits < policy["MaximumExecutionTimeoutInSeconds"] <= 28_800
    assert 600 <= policy["MaximumExecutionTimeoutInSeconds"] < longest_move(rules)
    assert routing["Type"] == cutover.upper()


def test_a_scaled_variant_keeps_its_instances_and_nothing_else() -> None:
    request = update_request("leadscore", "c", deployment=None, scaled=True)
    assert request["RetainAllVariantProperties"]
    kept = {item["VariantPropertyType"] for item in request["ExcludeRetainedVariantProperties"]}
    assert kept == {"DesiredWeight", "DataCaptureConfig"}
    assert "RetainAllVariantProperties" not in update_request("leadscore", "c", deployment=None, scaled=False)


def test_alarms_of_a_fleet_are_its_own_and_lasting_ones_tell_the_topic() -> None:
    found = fleet_alarms("leadscore", "c1", ["primary", "candidate"], AlarmLimits())
    assert len({item["AlarmName"] for item in found}) == 6
    assert all({"Name": "EndpointConfigName", "Value": "c1"} in item["Dimensions"] for item in found)
    lasting = lasting_alarms("leadscore", AlarmLimits(latency_seconds=0.5), topic="topic")
    assert all(item["AlarmActions"] == item["OKActions"] == ["topic"] for item in lasting)
    assert lasting[1]["Threshold"] == 500_000
    assert "AlarmActions" not in lasting_alarms("leadscore", AlarmLimits(), topic=None)[0]


def test_scaling_says_bounds_and_aim() -> None:
    target, policy = scaling_requests("endpoint/a/variant/b", ResourcesPolicy(most_instances=5))
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 5)
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 6_000


def test_every_latency_is_in_one_trimmed_count_and_in_the_domains_bin_or_the_next() -> None:
    ranges = [item["MetricStat"]["Stat"] for item in questions("e", "v", prefix="q")][5:]
    bounds = [tuple(float(part) for part in stat[3:-1].split(":")) for stat in ranges]
    assert all(low[1] == high[0] for low, high in pairwise(bounds))
    ids = [item["Id"] for item in questions("e", "v", prefix="q")][5:]
    for seconds in (0.000_9, 0.012, 0.3, 2.0, 15.0, 30.0):
        place = next(at for at, (low, high) in enumerate(bounds) if low < seconds * 1e6 <= high)
        counts = variant_counts(OLD, {"qs0": 1.0, ids[place]: 1.0}, prefix="q", invalid=0)
        assert counts.latency_counts.index(1) - latency_bin(seconds) in (0, 1)
    assert len(bounds) == len(set(ids)) <= 60
    assert bounds[-1][0] == round(LATENCY_BOUNDS[-1] * 1e6)


def test_counts_leave_out_what_the_client_got_wrong() -> None:
    sums = added_up(
        [
            {"Id": "qs0", "Values": [60.0, 40.0]},
            {"Id": "qs1", "Values": [10.0]},
            {"Id": "qs2", "Values": [4.0]},
            {"Id": "qs3", "Values": [17.0]},
            {"Id": "qs4", "Values": [2e6]},
            {"Id": "qs0", "Values": [1.0]},
        ]
    )
    found = variant_counts(NEW, sums, prefix="q", invalid=3)
    told = (found.requests, found.errors, found.invalid, found.refused, found.keys, found.latency_seconds)
    assert told == (91, 7, 3, 10, 91, 2.0)
    assert variant_counts(NEW, {"qs0": 2.0}, prefix="q", invalid=9).key_invalid == 2
