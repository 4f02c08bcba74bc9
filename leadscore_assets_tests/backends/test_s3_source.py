"""An S3 prefix as a source: one list call tells what changed, and what did not change is not read again."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from uuid import uuid4

import pyarrow.csv as pcsv
import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.delta_storage import storage_options
from leadscore_assets.backends.aws.errors import AwsRefused, AwsUnavailable
from leadscore_assets.backends.aws.s3_files import S3File, find_objects
from leadscore_assets.backends.aws.s3_source import s3_source
from leadscore_assets.backends.sources.file_index import FileCache
from leadscore_assets.backends.sources.files_source import read_sample
from leadscore_assets.backends.sources.notes import Notes
from leadscore_assets.domain.errors import InvalidInput, TransientError
from leadscore_assets_tests.aws.conftest import BUCKET, REGION
from leadscore_assets_tests.aws.strict import strict_session
from leadscore_assets_tests.backends.source_worlds import CONTRACT, lead, parquet_of, table_of

FIRST, SECOND = date(2026, 1, 5), date(2026, 1, 12)
ONE, TWO = [lead("A", "2026-01-05T00:00:00")], [lead("B", "2026-01-12T00:00:00")]


@pytest.fixture
def prefix(bucket: Account) -> str:
    return f"crm/{uuid4().hex}"


def put(account: Account, key: str, body: bytes) -> None:
    account.call("s3", "put_object", Bucket=BUCKET, Key=key, Body=body)


@contextmanager
def heads(account: Account) -> Iterator[list[str]]:
    """Collect the keys whose content was read: after each reading the object is asked whether it is still the same."""
    seen: list[str] = []

    def note(params: dict[str, str], **_: object) -> None:
        seen.append(params["Key"].rsplit("/", 1)[-1])

    events = account.client("s3").meta.events
    events.register("provide-client-params.s3.HeadObject", note)
    try:
        yield seen
    finally:
        events.unregister("provide-client-params.s3.HeadObject", note)


def test_every_kind_of_file_below_the_prefix_is_read_in_the_order_of_names(bucket: Account, prefix: str) -> None:
    content = tmp_csv(ONE)
    for name, body in [
        ("b.csv", content),
        ("a/x.parquet", parquet_of(TWO)),
        ("_SUCCESS", b""),
        ("_temporary/y.parquet", b"half"),
        (".hidden.csv", b"x"),
        ("notes.txt", b"x"),
        ("folder/", b""),
    ]:
        put(bucket, f"{prefix}/{name}", body)
    put(bucket, f"{prefix}-other/z.csv", content)
    found = find_objects(bucket, f"s3://{BUCKET}/{prefix}", "auto")
    assert [(file.name, file.kind) for file in found] == [("a/x.parquet", "parquet"), ("b.csv", "csv")]
    assert [file.name for file in find_objects(bucket, f"s3://{BUCKET}/{prefix}/", "csv")] == ["b.csv"]
    assert [file.name for file in find_objects(bucket, f"s3://{BUCKET}/{prefix}/b.csv", "auto")] == ["b.csv"]
    table = read_sample(found, place=prefix)
    assert table.select(["lead_id", "__file", "__row"]).to_pylist() == [
        {"lead_id": "B", "__file": "a/x.parquet", "__row": 1},
        {"lead_id": "A", "__file": "b.csv", "__row": 2},
    ]


def tmp_csv(rows: list[dict[str, object]]) -> bytes:
    import io

    sink = io.BytesIO()
    pcsv.write_csv(table_of(rows), sink)
    return sink.getvalue()


def test_what_did_not_change_is_not_read_again(bucket: Account, prefix: str) -> None:
    put(bucket, f"{prefix}/1.parquet", parquet_of(ONE))
    put(bucket, f"{prefix}/2.parquet", parquet_of(TWO))
    source = s3_source(bucket, f"s3://{BUCKET}/{prefix}/", contract=CONTRACT)
    with heads(bucket) as read:
        before = source.weeks()
        assert sorted(read) == ["1.parquet", "2.parquet"]
        assert source.weeks() == before
        put(bucket, f"{prefix}/2.parquet", parquet_of([TWO[0] | {"visits": 8}]))
        after = source.weeks()
    assert read[2:] == ["2.parquet"]
    assert after[FIRST] == before[FIRST]
    assert after[SECOND] != before[SECOND]


def test_another_process_reads_only_what_changed_since_it_was_noted(
    bucket: Account, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scattered = [ONE[0], TWO[0], lead("C", "2026-01-06T00:00:00")]
    put(bucket, f"{prefix}/1.parquet", parquet_of(scattered))
    put(bucket, f"{prefix}/2.parquet", parquet_of(TWO))

    def fresh() -> object:
        # A process that begins knows nothing but the notes.
        monkeypatch.setattr("leadscore_assets.backends.sources.files_source._CACHE", FileCache())
        uri = f"s3://{BUCKET}/{prefix}/"
        notes = Notes(tmp_path / "notes", address=uri, created_at="created_at")
        return s3_source(bucket, uri, contract=CONTRACT, notes=notes)

    with heads(bucket) as read:
        before = fresh().weeks()
        assert len(read) == 2
        assert fresh().weeks() == before
        assert len(read) == 2
        assert fresh().read(FIRST).table["lead_id"].to_pylist() == ["A", "C"]
        assert read[2:] == ["1.parquet"]
    [path] = (tmp_path / "notes").iterdir()
    path.write_text("{ damaged")
    assert fresh().weeks() == before


def test_an_object_that_changes_while_it_is_read_is_to_be_tried_again(bucket: Account, prefix: str) -> None:
    put(bucket, f"{prefix}/1.parquet", parquet_of(ONE))
    [file] = find_objects(bucket, f"s3://{BUCKET}/{prefix}/", "auto")
    put(bucket, f"{prefix}/1.parquet", parquet_of(TWO))
    with pytest.raises(TransientError, match="changed while it was read"):
        FileCache().index(file, "created_at")
    bucket.call("s3", "delete_object", Bucket=BUCKET, Key=f"{prefix}/1.parquet")
    with pytest.raises(TransientError, match=r"1\.parquet is gone"):
        FileCache().index(file, "created_at")
    with pytest.raises(TransientError, match=r"1\.parquet is gone"):
        file.stamp(again=True)


def test_a_damaged_object_is_named(bucket: Account, prefix: str) -> None:
    put(bucket, f"{prefix}/1.parquet", b"no parquet at all")
    with pytest.raises(InvalidInput, match=rf"s3://{BUCKET}/{prefix}/1\.parquet is no Parquet file or is damaged"):
        s3_source(bucket, f"s3://{BUCKET}/{prefix}/", contract=CONTRACT).weeks()
    put(bucket, f"{prefix}/1.parquet", b"")
    with pytest.raises(InvalidInput, match="is empty"):
        s3_source(bucket, f"s3://{BUCKET}/{prefix}/", contract=CONTRACT).weeks()


@pytest.mark.parametrize(
    ("name", "uri", "said"),
    [
        ("notes.txt", "", r"holds no \.parquet, \.csv and \.csv\.gz object, only notes\.txt; put leads there"),
        ("none", "/nowhere/", "only nothing"),
        ("_delta_log/00000000000000000000.json", "/", 'is a Delta table; name it with .source. kind = "delta"'),
    ],
)
def test_a_prefix_without_leads_is_told(bucket: Account, prefix: str, name: str, uri: str, said: str) -> None:
    put(bucket, f"{prefix}/{name}", b"x")
    with pytest.raises(InvalidInput, match=said):
        find_objects(bucket, f"s3://{BUCKET}/{prefix}{uri}", "auto")


def test_a_bucket_that_is_not_there_and_a_network_that_is_not_there_are_told(bucket: Account) -> None:
    with pytest.raises(AwsRefused, match="NoSuchBucket"):
        find_objects(bucket, "s3://nobodys-bucket/x/", "auto")
    lost = Account(region=REGION, endpoint_url="http://127.0.0.1:9", session=strict_session(REGION), attempts=1)
    with pytest.raises(AwsUnavailable, match="was not reached"):
        find_objects(lost, f"s3://{BUCKET}/x/", "auto")
    file = S3File(lost, BUCKET, "x/1.csv", "1.csv", "csv", (1, "e", "t"))
    assert isinstance(file.lost(OSError("AWS Error NETWORK_CONNECTION during HeadObject")), AwsUnavailable)
    assert isinstance(file.lost(OSError("AWS Error ACCESS_DENIED during GetObject")), AwsRefused)
    assert file.lost(OSError("Couldn't deserialize thrift")) is None


def test_the_expected_owner_is_asked_for(bucket: Account, prefix: str) -> None:
    put(bucket, f"{prefix}/1.parquet", parquet_of(ONE))
    asked: list[str] = []

    def note(params: dict[str, str], **_: object) -> None:
        asked.append(params["ExpectedBucketOwner"])

    events = bucket.client("s3").meta.events
    events.register("provide-client-params.s3.ListObjectsV2", note)
    try:
        find_objects(bucket, f"s3://{BUCKET}/{prefix}/", "auto", owner="123456789012")
    finally:
        events.unregister("provide-client-params.s3.ListObjectsV2", note)
    assert asked == ["123456789012"]


def test_arrow_and_delta_reach_s3_where_boto3_does(bucket: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Account(region=REGION, session=strict_session(REGION))
    assert plain.s3_endpoint() is None
    assert "AWS_ENDPOINT_URL" not in storage_options(plain)
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(bucket.endpoint_url))
    chained = Account(region=REGION, session=strict_session(REGION))
    assert chained.s3_endpoint() == bucket.endpoint_url
    assert storage_options(chained) == storage_options(bucket)
    put(bucket, "here", b"x")
    with chained.filesystem().open_input_file(f"{BUCKET}/here") as file:
        assert file.read() == b"x"


def test_an_account_does_not_show_its_secrets(bucket: Account) -> None:
    assert "testing-secret" in storage_options(bucket).values()
    assert "testing-secret" not in f"{bucket!r} {bucket}"
