"""What a generation of a SageMaker endpoint counted: CloudWatch's metrics, the log's lines, and the captured pairs.

What is older than ten minutes is counted once and remembered beside the record, so that a look reads minutes, not the
whole history; what is younger is read at every look, as CloudWatch and capture are late.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.endpoint_agreement import Pairing
from leadscore_assets.backends.aws.endpoint_record import Generation
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.aws.requests_metrics import (
    MOST_QUERIES,
    added_up,
    metric_request,
    questions,
    variant_counts,
)
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.ports import Captures
from leadscore_assets.domain.capture_policy import CapturePolicy
from leadscore_assets.domain.facts import Record, Variant
from leadscore_assets.domain.serving_counts import INVALID_OUTPUT, Agreement, ServingCounts

_LATE = timedelta(minutes=10)
_AT_ONCE = timedelta(hours=6)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Counted(Record):
    """What was counted of a generation until a full minute, for good."""

    generation: int
    until: datetime
    counts: ServingCounts


class EndpointCounts:
    """The counts of one endpoint; `labels` is the range of the contract's label."""

    def __init__(
        self,
        account: Account,
        store: S3Store,
        name: str,
        *,
        captures: Captures,
        capture: CapturePolicy,
        labels: tuple[float, float],
        now: Callable[[], datetime],
    ) -> None:
        self._account = account
        self._store = store
        self._name = name
        self._key = f"endpoint/{name}/counted.json"
        self._pairing = Pairing(captures, labels, whole=capture.percent >= 100)
        self._now = now

    def of(self, generation: Generation) -> ServingCounts:
        """Return what was counted of a generation, from the first full minute in which it alone was in service."""
        empty = ServingCounts(f"{generation.number}")
        if generation.since is None:
            return empty
        now, start = _minute(self._now()), _minute(generation.since) + _MINUTE
        kept = self._kept(generation) or Counted(generation.number, start, empty)
        while kept.until < now - _LATE:
            until = min(kept.until + _AT_ONCE, now - _LATE)
            found = self._between(generation, kept.until, until, final=True)
            kept = replace(kept, until=until, counts=kept.counts.merge(found))
            self._store.put(self._key, json.dumps(kept.to_json()).encode())
        if kept.until >= now:
            return kept.counts
        return kept.counts.merge(self._between(generation, kept.until, now, final=False))

    def _kept(self, generation: Generation) -> Counted | None:
        """Return what was counted before; None where nothing was, or what is there cannot be read."""
        found = self._store.get(self._key)
        if found is None:
            return None
        try:
            kept = Counted.from_json(json.loads(found.content))
        except (AttributeError, KeyError, TypeError, ValueError):
            return None
        return kept if kept.generation == generation.number else None

    def _between(self, generation: Generation, first: datetime, last: datetime, *, final: bool) -> ServingCounts:
        heavy = [item for item in generation.variants if item.weight > 0]
        shadow = [generation.shadow] if generation.shadow else []
        prefixes = {item.name: f"v{place}" for place, item in enumerate((*heavy, *shadow))}
        sums = self._sums(prefixes, first, last)
        found = [
            variant_counts(item, sums, prefix=prefixes[item.name], invalid=self._invalid(item, first, last))
            for item in (*heavy, *shadow)
        ]
        agreement = self._pairing.between(first, last, final=final) if shadow else Agreement()
        return ServingCounts(
            f"{generation.number}",
            tuple(found[: len(heavy)]),
            shadow=found[-1] if shadow else None,
            agreement=agreement,
            captured=agreement.mirrored,
        )

    def _sums(self, prefixes: dict[str, str], first: datetime, last: datetime) -> dict[str, float]:
        queries = [query for name, prefix in prefixes.items() for query in questions(self._name, name, prefix=prefix)]
        results: list[dict[str, Any]] = []
        for place in range(0, len(queries), MOST_QUERIES):
            request = metric_request(queries[place : place + MOST_QUERIES], first, last)
            results += self._account.pages("cloudwatch", "get_metric_data", "MetricDataResults", **request)
        return added_up(results)

    def _invalid(self, variant: Variant, first: datetime, last: datetime) -> int:
        """Count the log's lines about answers that were no scores."""
        lines = self._account.pages(
            "logs",
            "filter_log_events",
            "events",
            logGroupName=f"/aws/sagemaker/Endpoints/{self._name}",
            logStreamNamePrefix=f"{variant.name}/",
            filterPattern=f'"{INVALID_OUTPUT}"',
            startTime=round(first.timestamp() * 1000),
            endTime=round(last.timestamp() * 1000) - 1,
        )
        try:
            return sum(1 for _ in lines)
        except AwsRefused as error:
            if error.code == "ResourceNotFoundException":
                # Nothing was ever logged.
                return 0
            raise


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
