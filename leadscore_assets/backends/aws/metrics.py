"""The platform's own numbers in CloudWatch: a datum a sample, with home and endpoint among its dimensions."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.domain.exposition import Labels, Sample

MOST_IN_ONE_CALL = 1000
_LENGTH = 255
_UNITS = {"_seconds": "Seconds", "_bytes": "Bytes"}


class CloudWatchMetrics:
    """Publishes to a namespace; every datum has `dimensions` besides those of its own labels."""

    def __init__(self, account: Account, *, namespace: str, dimensions: Mapping[str, str]) -> None:
        self._account = account
        self._namespace = namespace
        self._dimensions = dimensions

    def publish(self, samples: Mapping[str, Sequence[Sample]], at: datetime) -> int:
        """Publish numbers of a moment and return how many; raise AwsUnavailable, AwsRefused.

        What is not finite is left out: CloudWatch takes no such value.
        """
        data = list(metric_data(samples, self._dimensions, at))
        for first in range(0, len(data), MOST_IN_ONE_CALL):
            part = data[first : first + MOST_IN_ONE_CALL]
            self._account.call("cloudwatch", "put_metric_data", Namespace=self._namespace, MetricData=part)
        return len(data)


def metric_data(
    samples: Mapping[str, Sequence[Sample]], dimensions: Mapping[str, str], at: datetime
) -> Iterator[dict[str, Any]]:
    """Yield the data of a put_metric_data request."""
    for name, items in samples.items():
        unit = next((unit for end, unit in _UNITS.items() if name.endswith(end)), "None")
        for labels, value in items:
            if math.isfinite(value):
                yield {
                    "MetricName": name,
                    "Dimensions": _dimensions({**dimensions, **labels}),
                    "Timestamp": at,
                    "Value": float(value),
                    "Unit": unit,
                }


def _dimensions(labels: Labels) -> list[dict[str, str]]:
    return [{"Name": name, "Value": _plain(f"{text}")} for name, text in labels.items()]


def _plain(text: str) -> str:
    """Return a text as CloudWatch takes it for a dimension: printable ASCII, not empty, anything else as '?'."""
    letters = text.encode("ascii", "replace").decode()[:_LENGTH]
    return "".join(letter if letter.isprintable() else "?" for letter in letters).strip() or "?"
