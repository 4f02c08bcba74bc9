"""Where backups are kept: each content once under its SHA-256, and one manifest a backup that names what it holds.

objects/ab/ab12…            a file's content, or a database's copy
backups/20260302T120000Z.json   a backup; it is written last, so what has no manifest is no backup

All of it is for its owner alone. A manifest carries its own digest, so no byte can change unnoticed.
"""

import hashlib
import json
import shutil
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from uuid import uuid4

from leadscore_assets.backends.atomic import (
    make_folder,
    move_file,
    passing_folder,
    storage_errors,
    unfinished,
    write_atomically,
)
from leadscore_assets.backends.backup.manifest import Backup
from leadscore_assets.domain.digests import canonical_json, digest_of, file_digest
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Missing

_CHUNK = 1 << 20
_MARK = "README.txt"
_ABOUT = """Backups of a leadscore home. They hold leads: personal data, for those alone who may see the home.
Make one with 'leadscore backup FOLDER', check and restore one with 'leadscore restore FOLDER'.
"""


class BackupStore:
    """Backups in one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def prepare(self) -> None:
        """Make the folder, for its owner alone; raise InvalidInput for one that holds something else."""
        with storage_errors(self.root):
            if self.root.exists() and not self.root.is_dir():
                raise InvalidInput(f"{self.root} is a file; name a folder for backups")
            ours = (self.root / _MARK).is_file()
            if not ours and self.root.is_dir() and any(self.root.iterdir()):
                raise InvalidInput(f"{self.root} holds something else; name an empty folder or one with backups")
            for folder in (self.root, self.root / "objects", self.root / "backups"):
                make_folder(folder)
                folder.chmod(0o700)
            if not ours:
                self._write(self.root / _MARK, _ABOUT.encode())

    def staging(self) -> AbstractContextManager[Path]:
        """Yield a folder for copies in the making; it is gone afterwards."""
        return passing_folder(self.root / f".{uuid4().hex}.tmp")

    def put(self, source: Path) -> tuple[str, int]:
        """Keep a file's content and return its SHA-256 and size; what is there whole is not written again."""
        with storage_errors(self.root), unfinished(self.root / "objects") as draft:
            digest, size = _copied(source, draft)
            target = self._object(digest)
            if not target.is_file() or file_digest(target) != digest:
                make_folder(target.parent)
                target.parent.chmod(0o700)
                move_file(draft, target)
        return digest, size

    def has(self, digest: str, size: int) -> bool:
        """Tell whether a content of that size is there, without reading it."""
        with suppress(OSError):
            return self._object(digest).stat().st_size == size
        return False

    def take(self, digest: str, target: Path, *, mode: int) -> None:
        """Write a kept content to a new file."""
        with storage_errors(target):
            make_folder(target.parent)
            target.touch(mode=0o600, exist_ok=False)
            shutil.copyfile(self._object(digest), target)
            target.chmod(mode)

    def write(self, backup: Backup) -> None:
        """Write a backup's manifest, for its contents are all there."""
        content = backup.to_json()
        path = self._manifest(backup.name)
        self._write(path, f"{canonical_json({'content': content, 'sha256': digest_of(content)})}\n".encode())

    def names(self) -> list[str]:
        """Return the backups there are, oldest first."""
        return sorted(path.stem for path in (self.root / "backups").glob("[!.]*.json"))

    def read(self, name: str | None = None) -> Backup:
        """Return a backup, the newest by default; raise Missing, or CorruptArtefact for a damaged manifest."""
        names = self.names()
        if not names or (name is not None and name not in names):
            known = f"there are {', '.join(names)}" if names else "there is none"
            raise Missing(f"{self.root} holds no backup{f' {name}' if name else ''}; {known}")
        path = self._manifest(name or names[-1])
        try:
            written = json.loads(path.read_bytes())
            if digest_of(written["content"]) != written["sha256"]:
                raise ValueError("its digest differs")
            return Backup.from_json(written["content"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorruptArtefact(f"{path} is damaged ({error}); restore an earlier backup with --at") from None

    def damaged(self, backup: Backup) -> list[str]:
        """Read every content of a backup and return what is gone or changed, one sentence a content."""
        paths: dict[str, list[str]] = {}
        for file in backup.files:
            paths.setdefault(file.sha256, []).append(file.path)
        if backup.ledger.sha256:
            paths.setdefault(backup.ledger.sha256, []).append("the ledger's copy")
        return [problem for digest, names in paths.items() if (problem := self._problem(digest, names))]

    def _problem(self, digest: str, names: list[str]) -> str:
        path = self._object(digest)
        what = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        if not path.is_file():
            return f"{what} is gone from the backup ({path})"
        whole = file_digest(path) == digest
        return "" if whole else f"{what} is damaged: the SHA-256 differs ({path}); delete that file and back up again"

    def _object(self, digest: str) -> Path:
        return self.root / "objects" / digest[:2] / digest

    def _manifest(self, name: str) -> Path:
        return self.root / "backups" / f"{name}.json"

    def _write(self, path: Path, content: bytes) -> None:
        write_atomically(path, content)
        path.chmod(0o600)


def _copied(source: Path, draft: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    draft.touch(mode=0o600)
    with source.open("rb") as file, draft.open("wb") as copy:
        while block := file.read(_CHUNK):
            digest.update(block)
            size += copy.write(block)
    return digest.hexdigest(), size
