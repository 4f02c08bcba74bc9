"""Objects below one prefix of an S3 bucket: read, written whole or on a condition, listed, deleted.

Every request names the account that the bucket must belong to, where one is given. Bytes travel with their SHA-256, so
S3 itself refuses what was damaged on the way and tells later what it holds.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused, AwsUnavailable
from leadscore_assets.backends.aws.s3_multipart import PART_BYTES, upload_in_parts
from leadscore_assets.domain.digests import file_digest
from leadscore_assets.domain.facts import StoredFile

Answer = TypeVar("Answer")
_ABSENT = frozenset({"NoSuchKey", "404"})
# An object that went away meanwhile does not meet an ETag either.
_UNMET = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
_FORBIDDEN = frozenset({"AccessDenied", "403"})
_CHUNK = 1 << 20
_READS = 3


@dataclass(frozen=True)
class ObjectFacts:
    """What S3 says of an object: its key below the prefix, size in bytes, SHA-256 (hex, where S3 knows it), its times.

    `asked` is S3's clock when it answered; beside `modified` it gives an age that no clock of ours touches.
    """

    key: str
    etag: str
    size: int
    modified: datetime
    asked: datetime
    sha256: str | None


@dataclass(frozen=True)
class StoredObject:
    """An object's facts and its bytes."""

    facts: ObjectFacts
    content: bytes


class S3Store:
    """The objects of `s3://bucket/prefix/`; keys are given below the prefix.

    `owner` is the number of the account that the bucket must belong to. `kms_key` encrypts what is written; without one
    the bucket's own default does. Files larger than `part_bytes` are sent in parts.
    """

    def __init__(
        self,
        account: Account,
        bucket: str,
        prefix: str,
        *,
        owner: str | None = None,
        kms_key: str | None = None,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._account, self._bucket, self._owner = account, bucket, owner
        self._start = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._owned = {"Bucket": bucket} | ({"ExpectedBucketOwner": owner} if owner else {})
        self._sealed: dict[str, Any] = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key, "BucketKeyEnabled": True} if kms_key else {}
        )
        self._part_bytes = part_bytes

    def uri(self, key: str) -> str:
        """Return a key's address, as SageMaker and people know it."""
        return f"s3://{self._bucket}/{self._start}{key}"

    def get(self, key: str) -> StoredObject | None:
        """Return an object whole, None where there is none."""
        with self._opened(key) as answer:
            return None if answer is None else StoredObject(_facts(key, answer), answer["Body"].read())

    def head(self, key: str) -> ObjectFacts | None:
        """Return an object's facts, None where there is none."""
        with self._refusals():
            request = {**self._place(key), "ChecksumMode": "ENABLED"}
            answer = _unless(_ABSENT, lambda: self._account.call("s3", "head_object", **request))
        return None if answer is None else _facts(key, answer)

    def download(self, key: str, path: Path) -> ObjectFacts | None:
        """Write an object to a file and return its facts, None where there is none; a broken transfer begins again."""
        for _ in range(_READS - 1):
            try:
                return self._download(key, path)
            except AwsUnavailable:
                continue
        return self._download(key, path)

    def put(self, key: str, content: bytes, *, only_new: bool = False, instead_of: str | None = None) -> str | None:
        """Write an object in one request and return its ETag; None when a condition is not met.

        `only_new` wants that there is no such object yet, `instead_of` that the object there still has this ETag.
        """
        conditions = {"IfMatch": instead_of} if instead_of else _only_new(only_new)
        return self._put(key, content, sha256(content).hexdigest(), conditions)

    def upload(self, key: str, path: Path, *, only_new: bool = False) -> str | None:
        """Write an object from a file and return its ETag, None when there is one already and it must be new.

        Whatever its size, it is seen when it is whole and not before.
        """
        if path.stat().st_size <= self._part_bytes:
            with path.open("rb") as file:
                return self._put(key, file, file_digest(path), _only_new(only_new))
        place, conditions = self._place(key), _only_new(only_new)
        with self._refusals():
            return _unless(
                _UNMET,
                lambda: upload_in_parts(
                    self._account,
                    path,
                    place=place,
                    sealed=self._sealed,
                    conditions=conditions,
                    part_bytes=self._part_bytes,
                ),
            )

    def upload_once(self, key: str, path: Path) -> str:
        """Write a file to a key that names its content and return the ETag; one that holds other bytes is replaced."""
        etag = self.upload(key, path, only_new=True)
        if etag is not None:
            return etag
        kept = self.head(key)
        if kept is not None and (kept.sha256 or self._digest(key)) == file_digest(path):
            return kept.etag
        return str(self.upload(key, path))

    def objects(self, prefix: str, *, after: str = "") -> Iterator[tuple[str, str]]:
        """Yield key and ETag of every object whose key starts with a prefix, in order, from behind `after` on."""
        request = {**self._owned, "Prefix": self._start + prefix}
        if after:
            request["StartAfter"] = self._start + after
        with self._refusals():
            for item in self._account.pages("s3", "list_objects_v2", "Contents", **request):
                yield item["Key"].removeprefix(self._start), item["ETag"]

    def listed(self, prefix: str) -> Iterator[StoredFile]:
        """Yield key, size and time of every object whose key starts with a prefix, in the order of the keys."""
        request = {**self._owned, "Prefix": self._start + prefix}
        with self._refusals():
            for item in self._account.pages("s3", "list_objects_v2", "Contents", **request):
                yield StoredFile(item["Key"].removeprefix(self._start), item["Size"], item["LastModified"])

    def folders(self, prefix: str, *, after: str) -> Iterator[str]:
        """Yield what keys have up to the next '/' behind a prefix, once each and in order, from behind `after` on."""
        request = {**self._owned, "Prefix": self._start + prefix, "StartAfter": self._start + after, "Delimiter": "/"}
        with self._refusals():
            for item in self._account.pages("s3", "list_objects_v2", "CommonPrefixes", **request):
                yield item["Prefix"].removeprefix(self._start)

    def delete(self, key: str) -> None:
        """Delete an object; deleting what is not there is deleting nothing."""
        with self._refusals():
            self._account.call("s3", "delete_object", **self._place(key))

    def _place(self, key: str) -> dict[str, str]:
        return {**self._owned, "Key": self._start + key}

    @contextmanager
    def _opened(self, key: str) -> Iterator[dict[str, Any] | None]:
        request = {**self._place(key), "ChecksumMode": "ENABLED"}
        with self._refusals(), self._account.errors("s3", "get_object"):
            yield _unless(_ABSENT, lambda: self._account.call("s3", "get_object", **request))

    def _download(self, key: str, path: Path) -> ObjectFacts | None:
        with path.open("wb") as file, self._opened(key) as answer:
            for chunk in answer["Body"].iter_chunks(_CHUNK) if answer else ():
                file.write(chunk)
        return _facts(key, answer) if answer else None

    def _digest(self, key: str) -> str | None:
        found = sha256()
        with self._opened(key) as answer:
            for chunk in answer["Body"].iter_chunks(_CHUNK) if answer else ():
                found.update(chunk)
        return found.hexdigest() if answer else None

    def _put(self, key: str, body: bytes | BinaryIO, digest: str, conditions: dict[str, str]) -> str | None:
        checksum = b64encode(bytes.fromhex(digest)).decode()
        request = {**self._place(key), **self._sealed, **conditions, "Body": body}
        sums = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": checksum}
        with self._refusals():
            answer = _unless(_UNMET, lambda: self._account.call("s3", "put_object", **request, **sums))
        return None if answer is None else str(answer["ETag"])

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Say of a refusal that the bucket may be somebody else's: S3 answers both alike."""
        try:
            yield
        except AwsRefused as error:
            if error.code not in _FORBIDDEN or self._owner is None:
                raise
            told = f"or {self._bucket} does not belong to account {self._owner}: look at [aws] bucket and owner"
            raise AwsRefused(f"{error}; {told}", code=error.code) from error


def _only_new(wanted: bool) -> dict[str, str]:
    return {"IfNoneMatch": "*"} if wanted else {}


def _unless(codes: frozenset[str], call: Callable[[], Answer]) -> Answer | None:
    """Make a call and return its answer, None where AWS refuses it with one of the codes."""
    try:
        return call()
    except AwsRefused as error:
        if error.code in codes:
            return None
        raise


def _facts(key: str, answer: dict[str, Any]) -> ObjectFacts:
    checksum = answer.get("ChecksumSHA256", "")
    # The sum over the sums of parts, written with their number, says nothing of the whole.
    whole = b64decode(checksum).hex() if checksum and "-" not in checksum else None
    return ObjectFacts(
        key=key,
        etag=answer["ETag"],
        size=answer["ContentLength"],
        modified=answer["LastModified"],
        asked=parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]),
        sha256=whole,
    )
