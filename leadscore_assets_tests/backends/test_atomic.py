"""Atomic writes: what a reader sees while others write, die, or run out of disk."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from leadscore_assets.backends.atomic import passing_folder, publish_folder, storage_errors, write_atomically
from leadscore_assets.domain.errors import InvalidInput, TransientError

_OVERWRITER = """
import sys
from pathlib import Path
from leadscore_assets.backends.atomic import write_atomically
target = Path(sys.argv[1])
for turn in range(1_000_000):
    write_atomically(target, bytes([65 + turn % 26]) * 200_000)
    print("written", flush=True)
"""


def _tree(folder: Path, content: str = "new") -> Path:
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file").write_text(content)
    return folder


def test_a_file_is_written_with_its_folders_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "file.bin"

    write_atomically(target, b"first")
    write_atomically(target, b"second")

    assert target.read_bytes() == b"second"
    assert list(target.parent.iterdir()) == [target]


def test_a_written_file_has_the_permissions_of_any_other_file(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")

    write_atomically(tmp_path / "atomic", b"")

    assert (tmp_path / "atomic").stat().st_mode == plain.stat().st_mode


def test_a_failed_write_leaves_the_old_content_and_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "taken" / "inside").mkdir(parents=True)

    with pytest.raises(InvalidInput, match="taken cannot be used"):
        write_atomically(tmp_path / "taken", b"content")

    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_writer_that_is_killed_never_leaves_half_a_file(tmp_path: Path) -> None:
    target = tmp_path / "file.bin"
    for _ in range(5):
        writer = subprocess.Popen([sys.executable, "-c", _OVERWRITER, str(target)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        with writer.stdout as lines:
            assert lines.readline() == "written\n"
            lines.readline()
            writer.send_signal(signal.SIGKILL)
        assert writer.wait(timeout=30) == -signal.SIGKILL

        content = target.read_bytes()
        assert len(content) == 200_000
        assert len(set(content)) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_a_full_disk_is_transient_and_says_what_to_do(tmp_path: Path) -> None:
    with (
        pytest.raises(TransientError, match="the disk is full; free some space"),
        storage_errors(tmp_path),
        Path("/dev/full").open("wb", buffering=0) as file,
    ):
        file.write(b"x")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS], ids=["access", "operation", "read-only"])
def test_a_missing_permission_names_the_path_and_the_remedy(number: int, tmp_path: Path) -> None:
    with (
        pytest.raises(InvalidInput, match=r"place cannot be used: .*; give yourself permission"),
        storage_errors(tmp_path / "place"),
    ):
        raise OSError(number, os.strerror(number))


def test_a_parent_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InvalidInput, match="cannot be used: Not a directory"):
        write_atomically(tmp_path / "file" / "below", b"x")


def test_a_folder_is_published_whole_and_its_temporary_name_is_gone(tmp_path: Path) -> None:
    publish_folder(_tree(tmp_path / "temporary"), tmp_path / "kept" / "target")

    assert (tmp_path / "kept" / "target" / "deep" / "file").read_text() == "new"
    assert not (tmp_path / "temporary").exists()


def test_publishing_the_same_content_again_is_done_already(tmp_path: Path) -> None:
    target = _tree(tmp_path / "target")
    inode = target.stat().st_ino

    publish_folder(_tree(tmp_path / "temporary"), target)

    assert target.stat().st_ino == inode
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


@pytest.mark.parametrize("other", ["older", "new and longer"])
def test_a_target_with_other_content_is_never_overwritten(other: str, tmp_path: Path) -> None:
    target = _tree(tmp_path / "target", other)

    with pytest.raises(InvalidInput, match=r"holds other content already \(see deep/file\)"):
        publish_folder(_tree(tmp_path / "temporary"), target)

    assert (target / "deep" / "file").read_text() == other
    assert (tmp_path / "temporary" / "deep" / "file").read_text() == "new"


def test_a_passing_folder_is_of_nobody_else_and_gone_afterwards_whatever_happened(tmp_path: Path) -> None:
    def cut_short() -> None:
        with passing_folder(tmp_path / "new" / "made") as made:
            (made / "inside").mkdir()
            assert made.stat().st_mode & 0o777 == 0o700
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_short()
    assert list((tmp_path / "new").iterdir()) == []
