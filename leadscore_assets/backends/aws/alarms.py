"""CloudWatch alarms of an endpoint: those that watch a new fleet while it takes over, and those that stay.

A fleet is told apart from the one it replaces by the name of its configuration, so an old fleet's faults stop nobody.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.domain.errors import LeadscoreError

_NAMESPACE = "AWS/SageMaker"
_MOST_IN_ONE_CALL = 100


@dataclass(frozen=True)
class AlarmLimits:
    """When an endpoint is in trouble: the share of requests that fail, and the 99th percentile of latency (seconds)."""

    errors: float = 0.02
    latency_seconds: float = 1.0
    minutes: int = 2


class EndpointAlarms:
    """The alarms of one endpoint; every call may be repeated."""

    def __init__(self, account: Account, endpoint: str, *, topic: str | None, limits: AlarmLimits) -> None:
        self._account = account
        self._endpoint = endpoint
        self._topic = topic
        self._limits = limits

    def watch_fleet(self, configuration: str, variants: Sequence[str]) -> list[str]:
        """Put the alarms that watch a new fleet, and return their names."""
        return [self._put(item) for item in fleet_alarms(self._endpoint, configuration, variants, self._limits)]

    def watch(self) -> None:
        """Put the alarms that stay; the topic is told when one fires and when it is over."""
        for item in lasting_alarms(self._endpoint, self._limits, topic=self._topic):
            self._put(item)

    def fired(self, names: Sequence[str]) -> list[str]:
        """Return those of these alarms that fired at any time, by their history; none where it cannot be read."""
        try:
            return [name for name in names if self._ever_fired(name)]
        except LeadscoreError:
            return []

    def forget_fleets(self) -> None:
        """Delete the alarms of every fleet that took over, or did not."""
        prefix, ours = f"{self._endpoint}-g", re.compile(rf"{self._endpoint}-g\d+-[0-9a-f]{{8}}-.*")
        seen = self._account.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=prefix)
        names = [item["AlarmName"] for item in seen if ours.fullmatch(item["AlarmName"])]
        for first in range(0, len(names), _MOST_IN_ONE_CALL):
            self._account.call("cloudwatch", "delete_alarms", AlarmNames=names[first : first + _MOST_IN_ONE_CALL])

    def _ever_fired(self, name: str) -> bool:
        found = self._account.pages(
            "cloudwatch", "describe_alarm_history", "AlarmHistoryItems", AlarmName=name, HistoryItemType="StateUpdate"
        )
        return any("to ALARM" in item.get("HistorySummary", "") for item in found)

    def _put(self, request: dict[str, Any]) -> str:
        self._account.call("cloudwatch", "put_metric_alarm", **request)
        return str(request["AlarmName"])


def fleet_alarms(
    endpoint: str, configuration: str, variants: Sequence[str], limits: AlarmLimits
) -> list[dict[str, Any]]:
    """Return put_metric_alarm requests for a new fleet: one minute of errors, or slow answers, sends it back."""
    found = []
    for variant in variants:
        place = _dimensions(endpoint, variant) | {"EndpointConfigName": configuration}
        name = f"{configuration}-{variant}"
        found += [
            _errors(f"{name}-5xx", "Invocation5XXErrors", place, limits.errors, minutes=1),
            _errors(f"{name}-model-errors", "InvocationModelErrors", place, limits.errors, minutes=1),
            _latency(f"{name}-latency", place, limits.latency_seconds, minutes=limits.minutes),
        ]
    return found


def lasting_alarms(endpoint: str, limits: AlarmLimits, *, topic: str | None) -> list[dict[str, Any]]:
    """Return put_metric_alarm requests for the variant that is always there."""
    place = _dimensions(endpoint, "primary")
    told = {"AlarmActions": [topic], "OKActions": [topic]} if topic else {}
    return [
        _errors(f"{endpoint}-5xx", "Invocation5XXErrors", place, limits.errors, minutes=limits.minutes) | told,
        _latency(f"{endpoint}-latency", place, limits.latency_seconds, minutes=limits.minutes) | told,
    ]


def _errors(name: str, metric: str, place: dict[str, str], share: float, *, minutes: int) -> dict[str, Any]:
    """Return an alarm on a metric that is 1 for a request that failed and 0 for another: its average is their share."""
    return _alarm(name, metric, place, minutes=minutes) | {"Statistic": "Average", "Threshold": share}


def _latency(name: str, place: dict[str, str], seconds: float, *, minutes: int) -> dict[str, Any]:
    """Return an alarm on the model's latency, which CloudWatch keeps in microseconds."""
    percentile = {"ExtendedStatistic": "p99", "EvaluateLowSampleCountPercentile": "ignore"}
    return _alarm(name, "ModelLatency", place, minutes=minutes) | percentile | {"Threshold": seconds * 1e6}


def _alarm(name: str, metric: str, place: dict[str, str], *, minutes: int) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "Namespace": _NAMESPACE,
        "MetricName": metric,
        "Dimensions": [{"Name": key, "Value": value} for key, value in place.items()],
        "Period": 60,
        "EvaluationPeriods": minutes,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }


def _dimensions(endpoint: str, variant: str) -> dict[str, str]:
    return {"EndpointName": endpoint, "VariantName": variant}
