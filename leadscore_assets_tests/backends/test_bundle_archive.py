"""A bundle's archive: the same bytes for the same bundle, and nothing unpacked that is not a plain file."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from leadscore_assets.backends.bundle_archive import pack, unpack
from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets_tests.backends.bundle_files import make_bundle


def _hostile(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def _member(name: str, kind: bytes = tarfile.REGTYPE, *, link: str = "", size: int = 1) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    member.size = size if kind == tarfile.REGTYPE else 0
    return member


def test_equal_bundles_are_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        make_bundle(tmp_path / name)
        pack(tmp_path / name, tmp_path / f"{name}.tar.gz")

    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "other.tar.gz").read_bytes()


def test_files_that_were_touched_give_the_same_bytes(tmp_path: Path) -> None:
    make_bundle(tmp_path / "bundle")
    pack(tmp_path / "bundle", tmp_path / "before")
    for path in (tmp_path / "bundle").iterdir():
        path.chmod(0o600)
        os.utime(path, (1, 1))

    pack(tmp_path / "bundle", tmp_path / "after")

    assert (tmp_path / "after").read_bytes() == (tmp_path / "before").read_bytes()


def test_a_bundle_comes_out_as_it_went_in(tmp_path: Path) -> None:
    digest = make_bundle(tmp_path / "source")
    pack(tmp_path / "source", tmp_path / "archive")
    (tmp_path / "target").mkdir()

    unpack(tmp_path / "archive", tmp_path / "target")

    assert bundle.verify(tmp_path / "target") == digest


def test_folders_and_names_that_begin_with_a_dot_are_plain(tmp_path: Path) -> None:
    archive = _hostile(tmp_path / "archive", _member("./", tarfile.DIRTYPE), _member("./a"), _member("deep/b"))
    (tmp_path / "target").mkdir()

    unpack(archive, tmp_path / "target")

    assert (tmp_path / "target" / "a").read_bytes() == (tmp_path / "target" / "deep" / "b").read_bytes() == b"x"


@pytest.mark.parametrize(
    "members",
    [
        [_member("link", tarfile.SYMTYPE, link="/tmp")],
        [_member("a"), _member("hard", tarfile.LNKTYPE, link="a")],
        [_member("/tmp/absolute")],
        [_member("../outside")],
        [_member("a/../../outside")],
        [_member("pipe", tarfile.FIFOTYPE)],
        [_member("device", tarfile.CHRTYPE)],
        [_member("a"), _member("a")],
        [_member("a"), _member("./a")],
        [_member("large", size=1001)],
        [_member("a", size=600), _member("b", size=600)],
    ],
    ids=lambda members: members[-1].name,
)
def test_what_is_no_plain_file_of_a_bundle_is_refused(members: list[tarfile.TarInfo], tmp_path: Path) -> None:
    archive = _hostile(tmp_path / "archive", *members)
    (tmp_path / "target").mkdir()

    with pytest.raises(CorruptArtefact, match=r"which is no plain file|twice|more than 1000 bytes"):
        unpack(archive, tmp_path / "target", most_bytes=1000)

    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"no archive",
        lambda content: content[: len(content) // 2],
        lambda content: content[:200] + b"\0" * 50 + content[250:],
    ],
    ids=["empty", "no archive", "cut short", "overwritten"],
)
def test_a_damaged_archive_is_refused(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    make_bundle(tmp_path / "source", content="".join(map(chr, range(32, 1000))))
    pack(tmp_path / "source", tmp_path / "archive")
    (tmp_path / "archive").write_bytes(damage((tmp_path / "archive").read_bytes()))
    (tmp_path / "target").mkdir()

    with pytest.raises(CorruptArtefact, match=r"cannot be unpacked|holds"):
        unpack(tmp_path / "archive", tmp_path / "target")
