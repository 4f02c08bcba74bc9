"""The emulator itself: what it refuses as AWS documents it, and the statistics that it evaluates."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.aws.requests_endpoint import guarded_deployment
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets_tests.aws.emulated_metrics import evaluated
from leadscore_assets_tests.aws.endpoint.site import CANARY, NAME, NEW, OLD, PREFIX, SHADOW, Site


@pytest.fixture
def call(site: Site) -> Callable[..., dict[str, Any]]:
    """SageMaker as somebody else's program calls it, beside an endpoint that shares requests."""
    site.make().deploy(CANARY)
    return lambda operation, **request: site.account.call("sagemaker", operation, **request)


def configured(site: Site, call: Callable[..., dict[str, Any]], name: str, **change: Any) -> str:
    """Another configuration like the one in service, with other fleets."""
    serving = site.world.configurations[site.world.endpoints[NAME].configuration]
    call("create_endpoint_config", **{**serving, "EndpointConfigName": name, **change})
    return name


def update(call: Callable[..., dict[str, Any]], configuration: str, **more: Any) -> None:
    call("update_endpoint", EndpointName=NAME, EndpointConfigName=configuration, **more)


def test_names_are_given_once(site: Site, call: Callable[..., dict[str, Any]]) -> None:
    model = next(iter(site.world.models.values()))
    serving = site.world.endpoints[NAME].configuration
    for operation, request in (
        ("create_model", model),
        ("create_endpoint_config", site.world.configurations[serving]),
        ("create_endpoint", {"EndpointName": NAME, "EndpointConfigName": serving}),
    ):
        with pytest.raises(AwsRefused, match="already existing"):
            call(operation, **request)
    shown = call("describe_model", ModelName=model["ModelName"])
    assert shown["EnableNetworkIsolation"] is True


def test_what_is_in_use_is_not_deleted(site: Site, call: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(AwsRefused, match="an endpoint uses it"):
        call("delete_endpoint_config", EndpointConfigName=site.world.endpoints[NAME].configuration)
    with pytest.raises(AwsRefused, match="an endpoint uses it"):
        call("delete_model", ModelName=next(iter(site.world.models)))
    with pytest.raises(AwsRefused, match="Could not find model"):
        call("delete_model", ModelName="nobody")


def test_one_change_at_a_time(site: Site, call: Callable[..., dict[str, Any]]) -> None:
    update(call, configured(site, call, "other"))
    for again in (
        lambda: update(call, "other"),
        lambda: call("delete_endpoint", EndpointName=NAME),
    ):
        with pytest.raises(AwsRefused, match="in-progress"):
            again()
    assert site.world.running() == 8


def test_a_policy_needs_the_same_names_no_shadow_alarms_that_exist_and_two_instances(
    site: Site, call: Callable[..., dict[str, Any]]
) -> None:
    serving = site.world.configurations[site.world.endpoints[NAME].configuration]
    primary, candidate = serving["ProductionVariants"]
    shadow = [{**primary, "VariantName": "shadow"}]
    watched = guarded_deployment(ResourcesPolicy(), ["nobody"])
    bare = {"BlueGreenUpdatePolicy": watched["BlueGreenUpdatePolicy"]}
    alone = configured(site, call, "alone", ProductionVariants=[primary])
    small = [{**item, "InitialInstanceCount": 1} for item in (primary, candidate)]
    cases = [
        (alone, bare, "same variant names"),
        (configured(site, call, "same"), watched, "Alarm nobody does not exist"),
        (configured(site, call, "small", ProductionVariants=small), bare, "two instances"),
    ]
    for name, deployment, told in cases:
        with pytest.raises(AwsRefused, match=told):
            update(call, name, DeploymentConfig=deployment)
    site.make().deploy([OLD])
    shadowed = configured(site, call, "shadowed", ProductionVariants=[primary], ShadowProductionVariants=shadow)
    with pytest.raises(AwsRefused, match="beside shadow"):
        update(call, shadowed, DeploymentConfig=bare)


def test_weights_change_where_they_are(site: Site, call: Callable[..., dict[str, Any]]) -> None:
    weights = [{"VariantName": "primary", "DesiredWeight": 0.0}, {"VariantName": "candidate", "DesiredWeight": 1.0}]
    call("update_endpoint_weights_and_capacities", EndpointName=NAME, DesiredWeightsAndCapacities=weights)
    assert set(site.ask(10)) == {"candidate"}


def test_a_shadow_sees_every_request_and_answers_none(site: Site) -> None:
    site.make().deploy([OLD], shadow=SHADOW)
    assert set(site.ask(5)) == {"primary"}
    files = [key for key, _ in site.store.objects(f"capture/{NAME}/")]
    assert len([key for key in files if f"/{NAME}/shadow/" in key]) == len(files) / 2 == 5
    assert PREFIX not in files[0]


def test_nobody_answers_where_no_endpoint_is(site: Site) -> None:
    with pytest.raises(AwsRefused, match="not found"):
        site.ask()


def test_a_share_of_the_traffic_goes_to_a_new_fleet_while_it_bakes(site: Site) -> None:
    endpoint = site.make()
    endpoint.deploy([OLD])
    shares: list[float] = []
    site.world.traffic = lambda: shares.append(site.world.endpoints[NAME].share)
    endpoint.deploy([NEW])
    assert (shares[0], shares[-1]) == (25.0, 100.0)
    shares.clear()
    site.make(resources=ResourcesPolicy(cutover="linear", cutover_percent=40, bake_seconds=30)).deploy(
        [OLD.__class__("primary", NEW.digest, 3)]
    )
    assert shares == [40.0, 80.0, 100.0]


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("Sum", 110.0),
        ("Average", 22.0),
        ("Minimum", 1.0),
        ("Maximum", 100.0),
        ("SampleCount", 5.0),
        ("p99", 100.0),
        ("p50", 3.0),
        ("TC(1:4)", 3.0),
        ("TC(0:1)", 1.0),
        ("PR(2:1000)", 60.0),
    ],
)
def test_a_statistic_is_evaluated_as_cloudwatch_defines_it(statistic: str, expected: float) -> None:
    assert evaluated([3, 1, 2, 4, 100], statistic) == expected


def test_an_unknown_statistic_is_no_number() -> None:
    with pytest.raises(ValueError, match="not emulated"):
        evaluated([1.0], "XY(1:2)")


def test_a_period_without_data_has_no_value(site: Site) -> None:
    metrics, place = site.world.metrics, {"EndpointName": NAME}
    metrics.publish(place, {"Invocations": 1.0})
    metrics.clock.advance(120)
    metrics.publish(place, {"Invocations": 2.0})
    now = metrics.clock.now()
    query = {
        "Metric": {"MetricName": "Invocations", "Dimensions": [{"Name": "EndpointName", "Value": NAME}]},
        "Period": 60,
        "Stat": "Sum",
    }
    found = metrics.statistic(query, now - timedelta(minutes=5), now + timedelta(minutes=1))
    assert [*found.values()] == [1.0, 2.0]
    assert metrics.statistic({**query, "Metric": {"MetricName": "Invocations"}}, now, now) == {}
