"""The bundle store's contract, and what holds for the local one."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets.backends.ports import BundleStore
from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Missing
from leadscore_assets_tests.backends.bundle_files import make_bundle

_ADDER = """
import sys
from pathlib import Path
from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets_tests.backends.bundle_files import make_bundle
store = LocalBundles(Path(sys.argv[1]) / "store")
for number in range(1_000_000):
    folder = Path(sys.argv[1]) / f"source{number}"
    make_bundle(folder, content=sys.argv[2] + str(number))
    print(store.add(folder), flush=True)
"""


class BundleStoreContract:
    """What every bundle store keeps to; an adapter's tests derive from it and give the fixture `store`."""

    def test_an_added_bundle_is_found_by_its_digest(self, store: BundleStore, tmp_path: Path) -> None:
        digest = make_bundle(tmp_path / "source")

        assert store.add(tmp_path / "source") == digest
        assert bundle.verify(store.path(digest), digest=digest) == digest
        assert list(store.digests()) == [digest]

    def test_the_source_is_given_up(self, store: BundleStore, tmp_path: Path) -> None:
        make_bundle(tmp_path / "source")

        store.add(tmp_path / "source")

        assert not (tmp_path / "source").exists()

    def test_adding_twice_is_adding_once(self, store: BundleStore, tmp_path: Path) -> None:
        digest = make_bundle(tmp_path / "source")
        store.add(tmp_path / "source")
        make_bundle(tmp_path / "source")

        assert store.add(tmp_path / "source") == digest
        assert list(store.digests()) == [digest]
        assert not (tmp_path / "source").exists()

    def test_a_damaged_source_is_refused_and_nothing_is_kept(self, store: BundleStore, tmp_path: Path) -> None:
        make_bundle(tmp_path / "source")
        (tmp_path / "source" / bundle.MODEL).write_bytes(b"other")

        with pytest.raises(CorruptArtefact, match=r"model\.ubj is not what was written"):
            store.add(tmp_path / "source")

        assert list(store.digests()) == []
        assert (tmp_path / "source").is_dir()

    def test_an_unknown_digest_is_missing(self, store: BundleStore) -> None:
        with pytest.raises(Missing, match=r"bundle abababababab is not in .*; train its week again"):
            store.path("ab" * 32)

    @pytest.mark.parametrize("digest", ["", "..", "../" + "ab" * 32, "ab" * 31, "AB" * 32])
    def test_what_is_no_digest_is_no_path(self, digest: str, store: BundleStore) -> None:
        with pytest.raises(InvalidInput, match="is no bundle digest"):
            store.path(digest)

    def test_an_empty_store_has_no_digests(self, store: BundleStore) -> None:
        assert list(store.digests()) == []

    def test_a_bundle_is_listed_as_one_thing_and_removed_whole(self, store: BundleStore, tmp_path: Path) -> None:
        digests = sorted(_added(store, tmp_path / "source", content=f"model {number}") for number in range(2))
        assert [item.path for item in store.files()] == digests
        assert all(item.size > 100 for item in store.files())

        for _ in range(2):
            store.remove(digests[0])

        assert list(store.digests()) == digests[1:]
        with pytest.raises(Missing, match="is not in"):
            store.path(digests[0])
        assert bundle.verify(store.path(digests[1])) == digests[1]

    def test_a_removed_bundle_can_be_added_again(self, store: BundleStore, tmp_path: Path) -> None:
        digest = _added(store, tmp_path / "source")
        store.remove(digest)

        assert _added(store, tmp_path / "source") == digest
        assert bundle.verify(store.path(digest)) == digest

    @pytest.mark.parametrize("name", ["", "..", "ab" * 31, "../" + "ab" * 32])
    def test_nothing_but_a_bundle_is_removed(self, name: str, store: BundleStore) -> None:
        with pytest.raises(InvalidInput, match="is no bundle"):
            store.remove(name)


def _added(store: BundleStore, folder: Path, **made: str) -> str:
    make_bundle(folder, **made)
    return store.add(folder)


class TestLocalBundles(BundleStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalBundles:
        return LocalBundles(tmp_path / "store")

    def test_a_bundle_that_was_damaged_where_it_is_kept_is_healed_by_adding_it_again(
        self, store: LocalBundles, tmp_path: Path
    ) -> None:
        digest = make_bundle(tmp_path / "source")
        store.add(tmp_path / "source")
        (store.path(digest) / bundle.MODEL).write_bytes(b"rotten")
        make_bundle(tmp_path / "source")

        store.add(tmp_path / "source")

        assert bundle.verify(store.path(digest)) == digest
        assert list(store.digests()) == [digest]

    def test_what_was_set_aside_as_damaged_is_listed_and_can_be_removed(
        self, store: LocalBundles, tmp_path: Path
    ) -> None:
        digest = _added(store, tmp_path / "source")
        (store.path(digest) / bundle.MODEL).write_bytes(b"rotten")
        _added(store, tmp_path / "source")
        aside = [item.path for item in store.files() if item.path.endswith(".damaged")]
        assert len(aside) == 1

        store.remove(aside[0])

        assert [path.name for path in (tmp_path / "store").iterdir()] == [digest]

    @pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
    def test_a_bundle_from_another_file_system_is_copied_whole(self, store: LocalBundles, tmp_path: Path) -> None:
        source = Path("/dev/shm") / tmp_path.name / "source"
        digest = make_bundle(source)
        try:
            assert store.add(source) == digest
            assert bundle.verify(store.path(digest)) == digest
            assert not source.exists()
            assert [path.name for path in (tmp_path / "store").iterdir()] == [digest]
        finally:
            shutil.rmtree(source.parent)

    def test_a_process_that_is_killed_while_adding_leaves_only_whole_bundles(self, tmp_path: Path) -> None:
        for turn in range(4):
            command = [sys.executable, "-c", _ADDER, str(tmp_path), f"turn {turn} "]
            adder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert adder.stdout is not None
            with adder.stdout as lines:
                acknowledged = [lines.readline().strip() for _ in range(3 + turn)]
                adder.send_signal(signal.SIGKILL)
            adder.wait(timeout=30)
            for source in tmp_path.glob("source*"):
                shutil.rmtree(source)

            store = LocalBundles(tmp_path / "store")
            kept = list(store.digests())
            assert set(acknowledged) <= set(kept)
            assert [bundle.verify(store.path(digest)) for digest in kept] == kept
