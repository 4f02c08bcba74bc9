"""Objects below a prefix of the test's bucket, over the account's own calls."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets_tests.aws.conftest import BUCKET


@dataclass(frozen=True)
class Facts:
    etag: str


@dataclass(frozen=True)
class Stored:
    facts: Facts
    content: bytes


class BucketObjects:
    """What adapters ask of a bucket."""

    def __init__(self, account: Account, prefix: str = "team") -> None:
        self._account, self._start = account, f"{prefix}/"

    def uri(self, key: str) -> str:
        return f"s3://{BUCKET}/{self._start}{key}"

    def get(self, key: str) -> Stored | None:
        try:
            answer = self._account.call("s3", "get_object", Bucket=BUCKET, Key=self._start + key)
        except AwsRefused as error:
            if error.code == "NoSuchKey":
                return None
            raise
        return Stored(Facts(answer["ETag"]), answer["Body"].read())

    def put(self, key: str, content: bytes, *, only_new: bool = False, instead_of: str | None = None) -> str | None:
        condition: dict[str, Any] = {"IfMatch": instead_of} if instead_of else {"IfNoneMatch": "*"} if only_new else {}
        try:
            place = {"Bucket": BUCKET, "Key": self._start + key}
            return str(self._account.call("s3", "put_object", **place, Body=content, **condition)["ETag"])
        except AwsRefused as error:
            if error.code in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
                return None
            raise

    def list(self, prefix: str) -> Iterator[tuple[str, str]]:
        request = {"Bucket": BUCKET, "Prefix": self._start + prefix}
        for item in self._account.pages("s3", "list_objects_v2", "Contents", **request):
            yield item["Key"].removeprefix(self._start), item["ETag"]

    def folders(self, prefix: str, *, after: str) -> Iterator[str]:
        request = {"Bucket": BUCKET, "Prefix": self._start + prefix, "StartAfter": self._start + after}
        for item in self._account.pages("s3", "list_objects_v2", "CommonPrefixes", Delimiter="/", **request):
            yield item["Prefix"].removeprefix(self._start)
