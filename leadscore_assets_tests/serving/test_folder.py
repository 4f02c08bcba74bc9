import os
import shutil
from pathlib import Path

import pytest

from leadscore_assets.domain.errors import CorruptArtefact, PermanentError
from leadscore_assets.serving.desired import Desired, Placed, Release
from leadscore_assets.serving.folder import ServerRecord, StateFolder

PLACED = Placed("champion", "a" * 64, 1, 1.0, "/bundles/a")
OTHER = Placed("champion", "b" * 64, 2, 1.0, "/bundles/b")


@pytest.fixture
def folder(state: Path) -> StateFolder:
    folder = StateFolder(state)
    folder.prepare()
    return folder


def test_only_the_owner_may_enter_the_folder(folder: StateFolder) -> None:
    folder.path.chmod(0o755)
    folder.prepare()
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PermanentError, match="cannot be made"):
        StateFolder(tmp_path / "file" / "endpoint").prepare()


def test_a_file_that_cannot_be_written_is_one_clear_message(folder: StateFolder) -> None:
    (folder.path / ".desired.json.tmp").mkdir()
    with pytest.raises(PermanentError, match=r"desired\.json cannot be written"):
        folder.write_desired(Desired())


def test_the_desired_state_comes_back_as_it_was_written(folder: StateFolder) -> None:
    assert folder.desired() == Desired()
    assert folder.signature() is None
    written = Desired().followed_by([PLACED]).confirmed().followed_by([OTHER])
    folder.write_desired(written)
    assert folder.desired() == written
    before = folder.signature()
    folder.write_desired(written)
    assert folder.signature() != before


def test_a_withdrawn_generation_is_never_numbered_again() -> None:
    good = Desired().followed_by([PLACED]).confirmed()
    back = good.followed_by([OTHER]).withdrawn()
    assert back.release == Release(1, (PLACED,))
    assert back.followed_by([OTHER]).generation == 3
    assert Desired().followed_by([PLACED]).withdrawn().release == Release()


@pytest.mark.parametrize("content", [b"", b"{", b'{"generation": "one"}', b"\xff"])
def test_a_broken_desired_state_names_the_file_and_the_remedy(folder: StateFolder, content: bytes) -> None:
    folder.desired_file.write_bytes(content)
    with pytest.raises(CorruptArtefact, match=r"desired\.json .* deploy again"):
        folder.desired()


def test_the_identity_stays_and_a_copy_has_another(folder: StateFolder, tmp_path: Path) -> None:
    assert folder.instance() is None
    mine = folder.identified()
    assert folder.identified() == mine == folder.instance()
    shutil.copytree(folder.path, tmp_path / "copy")
    assert StateFolder(tmp_path / "copy").identified() != mine


def test_one_process_at_a_time_claims_the_folder(folder: StateFolder) -> None:
    assert not folder.claimed()
    claim = folder.claim()
    assert claim is not None
    assert folder.claim() is None
    assert folder.claimed()
    os.close(claim)
    assert not folder.claimed()
    again = folder.claim()
    assert again is not None
    os.close(again)


def test_the_process_note_comes_back_and_a_broken_one_is_none(folder: StateFolder) -> None:
    assert folder.record() is None
    folder.write_record(ServerRecord(7, 1.5, "127.0.0.1", 8321))
    assert folder.record() == ServerRecord(7, 1.5, "127.0.0.1", 8321)
    folder.record_file.write_text("{}")
    assert folder.record() is None
