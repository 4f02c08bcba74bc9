"""Bundles in S3: the contract of every bundle store, and what holds where machines share it."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.backends.aws.s3_bundles import S3Bundles
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.bundle_archive import pack
from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets_tests.backends.bundle_files import make_bundle
from leadscore_assets_tests.backends.test_bundles import BundleStoreContract


@pytest.fixture
def bundles(store: S3Store, tmp_path: Path) -> S3Bundles:
    return S3Bundles(store, LocalBundles(tmp_path / "cache"))


def elsewhere(store: S3Store, tmp_path: Path) -> S3Bundles:
    return S3Bundles(store, LocalBundles(tmp_path / "another machine"))


def added(bundles: S3Bundles, folder: Path) -> str:
    make_bundle(folder)
    return bundles.add(folder)


class TestS3Bundles(BundleStoreContract):
    @pytest.fixture
    def store(self, store: S3Store, tmp_path: Path) -> S3Bundles:
        return S3Bundles(store, LocalBundles(tmp_path / "cache"))


def test_what_one_machine_adds_another_uses(bundles: S3Bundles, store: S3Store, tmp_path: Path) -> None:
    digest = added(bundles, tmp_path / "source")

    other = elsewhere(store, tmp_path)

    assert list(other.digests()) == [digest]
    assert bundle.verify(other.path(digest)) == digest


def test_a_bundle_is_one_archive_that_sagemaker_can_be_given(
    bundles: S3Bundles, store: S3Store, tmp_path: Path
) -> None:
    digest = added(bundles, tmp_path / "source")

    assert bundles.uri(digest) == f"s3://leadscore-test/site/bundles/{digest}/model.tar.gz"
    assert [key for key, _ in store.objects("")] == [f"bundles/{digest}/model.tar.gz"]


def test_only_whole_names_are_bundles(bundles: S3Bundles, store: S3Store, tmp_path: Path) -> None:
    digest = added(bundles, tmp_path / "source")
    for key in (f"bundles/{'ab' * 32}/other", "bundles/ab/model.tar.gz", f"bundles/{'cd' * 32}"):
        store.put(key, b"")

    assert list(bundles.digests()) == [digest]


@pytest.mark.parametrize("damage", ["rotten", "another"])
def test_a_bundle_that_was_damaged_in_the_bucket_is_refused_and_healed_by_adding_it_again(
    damage: str, bundles: S3Bundles, store: S3Store, tmp_path: Path
) -> None:
    digest = added(bundles, tmp_path / "source")
    make_bundle(tmp_path / "wrong", content="another")
    pack(tmp_path / "wrong", tmp_path / "another")
    (tmp_path / "rotten").write_bytes(b"rotten")
    store.upload(f"bundles/{digest}/model.tar.gz", tmp_path / damage)
    other = elsewhere(store, tmp_path)
    with pytest.raises(CorruptArtefact, match="restore it from a backup"):
        other.path(digest)

    assert added(bundles, tmp_path / "source") == digest

    assert bundle.verify(other.path(digest)) == digest


def test_a_whole_bundle_that_was_packed_otherwise_is_left_as_it_is(
    bundles: S3Bundles, store: S3Store, tmp_path: Path
) -> None:
    digest = make_bundle(tmp_path / "source")
    shutil.make_archive(str(tmp_path / "packed"), "gztar", tmp_path / "source")
    etag = store.upload(f"bundles/{digest}/model.tar.gz", tmp_path / "packed.tar.gz")

    bundles.add(tmp_path / "source")

    found = store.head(f"bundles/{digest}/model.tar.gz")
    assert found is not None
    assert found.etag == etag
    assert bundle.verify(elsewhere(store, tmp_path).path(digest)) == digest


def test_a_copy_that_was_damaged_on_this_disk_is_fetched_again(bundles: S3Bundles, tmp_path: Path) -> None:
    digest = added(bundles, tmp_path / "source")
    (bundles.path(digest) / bundle.MODEL).write_bytes(b"rotten")

    assert bundle.verify(bundles.path(digest)) == digest


def test_a_bundle_is_fetched_once(
    bundles: S3Bundles, store: S3Store, tmp_path: Path, calls: list[tuple[str, Any]]
) -> None:
    digest = added(bundles, tmp_path / "source")
    other = elsewhere(store, tmp_path)
    calls.clear()

    assert other.path(digest) == other.path(digest)
    assert bundles.path(digest).is_dir()

    assert [name for name, _ in calls] == ["GetObject"]


def test_many_that_fetch_a_bundle_at_once_find_it_whole(bundles: S3Bundles, store: S3Store, tmp_path: Path) -> None:
    digest = added(bundles, tmp_path / "source")

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: bundle.verify(elsewhere(store, tmp_path).path(digest)), range(4)))

    assert found == [digest] * 4
    assert [path.name for path in (tmp_path / "another machine").iterdir()] == [digest]


def test_a_bundle_that_was_never_added_names_the_bucket(bundles: S3Bundles) -> None:
    with pytest.raises(Missing, match=r"bundle abababababab is not in s3://leadscore-test/site/bundles/; train"):
        bundles.path("ab" * 32)
