"""The drill's figures as a table, as JSON and as the page in docs."""

import os
import platform
import statistics
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.drill import Drill

_HEAD = (
    "| phase | what is done | requests | lost | wrong | p50 ms | p99 ms | max ms |\n|---|---|---|---|---|---|---|---|"
)


def as_table(found: "Drill") -> str:
    """Write one line a phase and one for the whole."""
    lines = [_HEAD]
    for phase, item in zip(found.phases, found.figures, strict=True):
        about = phase.about + (f"; {phase.done}" if phase.done else "")
        lost = f"{item.lost}" + (f" of {phase.tolerated} in its hands at most" if item.lost else "")
        lines.append(
            f"| {phase.name} | {about} | {item.requests:,} | {lost} | {item.wrong.total()} | "
            f"{item.percentile(50):.2f} | {item.percentile(99):.2f} | {item.percentile(100):.1f} |"
        )
    return "\n".join([*lines, "", summary(found)])


def summary(found: "Drill") -> str:
    """Say what came of it in a few sentences."""
    requests, lost = sum(item.requests for item in found.figures), sum(item.lost for item in found.figures)
    wrong = sum(item.wrong.total() for item in found.figures)
    lines = [
        f"{requests:,} requests: {lost} lost, {wrong} answered wrongly, "
        f"{found.moved_back} by an older model to a lead that had moved on."
    ]
    if found.rollbacks:
        first, last, command = (
            [getattr(item, name) for item in found.rollbacks] for name in ("first", "last", "command")
        )
        lines.append(
            f"Rollback ({len(first)} times), from the start of the command: first answer by the earlier model after "
            f"{statistics.median(first):.2f} s (at most {max(first):.2f} s), last by the later one after "
            f"{statistics.median(last):.2f} s ({max(last):.2f} s), command ended after "
            f"{statistics.median(command):.2f} s ({max(command):.2f} s)."
        )
    return "\n".join([*lines, *(f"Does not hold: {problem}" for problem in found.problems)])


def as_json(found: "Drill") -> dict[str, Any]:
    """Return every figure; times in milliseconds, those of rollbacks in seconds."""
    return {
        "minutes": found.minutes,
        "rate": found.rate,
        "moved_back": found.moved_back,
        "problems": found.problems,
        "rollbacks": [vars(item) for item in found.rollbacks],
        "phases": [
            {
                "name": phase.name,
                "done": phase.done,
                "requests": item.requests,
                "lost": item.lost,
                "tolerated": phase.tolerated,
                "wrong": dict(item.wrong),
                "p50": item.percentile(50),
                "p99": item.percentile(99),
                "max": item.percentile(100),
            }
            for phase, item in zip(found.phases, found.figures, strict=True)
        ],
    }


def document(found: "Drill") -> str:
    """Write the page."""
    machine = f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, Python {platform.python_version()}"
    busy = f"load average at the end {os.getloadavg()[2]:.1f}, priority of the drill {os.nice(0)}"
    return f"""# The release drill

Written by `make drill`. Load, server and drill shared one machine, with whatever else ran there: {machine},
{busy}.

{found.rate:.0f} requests a second for {found.minutes:g} minutes over 16 connections, in an open loop: a latency counts
from the moment its request was due, whether it could be sent then or not. A lead has 50 features; every sixteenth
request holds five leads, the others one. Two workers; every request is captured. Each answer is compared: the variant
that the routing gives this lead at this moment (old or new while traffic moves), its version and digest, the lead's id,
and the score of that bundle's own scorer within 1e-5.

{as_table(found)}

A killed worker loses what it had in its hands, at most one request a connection. A restart of the whole server is left
out: its socket closes, and nothing is promised. `leadscore rollback` ran as a process of its own, its start included.
"""
