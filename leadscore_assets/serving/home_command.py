"""Carries out what a page asks for as a command does, in a process of its own: the server changes nothing itself."""

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

_SECONDS = 30.0
_REFUSED_CODE = 1
_REFUSAL = re.compile(r"Error: (.+)", re.DOTALL)
_LONGEST = 2000
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HomeCommand:
    """Commands on a home, one at a time among all processes that know the lock's file; `what` names them."""

    home: Path
    lock: Path
    what: str
    seconds: float = _SECONDS

    def carry_out(self, *arguments: str, said: str | None = None) -> dict[str, Any]:
        """Run a command, give it `said` on its standard input, and return the JSON that it says.

        Raises RefusedRequest: 409 when another one is under way or this one is refused, 504 when it takes too long, 500
        when the command fails.
        """
        with self._alone():
            return told(self._run(arguments, said), self.what)

    def _run(self, arguments: tuple[str, ...], said: str | None) -> "subprocess.CompletedProcess[str]":
        program = [sys.executable, "-P", "-m", "leadscore_assets", *arguments]
        process = subprocess.Popen(
            program,
            cwd=self.lock.parent,
            env={**os.environ, "LEADSCORE_HOME": str(self.home)},
            stdin=subprocess.DEVNULL if said is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        try:
            answer, complained = process.communicate(said, timeout=self.seconds)
        except subprocess.TimeoutExpired:
            # It is left to come to its end: half a step helps nobody.
            threading.Thread(target=process.communicate, name=f"late-{self.what}", daemon=True).start()
            text = (
                f"the {self.what} is not done after {self.seconds:.0f} seconds and goes on; "
                "see 'leadscore release status'"
            )
            raise RefusedRequest(text, status=504) from None
        return subprocess.CompletedProcess(program, process.returncode, answer, complained)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        handle = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise RefusedRequest(f"another {self.what} is under way; wait until it is done", status=409) from None
        finally:
            os.close(handle)


def told(done: "subprocess.CompletedProcess[str]", what: str) -> dict[str, Any]:
    """Return the command's JSON, or raise what it refused (409); what else it said is for the log alone (500)."""
    if done.returncode == 0:
        try:
            return msgspec.json.decode(done.stdout, type=dict[str, Any])
        except msgspec.DecodeError:
            log.error("the %s said no JSON: %.500s", what, done.stdout)
    refused = _REFUSAL.match(done.stderr)
    if done.returncode == _REFUSED_CODE and refused:
        raise RefusedRequest(refused.group(1).strip()[:_LONGEST], status=409)
    log.error("the %s ended with %d: %.2000s", what, done.returncode, done.stderr)
    raise RefusedRequest(f"the {what} failed; run 'leadscore release status' to see why", status=500)
