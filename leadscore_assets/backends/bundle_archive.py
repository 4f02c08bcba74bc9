"""A bundle as one model.tar.gz, as SageMaker wants it: equal bundles give equal bytes, and unpacking trusts nothing."""

import gzip
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from leadscore_assets.domain.errors import CorruptArtefact

ARCHIVE = "model.tar.gz"
_MOST_BYTES = 8 << 30
_LEVEL = 6


def pack(folder: Path, archive: Path) -> None:
    """Write a folder's files to a new archive; names, order and content alone decide its bytes."""
    with (
        archive.open("xb") as file,
        gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=_LEVEL, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for path in sorted(folder.iterdir()):
            with path.open("rb") as content:
                tar.addfile(_entry(path), content)


def unpack(archive: Path, folder: Path, *, most_bytes: int = _MOST_BYTES) -> None:
    """Write an archive's files into an existing folder.

    Raise CorruptArtefact for what is no archive, and for one with links, devices, paths that lead out, files that stand
    twice, or more bytes than any bundle has.
    """
    left = most_bytes
    try:
        with tarfile.open(archive, mode="r:gz") as tar:
            for member in tar:
                left -= member.size
                if left < 0:
                    raise _corrupt(archive, f"holds more than {most_bytes} bytes")
                _extract(tar, member, folder, archive)
    except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise _corrupt(archive, f"cannot be unpacked ({error})") from None


def _entry(path: Path) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path.name)
    entry.size = path.stat().st_size
    entry.mode = 0o644
    return entry


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, archive: Path) -> None:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or not (member.isreg() or member.isdir()):
        raise _corrupt(archive, f"holds {member.name!r}, which is no plain file of a bundle")
    target = folder / name
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    content = tar.extractfile(member)
    if content is None or target.exists():
        raise _corrupt(archive, f"holds {member.name!r} twice")
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(content, target)


def _write(content: IO[bytes], target: Path) -> None:
    with content, target.open("xb") as file:
        shutil.copyfileobj(content, file)


def _corrupt(archive: Path, what: str) -> CorruptArtefact:
    return CorruptArtefact(f"archive {archive} {what}; train the week again or restore it from a backup")
