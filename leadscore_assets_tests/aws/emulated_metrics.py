"""CloudWatch of the emulated endpoints: its clock, metrics with any dimensions, statistics, and alarms that evaluate.

An emulator written from AWS's documents. moto keeps the alarms; what SageMaker publishes is kept here, as moto knows
neither percentiles nor trimmed counts.
"""

import json
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.logs.responses import LogsResponse

from leadscore_assets_tests.aws.emulator import Emulator

REGION = "us-east-1"
_NAMESPACE = "AWS/SageMaker"
_RANGE = re.compile(r"(TC|PR)\(([0-9.]+):([0-9.]+)\)")
_MINUTE = timedelta(minutes=1)
_original = CloudWatchBackend.get_metric_data
_original_logs = LogsResponse.filter_log_events
Series = tuple[str, frozenset[tuple[str, str]]]


class Clock:
    """The emulated AWS's time: this machine's, and what was let pass on top of it."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


class Metrics:
    """Every value that SageMaker published, with its time."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.history: dict[str, list[str]] = defaultdict(list)
        self._values: dict[Series, list[tuple[datetime, float]]] = defaultdict(list)

    def forget(self) -> None:
        self._values.clear()
        self.history.clear()
        self.clock.ahead = timedelta(0)

    def publish(self, dimensions: Mapping[str, str], values: Mapping[str, float]) -> None:
        moment = self.clock.now()
        for name, value in values.items():
            self._values[name, frozenset(dimensions.items())].append((moment, value))

    def between(self, name: str, dimensions: Mapping[str, str], first: datetime, last: datetime) -> list[float]:
        """The values from `first` to before `last`; a series has exactly the dimensions that are asked for."""
        found = self._values.get((name, frozenset(dimensions.items())), [])
        return [value for moment, value in found if first <= moment < last]

    def statistic(self, query: Mapping[str, Any], first: datetime, last: datetime) -> dict[datetime, float]:
        """A query's values by the start of their period; a period without data has none."""
        metric, step = query["Metric"], timedelta(seconds=int(query["Period"]))
        dimensions = {item["Name"]: item["Value"] for item in metric.get("Dimensions", ())}
        found: dict[datetime, list[float]] = defaultdict(list)
        start = first.replace(second=0, microsecond=0)
        for moment, value in self._values.get((metric["MetricName"], frozenset(dimensions.items())), []):
            if start <= moment < last:
                found[start + (moment - start) // step * step].append(value)
        return {moment: evaluated(values, query["Stat"]) for moment, values in sorted(found.items())}

    def evaluate_alarms(self) -> None:
        """Bring every alarm on these metrics to the state that the values of now give it."""
        for alarm in cloudwatch_backends[DEFAULT_ACCOUNT_ID][REGION].alarms.values():
            state = "ALARM" if self._fires(alarm) else "OK"
            if alarm.namespace == _NAMESPACE and alarm.state_value != state:
                self.history[alarm.name].append(f"Alarm updated from {alarm.state_value} to {state}")
                alarm.state_value = state

    def _fires(self, alarm: Any) -> bool:
        """Whether enough of the last periods are over the threshold; missing data is within bounds."""
        dimensions = {item.name: item.value for item in alarm.dimensions}
        statistic, over = alarm.extended_statistic or alarm.statistic, 0
        step, now = timedelta(seconds=int(alarm.period)), self.clock.now()
        for place in range(int(alarm.evaluation_periods)):
            last = now - place * step
            values = self.between(alarm.metric_name, dimensions, last - step, last)
            over += bool(values) and evaluated(values, statistic) > float(alarm.threshold)
        return over >= int(alarm.datapoints_to_alarm or alarm.evaluation_periods)


def evaluated(values: Sequence[float], statistic: str) -> float:
    """One of CloudWatch's statistics of a period's values."""
    plain = {
        "Sum": lambda: sum(values),
        "Average": lambda: sum(values) / len(values),
        "Minimum": lambda: min(values),
        "Maximum": lambda: max(values),
        "SampleCount": lambda: len(values),
    }
    if statistic in plain:
        return float(plain[statistic]())
    ordered = sorted(values)
    if re.fullmatch(r"p\d+(\.\d+)?", statistic):
        share = float(statistic[1:]) / 100
        return float(ordered[max(ceil(share * len(ordered)) - 1, 0)])
    found = _RANGE.fullmatch(statistic)
    if found is None:
        raise ValueError(f"statistic {statistic} is not emulated")
    low, high = float(found[2]), float(found[3])
    inside = bisect_right(ordered, high) - bisect_right(ordered, low)
    return float(inside) if found[1] == "TC" else 100 * inside / len(ordered)


def _answered(metrics: Metrics, query: Mapping[str, Any], first: datetime, last: datetime) -> dict[str, Any]:
    found = metrics.statistic(query["MetricStat"], first, last)
    name = query["Id"]
    return {
        "id": name,
        "label": name,
        "values": [*found.values()],
        "timestamps": [*found],
        "status_code": "Complete",
    }


def install(emulator: Emulator) -> None:
    """Answer for SageMaker's metrics; all others stay moto's. Other extensions may have asked for this already."""
    if "metrics" in emulator.state:
        return
    metrics = Metrics(Clock())
    emulator.state["clock"], emulator.state["metrics"] = metrics.clock, metrics
    emulator.on_reset.append(metrics.forget)

    def get_metric_data(
        self: CloudWatchBackend, queries: list[dict[str, Any]], start_time: datetime, end_time: datetime, **rest: Any
    ) -> list[dict[str, Any]]:
        ours = [item for item in queries if item.get("MetricStat", {}).get("Metric", {}).get("Namespace") == _NAMESPACE]
        if len(ours) < len(queries):
            return _original(self, queries=queries, start_time=start_time, end_time=end_time, **rest)  # type: ignore[no-any-return]
        first, last = (item if item.tzinfo else item.replace(tzinfo=UTC) for item in (start_time, end_time))
        return [_answered(metrics, item, first, last) for item in ours]

    def describe_alarm_history(self: CloudWatchResponse) -> ActionResult:
        name, now = self._get_param("AlarmName"), metrics.clock.now()
        told = [{"AlarmName": name, "Timestamp": now, "HistorySummary": item} for item in metrics.history[name]]
        return ActionResult({"AlarmHistoryItems": told})

    def filter_log_events(self: LogsResponse) -> str:
        """Find lines in streams by how their names begin, which moto does not know."""
        prefix = self._get_param("logStreamNamePrefix")
        group = self.logs_backend.groups.get(self._get_param("logGroupName"))
        if prefix and group:
            names = [name for name in group.streams if name.startswith(prefix)] or ["-"]
            self.body = json.dumps({**json.loads(self.body), "logStreamNames": names})
        found: str = _original_logs(self)
        return found

    CloudWatchBackend.get_metric_data = get_metric_data
    CloudWatchResponse.describe_alarm_history = describe_alarm_history
    LogsResponse.filter_log_events = filter_log_events
