"""Decisions about a release that race: one wins and is recorded once, and the other is told."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from leadscore_assets.domain.release_state import story_problems
from leadscore_assets.steps.release_store import present_release
from leadscore_assets_tests.home import Home

Copy = Callable[[Home], Home]


def at_once(home: Home, *commands: tuple[str, ...]) -> list[tuple[int, str]]:
    """Run commands in processes of their own, all at once; return how each ended and what it said."""
    program = [sys.executable, "-m", "leadscore_assets", "--home", str(home.path)]
    running = [
        subprocess.Popen(
            [*program, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for command in commands
    ]
    said = [process.communicate(timeout=120)[0] for process in running]
    return sorted((process.returncode, text) for process, text in zip(running, said, strict=True))


def recorded(home: Home, *actions: str) -> list[str]:
    return [f"{item.action} {item.subject}" for item in home.platform().ledger.records() if item.action in actions]


def test_two_rollbacks_at_once_are_one_and_the_other_is_told(copy: Copy, released: Home) -> None:
    home = copy(released)
    (won, answer), (lost, told) = at_once(home, *[("rollback", "--to", "1", "--json")] * 2)

    assert (won, json.loads(answer)["version"]) == (0, 1)
    assert (lost, "version 1 answers already; name an earlier one" in told) == (1, True)
    assert recorded(home, "rolled back") == ["rolled back package 2"]
    assert recorded(home, "promoted").count("promoted package 1") == 2
    assert home.platform().ledger.verify() == []
    assert story_problems(present_release(home.platform())) == []
