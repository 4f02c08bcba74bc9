"""What S3's documents forbid between the fields of a request, beyond what its model says."""

import re
from base64 import b64decode
from typing import Any

from leadscore_assets_tests.aws.strict import rule

_OBJECTS = ("PutObject", "GetObject", "HeadObject", "DeleteObject", "CreateMultipartUpload")
_PARTS = ("UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload")
_MOST_PARTS = 10_000


@rule(*_OBJECTS, *_PARTS, "ListObjectsV2")
def owner_is_an_account(request: dict[str, Any]) -> str | None:
    owner = request.get("ExpectedBucketOwner")
    return None if owner is None or re.fullmatch(r"\d{12}", owner) else f"{owner!r} is no account number"


@rule(*_OBJECTS, *_PARTS)
def key_is_short_and_plain(request: dict[str, Any]) -> str | None:
    key = request["Key"]
    if len(key.encode()) > 1024:
        return "a key has 1024 bytes at most"
    return f"{key!r} begins with '/'" if key.startswith("/") else None


@rule("PutObject", "CompleteMultipartUpload")
def one_condition_at_a_time(request: dict[str, Any]) -> str | None:
    if request.get("IfNoneMatch") and request.get("IfMatch"):
        return "IfMatch and IfNoneMatch exclude each other"
    return None if request.get("IfNoneMatch", "*") == "*" else "IfNoneMatch of a write is '*' or absent"


@rule("PutObject", "CreateMultipartUpload")
def key_of_kms_comes_with_its_kind(request: dict[str, Any]) -> str | None:
    named = request.get("SSEKMSKeyId") or request.get("BucketKeyEnabled")
    kind = request.get("ServerSideEncryption", "")
    return "a KMS key wants ServerSideEncryption aws:kms" if named and not kind.startswith("aws:kms") else None


@rule("PutObject", "UploadPart")
def checksum_is_of_its_algorithm(request: dict[str, Any]) -> str | None:
    told = request.get("ChecksumSHA256")
    if told is None:
        return None
    if request.get("ChecksumAlgorithm", "SHA256") != "SHA256":
        return "ChecksumSHA256 is not of ChecksumAlgorithm"
    return None if len(b64decode(told)) == 32 else "ChecksumSHA256 is no SHA-256 in base64"


@rule("UploadPart")
def part_has_a_number(request: dict[str, Any]) -> str | None:
    number = request["PartNumber"]
    return None if 1 <= number <= _MOST_PARTS else f"part {number} is not from 1 to {_MOST_PARTS}"


@rule("CompleteMultipartUpload")
def parts_ascend(request: dict[str, Any]) -> str | None:
    numbers = [part["PartNumber"] for part in request.get("MultipartUpload", {}).get("Parts", [])]
    if not numbers:
        return "an upload has one part at least"
    return None if numbers == sorted(set(numbers)) else "parts ascend"
