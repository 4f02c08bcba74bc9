"""Questions to CloudWatch about a variant's traffic, and their answers as the numbers of serving_counts.

Latencies are asked for as trimmed counts between every second of the domain's bounds, from half a millisecond upwards:
a bin of two is put where its upper half is, so that "half as slow again" is still four bins.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from leadscore_assets.domain.facts import Variant
from leadscore_assets.domain.serving_counts import LATENCY_BOUNDS, NO_LATENCIES, VariantCounts

MOST_QUERIES = 500
_NAMESPACE = "AWS/SageMaker"
_SUMS = ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors", "ModelLatency")
_EDGES = tuple(range(21, len(LATENCY_BOUNDS), 2))
# No answer takes longer: SageMaker gives up after a minute.
_BEYOND = 1_000_000_000
_MICRO = 1e6
_PERIOD = 60


def questions(endpoint: str, variant: str, *, prefix: str) -> list[dict[str, Any]]:
    """Return the queries of get_metric_data for a variant; their ids start with `prefix`."""
    asked = [(f"{prefix}s{place}", name, "Sum") for place, name in enumerate(_SUMS)]
    asked += [(f"{prefix}b{place}", "ModelLatency", f"TC({low}:{high})") for place, low, high in _ranges()]
    return [_query(endpoint, variant, *item) for item in asked]


def metric_request(queries: list[dict[str, Any]], first: datetime, last: datetime) -> dict[str, Any]:
    """Return a get_metric_data request for whole minutes from `first` to before `last`."""
    return {"MetricDataQueries": queries, "StartTime": first, "EndTime": last, "ScanBy": "TimestampAscending"}


def added_up(results: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return the sum over the minutes of each query, by its id."""
    found: dict[str, float] = {}
    for item in results:
        found[item["Id"]] = found.get(item["Id"], 0.0) + sum(item.get("Values", ()))
    return found


def variant_counts(variant: Variant, sums: Mapping[str, float], *, prefix: str, invalid: int) -> VariantCounts:
    """Return a variant's numbers; a request is a lead, as SageMaker cannot tell who asks a second time.

    Requests that the client got wrong (4xx) are counted apart. Any other answer that is no 2xx is an error, as is a
    model that does not answer.
    """
    asked, refused, failed, unanswered, latency = (sums.get(f"{prefix}s{place}", 0.0) for place in range(len(_SUMS)))
    requests = max(round(asked - refused), 0)
    errors = min(round(max(failed, unanswered - refused, invalid)), requests)
    bins = list(NO_LATENCIES)
    for place, _, _ in _ranges():
        bins[place] = round(sums.get(f"{prefix}b{place}", 0.0))
    return VariantCounts(
        variant.name,
        variant.digest,
        variant.version,
        requests=requests,
        errors=errors,
        invalid=min(invalid, errors),
        refused=round(refused),
        leads=requests,
        keys=requests,
        key_errors=errors,
        key_invalid=min(invalid, errors),
        latency_seconds=latency / _MICRO,
        latency_counts=tuple(bins),
        key_latency_counts=tuple(bins),
    )


def _ranges() -> list[tuple[int, int, int]]:
    """Return the domain's bin, and its range in microseconds (the lower end left out), of each trimmed count."""
    edges = [round(LATENCY_BOUNDS[place] * _MICRO) for place in _EDGES]
    inner = zip(_EDGES[1:], pairwise(edges), strict=True)
    return [
        (_EDGES[0], 0, edges[0]),
        *((place, low, high) for place, (low, high) in inner),
        (len(LATENCY_BOUNDS), edges[-1], _BEYOND),
    ]


def _query(endpoint: str, variant: str, name: str, metric: str, statistic: str) -> dict[str, Any]:
    place = {"EndpointName": endpoint, "VariantName": variant}
    dimensions = [{"Name": key, "Value": value} for key, value in place.items()]
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {"Namespace": _NAMESPACE, "MetricName": metric, "Dimensions": dimensions},
            "Period": _PERIOD,
            "Stat": statistic,
        },
    }
