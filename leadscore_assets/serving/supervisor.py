"""The process that starts a server's others and replaces those that end: workers on one socket, and the shadow.

It answers no request and loads no model, so that nothing a bundle does can end it. The socket outlives every worker:
connections wait in it while a worker is replaced.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType

from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.serving.capture_files import sweep
from leadscore_assets.serving.desired import Desired
from leadscore_assets.serving.folder import Signature, StateFolder
from leadscore_assets.serving.launching import DRAIN_SECONDS
from leadscore_assets.serving.mirror import pipe
from leadscore_assets.serving.reports import SHADOW

_LOOK_SECONDS = 0.05
_SWEEP_SECONDS = 60.0
_YOUNG_SECONDS = 5.0
_LONGEST_PAUSE = 10.0
_SILENT_SECONDS = 30.0
_SHADOW_GRACE_SECONDS = 3.0
log = logging.getLogger(__name__)


@dataclass
class _Child:
    """One slot's process, when it began, and how often in a row one ended young."""

    process: "subprocess.Popen[bytes] | None" = None
    began: float = 0.0
    failures: int = 0
    not_before: float = 0.0


class Supervisor:
    """Keeps `workers` workers, started with the arguments `given` beside its own, and a shadow while one is desired."""

    def __init__(
        self,
        folder: StateFolder,
        listener: socket.socket,
        *,
        name: str,
        workers: int,
        claim: int | None = None,
        given: Sequence[str] = (),
    ) -> None:
        self._folder = folder
        self._listener = listener
        self._name = name
        self._claim = claim
        self._given = given
        self._mirror, self._receiver = pipe()
        self._workers = {str(number): _Child() for number in range(workers)}
        self._shadow = _Child()
        self._desired = Desired()
        self._seen: Signature | None = None
        self._swept = 0.0
        self._ending = False

    def run(self) -> None:
        """Keep the server going until SIGTERM or SIGINT, then let every worker finish what it has."""
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        while not self._ending:
            self._look()
            time.sleep(_LOOK_SECONDS)
        self._listener.close()
        self._stop(self._workers, seconds=DRAIN_SECONDS + 2.0)
        self._stop({SHADOW: self._shadow}, seconds=_SHADOW_GRACE_SECONDS)
        self._mirror.close()
        self._receiver.close()

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._ending = True

    def _look(self) -> None:
        self._follow()
        for slot, child in self._workers.items():
            self._keep(slot, child)
        if self._desired.shadow or (self._desired.last_good and self._desired.last_good.shadow):
            self._keep(SHADOW, self._shadow)
            self._end_silent_shadow()
        elif self._shadow.process:
            self._stop({SHADOW: self._shadow}, seconds=_SHADOW_GRACE_SECONDS)
            self._shadow = _Child()
        if time.monotonic() - self._swept > _SWEEP_SECONDS:
            self._swept = time.monotonic()
            rules = self._desired.capture
            root, kept = self._folder.capture_folder, rules.keep_megabytes << 20
            sweep(root, keep_days=rules.keep_days, keep_bytes=kept, now=datetime.now(UTC))

    def _follow(self) -> None:
        try:
            signature = self._folder.signature()
            if signature == self._seen:
                return
            self._desired = self._folder.desired()
        except CorruptArtefact as error:
            log.error("%s", error)
        except OSError as error:
            # No file can be opened now; the next look tries again.
            log.error("the desired state cannot be read: %s", error.strerror)
            return
        self._seen = signature

    def _keep(self, slot: str, child: _Child) -> None:
        """Start a slot's process where none runs; one that keeps ending young is started ever more slowly."""
        now = time.monotonic()
        if child.process and child.process.poll() is not None:
            log.error("%s ended with %s", _called(slot), child.process.returncode)
            young = now - child.began < _YOUNG_SECONDS
            child.failures = child.failures + 1 if young else 0
            pause = min(0.25 * 2**child.failures, _LONGEST_PAUSE) if young else 0.0
            child.process, child.not_before = None, now + pause
        if child.process is None and now >= child.not_before:
            child.process, child.began = self._started(slot), now

    def _started(self, slot: str) -> "subprocess.Popen[bytes]":
        module = "shadow" if slot == SHADOW else "worker"
        program = [sys.executable, "-P", "-m", f"leadscore_assets.serving.{module}"]
        program += ["--state", str(self._folder.path), "--name", self._name, "--server", str(os.getpid())]
        if slot == SHADOW:
            passed = [self._receiver.fileno()]
            program += ["--receiver", str(passed[0])]
        else:
            passed = [self._listener.fileno(), self._mirror.fileno()]
            program += ["--slot", slot, "--listener", str(passed[0]), "--mirror", str(passed[1]), *self._given]
            passed += [] if self._claim is None else [self._claim]
        return subprocess.Popen(program, pass_fds=passed, stdin=subprocess.DEVNULL)

    def _end_silent_shadow(self) -> None:
        """End a shadow that says nothing any more; the next look starts another."""
        process = self._shadow.process
        if process is None or time.monotonic() - self._shadow.began < _SILENT_SECONDS:
            return
        try:
            told = (self._folder.reports_folder / f"{SHADOW}.json").stat().st_mtime
        except FileNotFoundError:
            told = 0.0
        if time.time() - told > _SILENT_SECONDS:
            log.error("the shadow hangs and is ended")
            process.kill()

    def _stop(self, children: dict[str, _Child], *, seconds: float) -> None:
        running = {slot: child.process for slot, child in children.items() if child.process}
        for process in running.values():
            process.terminate()
        deadline = time.monotonic() + seconds
        for slot, process in running.items():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("%s does not end and is killed", _called(slot))
                process.kill()
                process.wait()


def _called(slot: str) -> str:
    return "the shadow" if slot == SHADOW else f"worker {slot}"
