"""A place where transform jobs run in the emulator: a bucket's objects, bundles in it, a role and an image."""

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets_tests.aws.conftest import BUCKET

_START = "site/"


@dataclass(frozen=True)
class Stored:
    content: bytes


@dataclass(frozen=True)
class BucketObjects:
    account: Account

    def uri(self, key: str) -> str:
        return f"s3://{BUCKET}/{_START}{key}"

    def get(self, key: str) -> Stored | None:
        try:
            return Stored(self.account.call("s3", "get_object", Bucket=BUCKET, Key=_START + key)["Body"].read())
        except AwsRefused as error:
            if error.code != "NoSuchKey":
                raise
            return None

    def put(self, key: str, content: bytes) -> str | None:
        return str(self.account.call("s3", "put_object", Bucket=BUCKET, Key=_START + key, Body=content)["ETag"])


@dataclass(frozen=True)
class ArchivedBundles:
    """Bundles here, and as archives in the bucket."""

    kept: LocalBundles
    objects: BucketObjects

    def path(self, digest: str) -> Path:
        return self.kept.path(digest)

    def uri(self, digest: str) -> str:
        key, content = f"bundles/{digest}/model.tar.gz", io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as tar:
            for path in sorted(self.kept.path(digest).iterdir()):
                tar.add(path, path.name)
        self.objects.put(key, content.getvalue())
        return self.objects.uri(key)


@dataclass(frozen=True)
class Site:
    role: str = "arn:aws:iam::123456789012:role/leadscore"
    image: str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/leadscore-serving:1"
    kms_key: str | None = None
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
