"""Carries a rollback out as the command does, in a process of its own: the server changes nothing by itself."""

import fcntl
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from leadscore_assets.serving.refusals import RefusedRequest
from leadscore_assets.serving.rollback_order import Order

ACTOR = "endpoint page"
_SECONDS = 30.0
_REFUSED_CODE = 1
_REFUSAL = re.compile(r"Error: (.+)", re.DOTALL)
_LONGEST = 2000
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RollbackRun:
    """The command on a home, one at a time among all processes that know the lock's file."""

    home: Path
    lock: Path
    seconds: float = _SECONDS

    def carry_out(self, order: Order) -> dict[str, Any]:
        """Roll back and return what the command said.

        Raises RefusedRequest: 409 when another rollback is under way or this one is refused, 504 when it takes too
        long, 500 when the command fails.
        """
        with _alone(self.lock):
            return told(self._run(order))

    def _run(self, order: Order) -> "subprocess.CompletedProcess[str]":
        program = [sys.executable, "-P", "-m", "leadscore_assets", "rollback", "--json"]
        program += [f"--reason={order.why}", f"--actor={ACTOR}"]
        program += [] if order.version is None else [f"--to={order.version}"]
        process = subprocess.Popen(
            program,
            cwd=self.lock.parent,
            env={**os.environ, "LEADSCORE_HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        try:
            said, complained = process.communicate(timeout=self.seconds)
        except subprocess.TimeoutExpired:
            # It is left to come to its end: half a rollback helps nobody.
            threading.Thread(target=process.communicate, name="late-rollback", daemon=True).start()
            text = (
                f"the rollback is not done after {self.seconds:.0f} seconds and goes on; see 'leadscore release status'"
            )
            raise RefusedRequest(text, status=504) from None
        return subprocess.CompletedProcess(program, process.returncode, said, complained)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RefusedRequest("another rollback is under way; wait until it is done", status=409) from None
    finally:
        os.close(handle)


def told(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """Return the command's JSON, or raise what it refused (409); what else it said is for the log alone (500)."""
    if done.returncode == 0:
        try:
            return msgspec.json.decode(done.stdout, type=dict[str, Any])
        except msgspec.DecodeError:
            log.error("the rollback said no JSON: %.500s", done.stdout)
    refused = _REFUSAL.match(done.stderr)
    if done.returncode == _REFUSED_CODE and refused:
        raise RefusedRequest(refused.group(1).strip()[:_LONGEST], status=409)
    log.error("the rollback ended with %d: %.2000s", done.returncode, done.stderr)
    raise RefusedRequest("the rollback failed; run 'leadscore rollback' to see why", status=500)
