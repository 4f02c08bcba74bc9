"""The cache of S3's objects: bounded, and never without what is in use."""

import os
import time
from pathlib import Path

import pytest

from leadscore_assets.backends.aws.s3_cache import S3Cache
from leadscore_assets.backends.aws.s3_store import S3Store


@pytest.fixture
def cache(store: S3Store, tmp_path: Path) -> S3Cache:
    return S3Cache(store, tmp_path / "cache", most_bytes=100)


def unused_for(path: Path, seconds: float) -> Path:
    os.utime(path, (time.time() - seconds, path.stat().st_mtime))
    return path


def fetched(cache: S3Cache, store: S3Store, key: str) -> Path:
    store.put(key, key.encode().ljust(40))
    path = cache.path(key)
    assert path is not None
    return path


def test_what_was_not_used_for_longest_makes_room(cache: S3Cache, store: S3Store) -> None:
    older = unused_for(fetched(cache, store, "older"), 9000)
    oldest = unused_for(fetched(cache, store, "oldest"), 9999)

    fetched(cache, store, "new")

    assert older.exists()
    assert not oldest.exists()


def test_using_a_file_again_keeps_it(cache: S3Cache, store: S3Store) -> None:
    first, second = (unused_for(fetched(cache, store, key), 9000) for key in ("first", "second"))
    before = first.stat()
    assert cache.path("first") == first

    fetched(cache, store, "new")

    assert first.stat().st_mtime_ns == before.st_mtime_ns
    assert not second.exists()


def test_what_is_in_use_stays_even_beyond_the_bound(cache: S3Cache, store: S3Store) -> None:
    paths = [fetched(cache, store, f"key{number}") for number in range(5)]

    assert all(path.exists() for path in paths)


def test_a_folder_makes_room_as_a_whole(cache: S3Cache, store: S3Store) -> None:
    for name in ("a", "b/c"):
        store.put(f"folder/{name}", b"x" * 60)
    folder = cache.folder("folder/")
    assert folder is not None
    unused_for(folder, 9999)

    fetched(cache, store, "new")

    assert not folder.exists()
    found = cache.folder("folder/")
    assert found is not None
    assert (found / "b" / "c").read_bytes() == b"x" * 60


def test_a_copy_that_was_cut_short_is_fetched_again(cache: S3Cache, store: S3Store) -> None:
    path = fetched(cache, store, "key")
    path.write_bytes(b"")

    assert cache.path("key") == path
    assert path.read_bytes() == b"key".ljust(40)


def test_nothing_unfinished_stays_behind(cache: S3Cache, store: S3Store, tmp_path: Path) -> None:
    path = fetched(cache, store, "key")

    assert cache.path("nothing") is None
    assert cache.folder("nothing/") is None
    assert list((tmp_path / "cache").iterdir()) == [path]
