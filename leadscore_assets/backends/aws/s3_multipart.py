"""A large file sent to S3 in parts: nothing is visible before the last part is there, and a failure leaves no parts.

What a killed process leaves behind is invisible; the bucket's lifecycle rule for incomplete uploads removes it.
"""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.domain.errors import LeadscoreError

log = logging.getLogger(__name__)
PART_BYTES = 64 << 20
_AT_ONCE = 4


def upload_in_parts(
    account: Account,
    path: Path,
    *,
    place: Mapping[str, Any],
    sealed: Mapping[str, Any],
    conditions: Mapping[str, str],
    part_bytes: int,
) -> str:
    """Send a file to a place (bucket, key, owner) and return the object's ETag.

    `sealed` says how it is encrypted. Raises AwsRefused when a condition is not met at the end.
    """
    made = account.call("s3", "create_multipart_upload", **place, **sealed, ChecksumAlgorithm="SHA256")
    upload = {**place, "UploadId": made["UploadId"]}
    try:
        numbers = range(1, -(-path.stat().st_size // part_bytes) + 1)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            parts = list(pool.map(partial(_send, account, path, upload, part_bytes), numbers))
        done = account.call("s3", "complete_multipart_upload", **upload, **conditions, MultipartUpload={"Parts": parts})
    except BaseException:
        _abort(account, upload)
        raise
    return str(done["ETag"])


def _send(account: Account, path: Path, upload: Mapping[str, Any], part_bytes: int, number: int) -> dict[str, Any]:
    with path.open("rb") as file:
        file.seek((number - 1) * part_bytes)
        content = file.read(part_bytes)
    answer = account.call("s3", "upload_part", **upload, PartNumber=number, Body=content, ChecksumAlgorithm="SHA256")
    told = ("ETag", "ChecksumSHA256")
    return {"PartNumber": number} | {name: answer[name] for name in told if name in answer}


def _abort(account: Account, upload: Mapping[str, Any]) -> None:
    try:
        account.call("s3", "abort_multipart_upload", **upload)
    except LeadscoreError as error:
        log.warning("parts of %s stay until the bucket's lifecycle rule removes them: %s", upload["Key"], error)
