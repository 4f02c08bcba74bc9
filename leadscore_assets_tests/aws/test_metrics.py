"""The platform's own numbers in CloudWatch: what is sent, how much at once, and what AWS would refuse."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.metrics import MOST_IN_ONE_CALL, CloudWatchMetrics, metric_data
from leadscore_assets.domain.platform_metrics import GAUGES, as_ages
from leadscore_assets_tests.aws import rules_metrics
from leadscore_assets_tests.aws.strict import RULES, problems

AT = datetime.now(UTC)
WHO = {"home": "my_home", "endpoint": "leadscore"}
GOOD: dict[str, Any] = {
    "Namespace": "leadscore",
    "MetricData": list(metric_data({"leadscore_weeks_missing": [({}, 2.0)]}, WHO, AT)),
}


@lru_cache(1)
def _put() -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model("cloudwatch").operation_model("PutMetricData")


def told(**changes: Any) -> str:
    """What is wrong with a good request after a change of it, or of its one datum."""
    own = {name: value for name, value in changes.items() if name in GOOD}
    datum = {**GOOD["MetricData"][0], **{name: value for name, value in changes.items() if name not in GOOD}}
    return "; ".join(problems(_put(), {**GOOD, "MetricData": [datum], **own}))


def test_a_number_is_found_by_its_name_home_endpoint_and_labels(account: Account) -> None:
    metrics = CloudWatchMetrics(account, namespace="leadscore", dimensions=WHO)
    samples = {
        "leadscore_weeks_missing": [({}, 2.0)],
        "leadscore_job_last_success_age_seconds": [({"job": "retrain_job"}, 60.0), ({"job": "ingest_job"}, 5.0)],
        "leadscore_realised_auc": [({}, float("nan"))],
    }

    assert metrics.publish(samples, AT) == 3

    found = {
        (item["MetricName"], *sorted(one["Value"] for one in item["Dimensions"]))
        for item in account.pages("cloudwatch", "list_metrics", "Metrics", Namespace="leadscore")
    }
    assert found == {
        ("leadscore_weeks_missing", "leadscore", "my_home"),
        ("leadscore_job_last_success_age_seconds", "leadscore", "my_home", "retrain_job"),
        ("leadscore_job_last_success_age_seconds", "ingest_job", "leadscore", "my_home"),
    }
    asked = {"Namespace": "leadscore", "MetricName": "leadscore_weeks_missing", "Statistics": ["Maximum"]}
    asked |= {"Dimensions": [{"Name": name, "Value": value} for name, value in WHO.items()]}
    asked |= {"StartTime": AT - timedelta(hours=1), "EndTime": AT + timedelta(hours=1), "Period": 3600}
    points = account.call("cloudwatch", "get_metric_statistics", **asked)["Datapoints"]
    assert [point["Maximum"] for point in points] == [2.0]


def test_more_numbers_than_a_call_holds_go_in_several(
    account: Account, calls_of: Callable[[str], list[dict[str, Any]]]
) -> None:
    seen = calls_of("cloudwatch")
    many = [({"job": f"job {number}"}, 1.0) for number in range(2 * MOST_IN_ONE_CALL + 1)]

    sent = CloudWatchMetrics(account, namespace="leadscore", dimensions=WHO).publish({"leadscore_x": many}, AT)

    assert sent == len(many)
    assert [len(request["MetricData"]) for request in seen] == [MOST_IN_ONE_CALL, MOST_IN_ONE_CALL, 1]


@pytest.fixture
def calls_of(account: Account) -> Callable[[str], list[dict[str, Any]]]:
    def watched(service: str) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        events = account.client(service).meta.events
        events.register(f"provide-client-params.{service}.*", lambda params, **_: seen.append(params))
        return seen

    return watched


@given(text=st.text(max_size=300), value=st.floats())
def test_whatever_a_number_is_called_its_request_is_admissible(text: str, value: float) -> None:
    data = list(metric_data({"leadscore_x_bytes": [({"job": text}, value), ({}, 1.0)]}, {"home": text}, AT))
    huge = [item for item in data if abs(item["Value"]) > 2.0**360]
    if not huge:
        assert problems(_put(), {"Namespace": "leadscore", "MetricData": data}) == []


def test_seconds_and_bytes_are_called_so() -> None:
    names = ("leadscore_training_seconds", "leadscore_endpoint_memory_bytes", "leadscore_drift_alarm")
    units = {item["MetricName"]: item["Unit"] for item in metric_data({name: [({}, 1.0)] for name in names}, {}, AT)}
    assert list(units.values()) == ["Seconds", "Bytes", "None"]


def test_moments_are_told_as_ages_and_nothing_else_changes() -> None:
    found = as_ages({name: [({"job": "x"}, 40.0)] for name in GAUGES}, 100.0)
    assert found["leadscore_newest_lead_age_seconds"] == [({"job": "x"}, 60.0)]
    assert found["leadscore_training_seconds"] == [({"job": "x"}, 40.0)]
    assert not [name for name in found if "timestamp" in name]
    assert len(found) == len(GAUGES)


BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("a_call_holds_a_thousand_data", {"MetricData": GOOD["MetricData"] * 1001}, "1001 data"),
    ("a_namespace_is_not_of_aws", {"Namespace": "AWS/SageMaker"}, "AWS's own"),
    ("a_datum_has_one_kind_of_value", {"Values": [1.0]}, "exactly one of Value"),
    ("a_value_is_finite_and_not_huge", {"Value": float("inf")}, "no value that CloudWatch keeps"),
    ("a_dimension_is_ascii_and_stands_once", {"Dimensions": [{"Name": "home", "Value": "größe"}]}, "not printable"),
    ("a_dimension_is_ascii_and_stands_once", {"Dimensions": [{"Name": "a", "Value": "b"}] * 2}, "stands twice"),
]


@pytest.mark.parametrize(("change", "expected"), [item[1:] for item in BROKEN], ids=[item[2] for item in BROKEN])
def test_a_request_that_breaks_a_rule_is_told(change: dict[str, Any], expected: str) -> None:
    assert told() == ""
    assert expected in told(**change)


def test_every_rule_has_an_example() -> None:
    ours = {rule.__name__ for rule in RULES["PutMetricData"] if rule.__module__ == rules_metrics.__name__}
    assert ours == {item[0] for item in BROKEN}
