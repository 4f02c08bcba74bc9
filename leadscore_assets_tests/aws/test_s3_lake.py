"""The lake in S3: the contract of every lake, and what holds where machines share it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.s3_lake import S3Lake
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.waiting import Patience
from leadscore_assets.backends.local.lake import LocalLake
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Missing
from leadscore_assets.domain.facts import DataFile
from leadscore_assets_tests.aws.conftest import BUCKET
from leadscore_assets_tests.backends.test_lake import UNDER, WEEK, LakeContract, leads, manifest, stored

HASTE = Patience(interval=0.02, deadline=0.1)


@pytest.fixture
def lake(store: S3Store, tmp_path: Path) -> S3Lake:
    return S3Lake(store, tmp_path / "cache", patience=HASTE)


class TestS3Lake(LakeContract):
    @pytest.fixture
    def overwrite(self, account: Account) -> Callable[[str, bytes], None]:
        """Somebody with another client writes into the bucket."""
        return lambda path, content: (
            account.call("s3", "put_object", Bucket=BUCKET, Key=f"site/lake/{path}", Body=content) and None
        )


def test_a_table_has_the_same_name_and_bytes_as_in_the_local_lake(lake: S3Lake, tmp_path: Path) -> None:
    local = LocalLake(tmp_path / "local")
    here, there = local.write_table(leads(), under=UNDER), lake.write_table(leads(), under=UNDER)

    assert here == there
    assert lake.local_path(there[0]).read_bytes() == local.local_path(here[0]).read_bytes()


def test_what_one_machine_writes_another_reads(lake: S3Lake, store: S3Store, tmp_path: Path) -> None:
    lake.publish(manifest(stored(lake, leads())))

    other = S3Lake(store, tmp_path / "another machine")

    found = other.manifest(WEEK)
    assert found is not None
    assert other.read_files(found.files).equals(leads())


def test_a_file_crosses_the_network_once(lake: S3Lake, store: S3Store, tmp_path: Path, calls: list[Any]) -> None:
    file = stored(lake, leads())
    other = S3Lake(store, tmp_path / "another machine")
    calls.clear()

    for columns in (["spend"], ["country"], None):
        lake.read_files([file], columns=columns)
        other.read_files([file], columns=columns)

    assert [name for name, _ in calls].count("GetObject") == 1
    assert [name for name, _ in calls].count("HeadObject") == 6


def test_a_copy_that_was_changed_on_this_disk_is_fetched_again(lake: S3Lake) -> None:
    file = stored(lake, leads())
    copy = lake.local_path(file.path)
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)

    assert lake.read_files([file]).equals(leads())


def test_a_file_that_vanished_from_the_bucket_is_refused_though_it_was_read_before(
    lake: S3Lake, store: S3Store
) -> None:
    file = stored(lake, leads())
    lake.read_files([file])
    store.delete(f"lake/{file.path}")

    with pytest.raises(CorruptArtefact, match=r"s3://leadscore-test/site/lake/.* is gone"):
        lake.read_files([file])


def test_a_stored_file_is_written_by_one_request_and_not_again(lake: S3Lake, calls: list[Any]) -> None:
    stored(lake, leads())
    first = [name for name, _ in calls]
    calls.clear()

    stored(lake, leads())

    assert first == ["PutObject"]
    assert [(name, request.get("IfNoneMatch")) for name, request in calls] == [("PutObject", "*"), ("HeadObject", None)]


def test_only_the_weeks_asked_for_are_listed_and_read(lake: S3Lake, calls: list[Any]) -> None:
    weeks = [WEEK + timedelta(weeks=number) for number in range(12)]
    for week in weeks:
        lake.publish(manifest(week=week))
    calls.clear()

    assert [item.week for item in lake.manifests(weeks[9], weeks[10])] == weeks[9:11]

    lists = [request for name, request in calls if name == "ListObjectsV2"]
    assert [item["StartAfter"] for item in lists] == [f"site/lake/leads/week={weeks[9]}"]
    assert [name for name, _ in calls].count("GetObject") == 2


def test_a_manifest_crosses_the_network_once_a_version(lake: S3Lake, calls: list[Any]) -> None:
    for number in range(3):
        lake.publish(manifest(week=WEEK + timedelta(weeks=number)))
    first = lake.manifests(WEEK, WEEK + timedelta(weeks=3))
    calls.clear()

    assert lake.manifests(WEEK, WEEK + timedelta(weeks=3)) == first
    assert [name for name, _ in calls] == ["ListObjectsV2"]

    lake.publish(replace(manifest(), generation=2))
    calls.clear()

    assert [item.generation for item in lake.manifests(WEEK, WEEK + timedelta(weeks=3))] == [2, 1, 1]
    assert [name for name, _ in calls] == ["ListObjectsV2", "GetObject"]


def test_a_manifest_whose_copy_on_this_disk_was_damaged_is_read_from_the_bucket(lake: S3Lake, tmp_path: Path) -> None:
    lake.publish(manifest())
    lake.manifests(WEEK, WEEK)
    for copy in (tmp_path / "cache").glob("*-manifest.json"):
        copy.write_bytes(b"{")

    assert lake.manifests(WEEK, WEEK) == [manifest()]


def test_bounds_that_are_no_mondays_are_kept(lake: S3Lake) -> None:
    weeks = [WEEK + timedelta(weeks=number) for number in range(4)]
    for week in weeks:
        lake.publish(manifest(week=week))

    found = lake.manifests(weeks[1] - timedelta(days=1), weeks[3] - timedelta(days=1))

    assert [item.week for item in found] == weeks[1:3]


def test_a_folder_is_there_with_all_its_files_under_their_names(lake: S3Lake) -> None:
    files = [stored(lake, leads(seed=seed)) for seed in (1, 2)]
    lake.write_json("leads/week=2026-01-19/deep/er/x.json", {"a": 1})

    folder = lake.local_path("leads/week=2026-01-19")

    held = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    names = {file.path.removeprefix("leads/week=2026-01-19/") for file in files}
    assert held == names | {"deep/er/x.json"}
    assert lake.local_path("leads/week=2026-01-19") == folder
    assert lake.holds("leads/week=2026-01-19")
    assert not lake.holds("leads/week=2026-01-1")


def test_a_folder_that_grew_is_told_anew(lake: S3Lake) -> None:
    lake.write_bytes("reports/a.html", b"a")
    before = lake.local_path("reports")
    lake.write_bytes("reports/b.html", b"b")

    assert {path.name for path in lake.local_path("reports").iterdir()} == {"a.html", "b.html"}
    assert {path.name for path in before.iterdir()} == {"a.html"}


def test_what_is_nowhere_is_missing(lake: S3Lake) -> None:
    with pytest.raises(Missing, match=r"reports/a\.html is not in the lake s3://leadscore-test/site/lake"):
        lake.local_path("reports/a.html")


def test_a_replaced_page_is_shown_as_it_is_now(lake: S3Lake) -> None:
    lake.write_bytes("reports/page.html", b"old")
    old = lake.local_path("reports/page.html")

    assert lake.write_bytes("reports/page.html", b"new") == "s3://leadscore-test/site/lake/reports/page.html"

    assert lake.local_path("reports/page.html").read_bytes() == b"new"
    assert old.read_bytes() == b"old"


def test_a_bad_name_is_no_lock(lake: S3Lake) -> None:
    with pytest.raises(InvalidInput, match="is no name"):
        lake.lock("a/b")


def test_files_are_asked_about_at_once_and_told_in_order(lake: S3Lake) -> None:
    files = [stored(lake, leads(3, seed=seed)) for seed in range(12)]
    wanted = [row["spend"] for seed in range(12) for row in leads(3, seed=seed).to_pylist()]

    assert lake.read_files(files)["spend"].to_pylist() == wanted
    assert lake.read_files(files[:1] * 2).num_rows == 6


def test_one_of_many_files_gone_is_named(lake: S3Lake) -> None:
    files = [stored(lake, leads(3, seed=seed)) for seed in range(3)]
    lost = DataFile(f"{UNDER}/part-lost.parquet", "ab" * 32, 1, WEEK)

    with pytest.raises(CorruptArtefact, match=r"part-lost\.parquet is gone"):
        lake.read_files([*files, lost])
