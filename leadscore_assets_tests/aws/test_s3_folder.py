"""Objects as files: the contract of every store of files, for a folder of a bucket and for the lake in it."""

from pathlib import Path

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.s3_folder import S3Folder
from leadscore_assets.backends.aws.s3_lake import S3Lake
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.waiting import Patience
from leadscore_assets_tests.aws.conftest import BUCKET, OWNER
from leadscore_assets_tests.backends.test_files import FileStoreContract, Write

HASTE = Patience(interval=0.02, deadline=0.1)


class TestS3Folder(FileStoreContract):
    @pytest.fixture
    def bucket(self, account: Account) -> S3Store:
        found = S3Store(account, BUCKET, "site", owner=OWNER)
        found.put("elsewhere/x", b"not of this folder")
        return found

    @pytest.fixture
    def store(self, bucket: S3Store) -> S3Folder:
        return S3Folder(bucket, "training/")

    @pytest.fixture
    def write(self, bucket: S3Store) -> Write:
        return lambda path, content: bucket.put(f"training/{path}", content)


class TestS3LakeAsFiles(FileStoreContract):
    @pytest.fixture
    def store(self, store: S3Store, tmp_path: Path) -> S3Lake:
        return S3Lake(store, tmp_path / "cache", patience=HASTE)

    @pytest.fixture
    def write(self, store: S3Lake) -> Write:
        return store.write_bytes

    def test_locks_are_no_files_of_the_lake(self, store: S3Lake) -> None:
        with store.lock("week-1"):
            assert list(store.files()) == []
