"""Objects in S3: conditions, checksums, parts, owners, and what a lost connection does."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused, AwsUnavailable
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.waiting import Patience, await_end
from leadscore_assets.domain.errors import PermanentError
from leadscore_assets_tests.aws import rules_s3
from leadscore_assets_tests.aws.conftest import BUCKET, OWNER, REGION
from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.aws.strict import RULES, Inadmissible

PART = 5 << 20


class Body(io.BytesIO):
    """An answer's body, as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


_UPLOADER = """
import sys
from pathlib import Path
from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.s3_store import S3Store
url, region, bucket, path = sys.argv[1:]
S3Store(Account(region=region, endpoint_url=url), bucket, "site", part_bytes=5 << 20).upload("large", Path(path))
"""


def test_an_object_comes_back_as_it_was_written_with_its_facts(store: S3Store) -> None:
    etag = store.put("a/b", b"bytes")

    found = store.get("a/b")

    assert found is not None
    assert (found.content, found.facts.key, found.facts.etag, found.facts.size) == (b"bytes", "a/b", etag, 5)
    assert abs((found.facts.asked - found.facts.modified).total_seconds()) < 60
    assert found.facts.sha256 == sha256(b"bytes").hexdigest()
    assert store.uri("a/b") == "s3://leadscore-test/site/a/b"


def test_what_is_not_there_is_none_and_may_be_deleted(store: S3Store, tmp_path: Path) -> None:
    store.delete("nothing")

    assert store.get("nothing") is None
    assert store.head("nothing") is None
    assert store.download("nothing", tmp_path / "file") is None


def test_keys_are_told_below_the_prefix_in_order(store: S3Store, account: Account) -> None:
    for key in ("b/2", "a/1", "b/1", "bc"):
        store.put(key, b"")
    account.call("s3", "put_object", Bucket=BUCKET, Key="other/b/3", Body=b"")

    assert [key for key, _ in store.objects("b/")] == ["b/1", "b/2"]
    assert list(store.folders("", after="a/")) == ["b/"]


def test_a_store_may_be_a_whole_bucket(account: Account) -> None:
    store = S3Store(account, BUCKET, "/")
    store.put("key", b"")

    assert [key for key, _ in store.objects("")] == ["key"]
    assert store.uri("key") == "s3://leadscore-test/key"


def test_one_of_many_writers_of_a_new_object_wins(store: S3Store) -> None:
    assert len(_winners(lambda number: store.put("key", b"%d" % number, only_new=True))) == 1


def test_one_of_many_writers_over_the_same_version_wins(store: S3Store) -> None:
    before = store.put("key", b"before")

    winners = _winners(lambda number: store.put("key", b"%d" % number, instead_of=before))

    found = store.get("key")
    assert len(winners) == 1
    assert found is not None
    assert winners == {int(found.content): found.facts.etag}


def test_a_version_that_is_gone_is_not_replaced(store: S3Store) -> None:
    before = store.put("key", b"before")
    store.delete("key")

    assert store.put("key", b"after", instead_of=before) is None
    assert store.get("key") is None


@pytest.mark.parametrize("size", [100, 2 * PART + 100], ids=["one request", "parts"])
def test_a_file_is_written_whole_and_only_once(store: S3Store, tmp_path: Path, size: int) -> None:
    path = _file(tmp_path / "file", size)

    etag = store.upload_once("key", path)

    assert store.upload("key", path, only_new=True) is None
    assert store.upload_once("key", path) == etag
    facts = store.download("key", tmp_path / "back")
    assert facts is not None
    assert facts.etag == etag
    assert (tmp_path / "back").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("size", [100, 2 * PART + 100], ids=["one request", "parts"])
def test_a_file_that_was_damaged_in_the_bucket_is_replaced(store: S3Store, tmp_path: Path, size: int) -> None:
    store.put("key", b"rotten")

    etag = store.upload_once("key", _file(tmp_path / "file", size))

    found = store.head("key")
    assert found is not None
    assert (found.etag, found.size) == (etag, size)


def test_every_request_names_the_owner_and_what_is_written_names_the_key(
    account: Account, tmp_path: Path, calls: list[tuple[str, dict[str, Any]]]
) -> None:
    sealed = S3Store(account, BUCKET, "site", owner=OWNER, kms_key="alias/leads", part_bytes=PART)
    sealed.put("small", b"x")
    sealed.upload("large", _file(tmp_path / "file", PART + 1))
    sealed.upload("large", tmp_path / "file", only_new=True)
    sealed.get("small"), sealed.head("small"), sealed.download("small", tmp_path / "back")
    list(sealed.objects("")), list(sealed.folders("", after=""))
    sealed.delete("small")

    assert {name for name, _ in calls} == {
        *("PutObject", "GetObject", "HeadObject", "DeleteObject", "ListObjectsV2"),
        *("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload"),
    }
    assert {request.get("ExpectedBucketOwner") for _, request in calls} == {OWNER}
    written = [request for name, request in calls if name in ("PutObject", "CreateMultipartUpload")]
    assert {(item["ServerSideEncryption"], item["SSEKMSKeyId"]) for item in written} == {("aws:kms", "alias/leads")}


@pytest.mark.parametrize(
    "use",
    [
        lambda store, path: store.get("key"),
        lambda store, path: store.head("key"),
        lambda store, path: store.download("key", path),
        lambda store, path: store.put("key", b"lead data"),
        lambda store, path: store.upload("key", _file(path, PART + 1)),
        lambda store, path: list(store.objects("")),
        lambda store, path: list(store.folders("", after="")),
        lambda store, path: store.delete("key"),
    ],
    ids=["get", "head", "download", "put", "upload", "objects", "folders", "delete"],
)
def test_a_bucket_of_somebody_else_is_refused_and_left_alone(
    use: Callable[[S3Store, Path], Any], account: Account, store: S3Store, tmp_path: Path
) -> None:
    store.put("key", b"theirs")
    stranger = S3Store(account, BUCKET, "site", owner="999999999999", part_bytes=PART)

    with pytest.raises(
        PermanentError, match=r"leadscore-test does not belong to account 999999999999: look at \[aws\]"
    ):
        use(stranger, tmp_path / "file")

    found = store.get("key")
    assert found is not None
    assert found.content == b"theirs"


def test_a_bucket_that_does_not_exist_says_what_to_do(account: Account) -> None:
    with pytest.raises(AwsRefused, match=r"NoSuchBucket.*name a bucket that exists"):
        S3Store(account, "no-such-bucket", "site").put("key", b"")


def test_bytes_that_do_not_fit_their_sum_are_not_stored(account: Account) -> None:
    with pytest.raises(AwsRefused, match="BadDigest"):
        account.call("s3", "put_object", Bucket=BUCKET, Key="x", Body=b"x", ChecksumSHA256="A" * 43 + "=")


@pytest.mark.parametrize(("broken", "told"), [(2, None), (3, "was not reached")], ids=["twice", "for ever"])
def test_a_transfer_that_breaks_begins_again_and_gives_up_in_the_end(
    store: S3Store, account: Account, tmp_path: Path, broken: int, told: str | None
) -> None:
    store.put("key", b"all of it")
    left = [b"all"] * broken
    headers = {"Content-Length": "9", "ETag": '"x"', "Last-Modified": "Mon, 19 Jan 2026 00:00:00 GMT"}

    def cut_short(request: Any, **_: Any) -> AWSResponse | None:
        return AWSResponse(request.url, 200, headers, Body(left.pop())) if left else None

    account.client("s3").meta.events.register("before-send.s3.GetObject", cut_short)

    if told:
        with pytest.raises(AwsUnavailable, match=told):
            store.download("key", tmp_path / "file")
    else:
        store.download("key", tmp_path / "file")
        assert (tmp_path / "file").read_bytes() == b"all of it"
    assert left == []


def test_an_upload_that_fails_leaves_no_parts(account: Account, tmp_path: Path) -> None:
    store = S3Store(account, BUCKET, "site", part_bytes=PART)

    def refuse(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, 403, {}, Body(b"<Error><Code>AccessDenied</Code></Error>"))

    account.client("s3").meta.events.register("before-send.s3.CompleteMultipartUpload", refuse)
    with pytest.raises(AwsRefused, match="complete_multipart_upload"):
        store.upload("large", _file(tmp_path / "file", PART + 1))

    assert _uploads(account) == []
    assert store.head("large") is None


def test_an_uploader_that_is_killed_leaves_nothing_visible(
    emulator: Emulator, account: Account, store: S3Store, tmp_path: Path
) -> None:
    path = _file(tmp_path / "file", 60 * PART)
    command = [sys.executable, "-c", _UPLOADER, emulator.url, REGION, BUCKET, str(path)]
    with subprocess.Popen(command) as uploader:
        await_end(lambda: _uploads(account) or None, what="the upload", patience=Patience(interval=0.01, deadline=60))
        uploader.kill()

    assert uploader.returncode == -9
    assert store.head("large") is None
    assert list(store.objects("")) == []
    assert store.upload_once("large", _file(tmp_path / "again", PART + 1))


@pytest.mark.parametrize(
    ("operation", "request_", "told"),
    [
        ("get_object", {"ExpectedBucketOwner": "me"}, "is no account number"),
        ("put_object", {"Key": "/a"}, "begins with '/'"),
        ("head_object", {"Key": "a" * 1025}, "1024 bytes at most"),
        ("put_object", {"IfMatch": "x", "IfNoneMatch": "*"}, "exclude each other"),
        ("put_object", {"IfNoneMatch": "x"}, r"is '\*' or absent"),
        ("put_object", {"SSEKMSKeyId": "alias/x"}, "wants ServerSideEncryption"),
        ("create_multipart_upload", {"BucketKeyEnabled": True}, "wants ServerSideEncryption"),
        ("put_object", {"ChecksumSHA256": "AAAA"}, "is no SHA-256"),
        ("put_object", {"ChecksumSHA256": "AAAA", "ChecksumAlgorithm": "CRC32"}, "is not of ChecksumAlgorithm"),
        ("upload_part", {"UploadId": "u", "PartNumber": 10_001}, "is not from 1 to 10000"),
        ("complete_multipart_upload", {"UploadId": "u", "MultipartUpload": {"Parts": []}}, "one part at least"),
        (
            "complete_multipart_upload",
            {"UploadId": "u", "MultipartUpload": {"Parts": [{"PartNumber": 2}, {"PartNumber": 1}]}},
            "parts ascend",
        ),
    ],
)
def test_a_request_that_s3_forbids_is_not_sent(
    account: Account, operation: str, request_: dict[str, Any], told: str
) -> None:
    with pytest.raises(Inadmissible, match=told):
        account.call("s3", operation, **{"Bucket": BUCKET, "Key": "key", **request_})


def test_the_rules_of_s3_hold() -> None:
    assert rules_s3.one_condition_at_a_time in RULES["PutObject"]
    assert rules_s3.one_condition_at_a_time({"IfNoneMatch": "*"}) is None


def _file(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.write(b"begin")
        file.truncate(size)
    return path


def _winners(write: Callable[[int], str | None]) -> dict[int, str]:
    together = Barrier(6)

    def enter(number: int) -> str | None:
        together.wait(timeout=30)
        return write(number)

    with ThreadPoolExecutor(6) as pool:
        return {number: etag for number, etag in enumerate(pool.map(enter, range(6))) if etag}


def _uploads(account: Account) -> list[str]:
    answer = account.call("s3", "list_multipart_uploads", Bucket=BUCKET)
    return [item["Key"] for item in answer.get("Uploads", [])]
