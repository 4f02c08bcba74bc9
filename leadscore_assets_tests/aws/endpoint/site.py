"""A SageMaker endpoint of the emulated account."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.captures import S3Captures
from leadscore_assets.backends.aws.endpoint import SageMakerEndpoint
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.aws.requests_endpoint import EndpointPlace
from leadscore_assets.backends.aws.s3_bundles import S3Bundles
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.waiting import Patience
from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets.domain.capture_policy import CapturePolicy
from leadscore_assets.domain.facts import Variant
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets_tests.aws import rules_endpoint
from leadscore_assets_tests.aws.conftest import BUCKET
from leadscore_assets_tests.aws.emulated_endpoints import World
from leadscore_assets_tests.aws.emulator import Emulator

assert rules_endpoint
PREFIX = "site"
NAME = "leadscore"
PLACE = EndpointPlace(
    role="arn:aws:iam::123456789012:role/leadscore",
    image="123456789012.dkr.ecr.us-east-1.amazonaws.com/leadscore:1",
    bucket=f"s3://{BUCKET}/{PREFIX}",
    tags={"team": "leads"},
)
RESOURCES = ResourcesPolicy(bake_seconds=120)
QUICK = Patience(interval=0.001, deadline=30)
OLD = Variant("primary", "a" * 64, 1)
NEW = Variant("primary", "b" * 64, 2)
CANDIDATE = Variant("candidate", "b" * 64, 2, 0.25)
SHADOW = Variant("shadow", "b" * 64, 2, 0.0)
PREVIOUS = Variant("previous", "a" * 64, 1, 0.0)
CANARY = (replace(OLD, weight=0.75), CANDIDATE)
Make = Callable[..., SageMakerEndpoint]


class WatchedCaptures(S3Captures):
    """The bucket's captures, and the times that were read."""

    def __init__(self, store: S3Store) -> None:
        super().__init__(store, endpoint=NAME)
        self.reads: list[tuple[datetime, datetime]] = []

    def read(self, first: datetime, last: datetime) -> Iterator[pa.Table]:
        self.reads.append((first, last))
        return super().read(first, last)


@dataclass
class Site:
    """One emulated account with what an endpoint needs."""

    account: Account
    store: S3Store
    emulator: Emulator
    folder: Path

    def __post_init__(self) -> None:
        self.world: World = self.emulator.state["endpoints"]
        self.captures = WatchedCaptures(self.store)
        self.bundles = S3Bundles(self.store, LocalBundles(self.folder / "bundles"))
        self.prepare()

    def prepare(self) -> None:
        """Make the bucket, where it is gone, and put the hollow models' bundles into it."""
        with suppress(AwsRefused):
            self.account.call("s3", "create_bucket", Bucket=BUCKET)
        for digest in (OLD.digest, NEW.digest):
            self.store.put(f"bundles/{digest}/model.tar.gz", b"hollow")

    def make(self, **change: Any) -> SageMakerEndpoint:
        """Return the endpoint, as another process would open it."""
        chosen: dict[str, Any] = {
            "name": NAME,
            "place": PLACE,
            "resources": RESOURCES,
            "capture": CapturePolicy(),
            "bundles": self.bundles,
            "captures": self.captures,
            "labels": (1.0, 5.0),
            "patience": QUICK,
            "now": self.world.metrics.clock.now,
            **change,
        }
        return SageMakerEndpoint(self.account, self.store, **chosen)

    def record(self) -> dict[str, Any]:
        """What is written down of the endpoint."""
        return self.document("desired.json")

    def document(self, name: str) -> dict[str, Any]:
        """Read one of the endpoint's documents, which must be there."""
        found = self.store.get(f"endpoint/{NAME}/{name}")
        assert found
        content: dict[str, Any] = json.loads(found.content)
        return content

    def alarms(self) -> set[str]:
        """The names of the alarms there are."""
        return {item["AlarmName"] for item in self.account.pages("cloudwatch", "describe_alarms", "MetricAlarms")}

    def ask(self, count: int = 1, **headers: str) -> list[str]:
        """Send requests and return the variants that answered."""
        found = []
        for at in range(count):
            answer = self.account.call(
                "sagemaker-runtime",
                "invoke_endpoint",
                EndpointName=NAME,
                Body=b'{"lead_id": "x"}',
                ContentType="application/json",
                **{"InferenceId": f"lead-{at}", **headers},
            )
            answer["Body"].read()
            found.append(answer["InvokedProductionVariant"])
        return found
