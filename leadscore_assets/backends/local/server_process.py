"""The scoring server's process on this machine: found, launched, asked and ended, and never a stranger's.

A process is ours when server.json names its id and its time of creation, or when it answers /status on the port with
the identity of our folder; a recycled process id is neither.
"""

import http.client
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from leadscore_assets.domain.errors import PermanentError, TransientError
from leadscore_assets.serving.folder import ServerRecord, StateFolder
from leadscore_assets.serving.process import ALREADY_RUNNING, PORT_IN_USE, WORKERS
from leadscore_assets.serving.status import ServerStatus

if TYPE_CHECKING:
    import psutil

_POLL_SECONDS = 0.02
_ASK_SECONDS = 2.0
_ANSWER_BYTES = 1 << 20
_LAUNCH_SECONDS = 60.0
_CLOCK_SLACK_SECONDS = 1.0


@dataclass(frozen=True)
class ServerProcess:
    """The one server of a folder, on a host and port."""

    folder: StateFolder
    host: str
    port: int
    name: str
    workers: int = WORKERS
    home: Path | None = None

    @property
    def address(self) -> str:
        """The server's URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def answer(self) -> ServerStatus | None:
        """Ask /status; None when nobody answers or when it is not this folder's server."""
        if not self.folder.claimed():
            return None
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_ASK_SECONDS)
        try:
            connection.request("GET", "/status")
            found = msgspec.json.decode(connection.getresponse().read(_ANSWER_BYTES), type=ServerStatus)
        except (OSError, http.client.HTTPException, msgspec.DecodeError, UnicodeDecodeError):
            return None
        finally:
            connection.close()
        # Workers whose supervisor was killed answer for a moment more.
        ours = found.instance == self.folder.instance() and _runs(found.pid)
        return found if ours else None

    def find(self) -> ServerRecord | None:
        """Return the running server's process, also after its note was lost."""
        import psutil

        record = self.folder.record()
        if record and _alive(record):
            return record
        answer = self.answer()
        if answer is None:
            return None
        try:
            created = psutil.Process(answer.pid).create_time()
        except psutil.NoSuchProcess:
            return None
        found = ServerRecord(answer.pid, created, self.host, self.port)
        self.folder.write_record(found)
        return found

    def launch(self) -> bool:
        """Start the server in the background; False when the folder has one already; raise PermanentError."""
        program = [sys.executable, "-P", "-m", "leadscore_assets.serving", "--detach", "--state", str(self.folder.path)]
        place = ["--host", self.host, "--port", str(self.port), "--name", self.name, "--workers", str(self.workers)]
        place += ["--home", str(self.home)] if self.home else []
        try:
            done = subprocess.run(
                [*program, *place],
                cwd=self.folder.path,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_LAUNCH_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise TransientError(f"the server of {self.address} did not start in {_LAUNCH_SECONDS:.0f} s") from None
        if done.returncode in (0, ALREADY_RUNNING):
            return done.returncode == 0
        if done.returncode == PORT_IN_USE:
            raise PermanentError(self.port_in_use())
        told = done.stderr.strip().splitlines()
        raise PermanentError(f"the server of {self.address} does not start: {told[-1] if told else 'no message'}")

    def end(self, *, grace_seconds: float) -> None:
        """End the server if one runs: SIGTERM, then SIGKILL when it has not drained within the grace."""
        import psutil

        record = self.find()
        if record is None:
            return
        try:
            process = psutil.Process(record.pid)
            others = process.children()
            process.terminate()
            if not _ended(record, grace_seconds):
                process.kill()
                _ended(record, grace_seconds)
                _kill(others)
        except psutil.NoSuchProcess:
            pass
        except psutil.AccessDenied:
            raise PermanentError(f"process {record.pid} serves {self.address} but belongs to another user") from None
        self.folder.record_file.unlink(missing_ok=True)

    def port_in_use(self) -> str:
        """Say that the port is taken, by whom if that can be told, and what to do."""
        return (
            f"port {self.port} on {self.host} cannot be used{_listener(self.port)}; end that program or choose another "
            "port under [endpoint] port in leadscore.toml"
        )

    def log_tail(self) -> str:
        """Return the last line of the server's log."""
        try:
            lines = self.folder.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return "no log"
        return lines[-1][:500] if lines else "an empty log"


def _alive(record: ServerRecord) -> bool:
    import psutil

    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.created) < _CLOCK_SLACK_SECONDS
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _runs(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _kill(processes: "list[psutil.Process]") -> None:
    """Kill what a killed server left behind: a process that is stopped does not hear that its starter ended."""
    import psutil

    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=_CLOCK_SLACK_SECONDS)


def _ended(record: ServerRecord, seconds: float) -> bool:
    """Wait for a process to end; one that only waits to be reaped has ended."""
    deadline = time.monotonic() + seconds
    while _alive(record):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _listener(port: int) -> str:
    import psutil

    try:
        taken = [item for item in psutil.net_connections(kind="tcp") if item.laddr and item.laddr.port == port]
        pids = [item.pid for item in taken if item.pid and item.status == psutil.CONN_LISTEN]
        return f": {psutil.Process(pids[0]).name()} (process {pids[0]}) listens there" if pids else ""
    except (psutil.Error, OSError):
        return ""
