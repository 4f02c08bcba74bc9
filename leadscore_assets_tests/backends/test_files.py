"""What every store of files keeps to when it is listed and cleaned, and what holds for a folder of this machine."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadscore_assets.backends.local.files import LocalFiles
from leadscore_assets.backends.local.lake import LocalLake
from leadscore_assets.backends.ports import FileStore
from leadscore_assets.domain.errors import InvalidInput

Write = Callable[[str, bytes], object]


class FileStoreContract:
    """An adapter's tests derive from it and give `store`, and `write` (path, bytes), which stores a file in it."""

    def test_what_is_stored_is_listed_with_its_size_and_time(self, store: FileStore, write: Write) -> None:
        for path in ("b/two.json", "a.json", "b/deep/er.bin"):
            write(path, path.encode())

        found = list(store.files())

        assert [(item.path, item.size) for item in found] == [("a.json", 6), ("b/deep/er.bin", 13), ("b/two.json", 10)]
        assert all(abs(item.at - datetime.now(UTC)) < timedelta(minutes=5) for item in found)

    def test_only_what_lies_below_a_folder_is_listed(self, store: FileStore, write: Write) -> None:
        for path in ("week=1/x", "week=10/x", "week=1/y/z"):
            write(path, b"x")

        assert [item.path for item in store.files("week=1")] == ["week=1/x", "week=1/y/z"]
        assert list(store.files("week=2")) == []

    def test_an_empty_store_lists_nothing(self, store: FileStore) -> None:
        assert list(store.files()) == []

    def test_what_is_removed_is_gone_and_all_else_stays(self, store: FileStore, write: Write) -> None:
        write("a/one", b"1")
        write("a/two", b"2")

        store.remove("a/one")

        assert [item.path for item in store.files()] == ["a/two"]

    def test_removing_twice_is_removing_once(self, store: FileStore, write: Write) -> None:
        write("a/one", b"1")

        for _ in range(2):
            store.remove("a/one")

        store.remove("never/was")
        assert list(store.files()) == []

    @pytest.mark.parametrize("path", ["", "..", "../x", "/tmp/x", "a/../../x"])
    def test_nothing_outside_is_removed_or_listed(self, path: str, store: FileStore) -> None:
        with pytest.raises(InvalidInput, match="leads out of the lake"):
            store.remove(path)
        if path:
            with pytest.raises(InvalidInput, match="leads out of the lake"):
                list(store.files(path))


class TestLocalFiles(FileStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalFiles:
        return LocalFiles(tmp_path / "root")

    @pytest.fixture
    def write(self, tmp_path: Path) -> Write:
        return lambda path, content: _written(tmp_path / "root" / path, content)

    def test_empty_folders_go_with_their_last_file_but_never_the_root(
        self, store: LocalFiles, write: Write, tmp_path: Path
    ) -> None:
        write("a/b/c", b"x")
        write("a/d", b"x")

        store.remove("a/b/c")
        assert not (tmp_path / "root" / "a" / "b").exists()
        store.remove("a/d")

        assert list((tmp_path / "root").iterdir()) == []

    def test_a_link_to_a_folder_outside_is_not_followed(self, store: LocalFiles, write: Write, tmp_path: Path) -> None:
        _written(tmp_path / "elsewhere" / "precious", b"x")
        write("own", b"x")
        (tmp_path / "root" / "way").symlink_to(tmp_path / "elsewhere")

        assert [item.path for item in store.files()] == ["own"]
        with pytest.raises(InvalidInput, match="leads out"):
            store.remove("way/precious")
        assert (tmp_path / "elsewhere" / "precious").is_file()


class TestLocalLakeAsFiles(FileStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalLake:
        return LocalLake(tmp_path / "lake")

    @pytest.fixture
    def write(self, store: LocalLake) -> Write:
        return store.write_bytes

    def test_locks_are_no_files_of_the_lake(self, store: LocalLake) -> None:
        with store.lock("week-1"):
            assert list(store.files()) == []

    def test_an_unfinished_file_is_listed(self, store: LocalLake, write: Write, tmp_path: Path) -> None:
        write("a/whole", b"x")
        (tmp_path / "lake" / "a" / f".{'0' * 32}.tmp").write_bytes(b"half")

        assert [item.path for item in store.files()] == [f"a/.{'0' * 32}.tmp", "a/whole"]


def _written(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
