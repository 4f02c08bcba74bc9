"""What CloudWatch's documents forbid of published numbers, beyond what its model says."""

import math
from collections.abc import Iterator
from typing import Any

from leadscore_assets_tests.aws.strict import rule

_MOST_DATA = 1000
_MOST_VALUE = 2.0**360


@rule("PutMetricData")
def a_call_holds_a_thousand_data(request: dict[str, Any]) -> str | None:
    count = len(request.get("MetricData") or ())
    return None if 0 < count <= _MOST_DATA else f"{count} data; a call holds 1 to {_MOST_DATA}"


@rule("PutMetricData")
def a_namespace_is_not_of_aws(request: dict[str, Any]) -> str | None:
    name = request["Namespace"]
    return f"namespace {name} is AWS's own" if name.lower().startswith("aws/") else None


@rule("PutMetricData")
def a_datum_has_one_kind_of_value(request: dict[str, Any]) -> str | None:
    kinds = ("Value", "Values", "StatisticValues")
    wrong = [item["MetricName"] for item in _data(request) if sum(kind in item for kind in kinds) != 1]
    return f"{wrong[0]} needs exactly one of {', '.join(kinds)}" if wrong else None


@rule("PutMetricData")
def a_value_is_finite_and_not_huge(request: dict[str, Any]) -> str | None:
    values = [item.get("Value", 0.0) for item in _data(request)]
    wrong = [value for value in values if not math.isfinite(value) or abs(value) > _MOST_VALUE]
    return f"{wrong[0]} is no value that CloudWatch keeps" if wrong else None


@rule("PutMetricData")
def a_dimension_is_ascii_and_stands_once(request: dict[str, Any]) -> str | None:
    for item in _data(request):
        shown = item.get("Dimensions") or []
        names = [one["Name"] for one in shown]
        if len(set(names)) < len(names):
            return f"a dimension of {item['MetricName']} stands twice"
        for text in (text for one in shown for text in one.values()):
            if not text.isascii() or not text.isprintable() or not text.strip():
                return f"dimension {text!r} is not printable ASCII with something to see"
    return None


def _data(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from request.get("MetricData") or ()
