"""Leads below an S3 prefix: one list call says what changed, and only what changed is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused, AwsUnavailable
from leadscore_assets.backends.sources.source_file import READ, Format, Kind, Stamp, kind_of, may_hold_leads
from leadscore_assets.domain.errors import InvalidInput, LeadscoreError, TransientError

_GONE = frozenset({"404", "NoSuchKey", "NotFound"})
_DELTA_LOG = "_delta_log"
_REFUSALS = (
    "ACCESS_DENIED",
    "NO_SUCH_BUCKET",
    "RESOURCE_NOT_FOUND",
    "INVALID_ACCESS_KEY_ID",
    "SIGNATURE_DOES_NOT_MATCH",
)


@dataclass(frozen=True)
class S3File:
    """An object of leads; `name` is its key below the source's prefix."""

    account: Account
    bucket: str
    key: str
    name: str
    kind: Kind
    seen: tuple[int, str, str]

    @property
    def place(self) -> str:
        """Where the object lies, for messages."""
        return f"s3://{self.bucket}/{self.key}"

    def stamp(self, *, again: bool = False) -> Stamp:
        """Return the object's size, ETag and time as they were listed, or as they are now; TransientError if gone."""
        return (self.place, *(self._now() if again else self.seen))

    def open(self) -> Any:
        """Return the object opened through Arrow's own S3 file system: only what is asked for is fetched."""
        try:
            return self.account.filesystem().open_input_file(f"{self.bucket}/{self.key}")
        except OSError as error:
            raise self.lost(error) or error from None

    def lost(self, error: OSError) -> LeadscoreError | None:
        """Return what Arrow's S3 file system could not do, None where the object's content is at fault."""
        told = str(error).splitlines()[0]
        if isinstance(error, FileNotFoundError):
            return TransientError(f"{self.place} is gone; try again once it is written")
        if "AWS Error" not in told:
            return None
        if any(code in told for code in _REFUSALS):
            return AwsRefused(f"{self.place} may not be read: {told}; give this identity s3:GetObject there", code="")
        return AwsUnavailable(f"{self.place} could not be read: {told}; try again", code="")

    def _now(self) -> tuple[int, str, str]:
        try:
            found = self.account.call("s3", "head_object", Bucket=self.bucket, Key=self.key)
        except AwsRefused as error:
            if error.code not in _GONE:
                raise
            raise TransientError(f"{self.place} is gone; try again once it is written") from None
        return _seen(found, size=found["ContentLength"])


def find_objects(account: Account, uri: str, format: Format, *, owner: str | None = None) -> list[S3File]:  # noqa: A002
    """Return the objects of leads that an S3 URI names: one object, or all below a prefix, sorted by name.

    `owner` is the account that the bucket must belong to. Raises InvalidInput where there are none to read, where the
    prefix is a Delta table, and AwsError where AWS refuses or cannot be reached.
    """
    bucket, key = split_uri(uri)
    single = bool(key) and not key.endswith("/") and kind_of(key) is not None
    prefix = key if single or not key else f"{key.rstrip('/')}/"
    listed = list(_listed(account, bucket, prefix, owner))
    found = [_file(account, bucket, item, prefix, format) for item in listed if not single or item["Key"] == key]
    files = [file for file in found if file]
    if any(_of_delta_log(item["Key"].removeprefix(prefix)) for item in listed):
        raise InvalidInput(f'{uri} is a Delta table; name it with [source] kind = "delta" (init: --data delta+{uri})')
    if not files:
        wanted = READ if format == "auto" else f".{format}"
        others = ", ".join(sorted(item["Key"].rsplit("/", 1)[-1] for item in listed)[:3]) or "nothing"
        raise InvalidInput(f"{uri} holds no {wanted} object, only {others}; put leads there or name another prefix")
    return sorted(files, key=lambda file: file.name)


def split_uri(uri: str) -> tuple[str, str]:
    """Return the bucket and key of s3://bucket/key."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _listed(account: Account, bucket: str, prefix: str, owner: str | None) -> Iterator[dict[str, Any]]:
    request: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
    if owner:
        request["ExpectedBucketOwner"] = owner
    yield from account.pages("s3", "list_objects_v2", "Contents", **request)


def _file(account: Account, bucket: str, item: dict[str, Any], prefix: str, format: Format) -> S3File | None:  # noqa: A002
    key: str = item["Key"]
    *folders, last = (key.removeprefix(prefix) or key.rsplit("/", 1)[-1]).split("/")
    kind = kind_of(last)
    if not last or last.startswith(".") or not all(may_hold_leads(name) for name in folders):
        return None
    if kind is None or format not in ("auto", kind):
        return None
    return S3File(account, bucket, key, "/".join([*folders, last]), kind, _seen(item, size=item["Size"]))


def _seen(item: dict[str, Any], *, size: int) -> tuple[int, str, str]:
    # A head and a list tell the time with another precision; whole seconds are what both know.
    return (size, item["ETag"].strip('"'), f"{item['LastModified']:%Y-%m-%dT%H:%M:%SZ}")


def _of_delta_log(name: str) -> bool:
    return name.startswith(f"{_DELTA_LOG}/") and name.endswith(".json")
