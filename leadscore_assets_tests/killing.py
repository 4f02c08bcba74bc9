"""Runs the real command line and ends it with SIGKILL at one exact instant: `killing.py INSTANT ARGUMENTS...`.

An instant is `module:attribute moment count [text]`: before or after the count-th call of that function (of those that
have the text among their arguments, where one is given).
"""

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any


def main(instant: str, *arguments: str) -> None:
    place, moment, count, *text = instant.split(" ")
    module, _, path = place.partition(":")
    owner: Any = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    setattr(owner, name, _deadly(getattr(owner, name), moment, int(count), *text))
    from leadscore_assets import cli

    sys.argv = ["leadscore", *arguments]
    cli.main()


def _deadly(function: Callable[..., Any], moment: str, count: int, text: str = "") -> Callable[..., Any]:
    calls = 0

    @wraps(function)
    def called(*given: Any, **named: Any) -> Any:
        nonlocal calls
        chosen = not text or text in given
        calls += chosen
        deadly = chosen and calls == count
        if deadly and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*given, **named)
        if deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return called


def killed_at(instant: str, *arguments: str) -> None:
    """Run a command and see to it that it was killed at the instant."""
    program = [sys.executable, "-m", "leadscore_assets_tests.killing", instant, *arguments]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, f"{instant} was never reached: {done.stdout}{done.stderr}"


if __name__ == "__main__":
    main(*sys.argv[1:])
