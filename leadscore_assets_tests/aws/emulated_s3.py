"""What S3 does and moto does not, written from AWS's documents.

A request that names another owner than the bucket's is refused (403). A SHA-256 that does not fit the body is refused.
A condition and the write that it guards are one step, whoever else writes at that moment. The checksum of an object
that came in parts is told with the number of its parts.
"""

import functools
import threading
from base64 import b64encode
from hashlib import sha256
from typing import Any

from moto.s3.exceptions import S3AccessDeniedError, S3ClientError
from moto.s3.responses import S3Response

from leadscore_assets_tests.aws.emulator import Emulator

_writing = threading.RLock()


class _BadDigest(S3ClientError):
    def __init__(self) -> None:
        super().__init__("BadDigest", "The SHA256 you specified did not match the calculated checksum.")


def install(emulator: Emulator) -> None:
    """Put the rules around moto's answers, once a process."""
    if hasattr(S3Response, "emulated"):
        return
    S3Response.emulated = True
    S3Response._key_response = _around_objects(S3Response._key_response)
    S3Response._bucket_response = _around_buckets(S3Response._bucket_response)


def _around_buckets(answer: Any) -> Any:
    @functools.wraps(answer)
    def checked(self: S3Response, request: Any, url: str) -> Any:
        _require_owner(self, request, url)
        return answer(self, request, url)

    return checked


def _around_objects(answer: Any) -> Any:
    @functools.wraps(answer)
    def checked(self: S3Response, request: Any, url: str) -> Any:
        _require_owner(self, request, url)
        if request.method == "PUT":
            _require_checksum(self, request)
        if request.method in ("GET", "HEAD"):
            return _with_parts_told(self, request, answer(self, request, url))
        with _writing:
            return answer(self, request, url)

    return checked


def _require_owner(self: S3Response, request: Any, url: str) -> None:
    wanted = request.headers.get("x-amz-expected-bucket-owner")
    bucket = self.parse_bucket_name_from_url(request, url)
    if wanted and bucket and self.backend.get_bucket(bucket).account_id != wanted:
        raise S3AccessDeniedError


def _require_checksum(self: S3Response, request: Any) -> None:
    told = request.headers.get("x-amz-checksum-sha256")
    if told and b64encode(sha256(self.body or b"").digest()).decode() != told:
        raise _BadDigest


def _with_parts_told(self: S3Response, request: Any, answered: Any) -> Any:
    status, headers, body = answered
    name = "x-amz-checksum-sha256"
    if request.method != "HEAD" or "-" in headers.get(name, "-"):
        return answered
    key = self.backend.get_object(self.bucket_name, self.parse_key_name())
    if key is not None and key.checksum_type == "COMPOSITE":
        headers = {**headers, name: f"{headers[name]}-{key.checksum_parts}", "x-amz-checksum-type": "COMPOSITE"}
    return status, headers, body
