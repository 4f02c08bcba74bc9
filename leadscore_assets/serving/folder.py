"""The folder that a server and its host share: desired state, the server's process, its identity and its log.

Its mode is 0700. Writing in it is the right to change what is served; nothing over HTTP is.
"""

import fcntl
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import msgspec

from leadscore_assets.domain.errors import CorruptArtefact, Missing, PermanentError
from leadscore_assets.serving.desired import Desired

Signature = tuple[int, int, int]


class ServerRecord(msgspec.Struct, frozen=True):
    """The running server's process: its id, when that process was created (epoch seconds), and where it listens."""

    pid: int
    created: float
    host: str
    port: int


@dataclass(frozen=True)
class StateFolder:
    """One server's folder."""

    path: Path

    @property
    def desired_file(self) -> Path:
        """Where the desired state lies."""
        return self.path / "desired.json"

    @property
    def record_file(self) -> Path:
        """Where the running server's process is noted."""
        return self.path / "server.json"

    @property
    def log_file(self) -> Path:
        """Where the detached server logs."""
        return self.path / "server.log"

    @property
    def reports_folder(self) -> Path:
        """Where the server's processes report."""
        return self.path / "workers"

    @property
    def seen_folder(self) -> Path:
        """Where it is kept which leads were answered before."""
        return self.path / "seen"

    @property
    def capture_folder(self) -> Path:
        """Where captured requests lie, by endpoint, variant and hour."""
        return self.path / "capture"

    @property
    def story_file(self) -> Path:
        """Where the host tells the release's story."""
        return self.path / "story.json"

    @property
    def history_file(self) -> Path:
        """Where the last hour's samples lie."""
        return self.path / "history.json"

    @property
    def porch_file(self) -> Path:
        """What is there while a container's main process answers instead of its workers."""
        return self.path / "porch"

    @property
    def token_file(self) -> Path:
        """Where the secret lies that allows a rollback from the page."""
        return self.path / "token"

    def prepare(self) -> None:
        """Make the folder, for its owner alone; raise PermanentError where that is not possible."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise PermanentError(
                f"{self.path} cannot be made ({error.strerror}); choose a home you may write"
            ) from None

    def signature(self) -> Signature | None:
        """Return what changes whenever the desired state is written; None where it never was."""
        try:
            found = self.desired_file.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def desired(self) -> Desired:
        """Read the desired state, the empty one where nothing was deployed; raise CorruptArtefact."""
        try:
            return msgspec.json.decode(self.desired_file.read_bytes(), type=Desired)
        except FileNotFoundError:
            return Desired()
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CorruptArtefact(f"{self.desired_file} cannot be read ({error}); delete it and deploy again") from None

    def write_desired(self, desired: Desired) -> None:
        """Replace the desired state, all or nothing."""
        self.replace(self.desired_file, msgspec.json.encode(desired))

    def record(self) -> ServerRecord | None:
        """Return the noted process; None where there is none or the note is broken."""
        try:
            return msgspec.json.decode(self.record_file.read_bytes(), type=ServerRecord)
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def write_record(self, record: ServerRecord) -> None:
        """Note the running server's process."""
        self.replace(self.record_file, msgspec.json.encode(record))

    def instance(self) -> str | None:
        """Return this folder's identity (32 hex), None before its first server; a copy elsewhere has another one."""
        try:
            secret = (self.path / "instance").read_bytes()
        except FileNotFoundError:
            return None
        return hashlib.sha256(secret + str(self.path.resolve()).encode()).hexdigest()[:32]

    def secret(self) -> bytes:
        """Return the folder's secret, which keys captured leads' hashes; raise Missing before its first server."""
        try:
            return (self.path / "instance").read_bytes()
        except FileNotFoundError:
            raise Missing(f"{self.path} never had a server; deploy a model first") from None

    def identified(self) -> str:
        """Return this folder's identity, made when it has none."""
        found = self.instance()
        if found is None:
            self.replace(self.path / "instance", secrets.token_hex(16).encode())
        return found or self.identified()

    def claim(self) -> int | None:
        """Take the folder for this process and its forks, until the last of them ends; None when another has it."""
        handle = os.open(self.path / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        return handle

    def claimed(self) -> bool:
        """Say whether a process has the folder now."""
        if not (self.path / "server.lock").is_file():
            return False
        claim = self.claim()
        if claim is not None:
            os.close(claim)
        return claim is None

    def replace(self, path: Path, content: bytes) -> None:
        """Replace one of the folder's files for good, all or nothing; raise PermanentError when that fails."""
        draft = path.with_name(f".{path.name}.tmp")
        try:
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            _sync(self.path)
        except OSError as error:
            raise PermanentError(
                f"{path} cannot be written ({error.strerror}); free space or mend its rights"
            ) from None


def _sync(folder: Path) -> None:
    """Make a rename in a folder last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
