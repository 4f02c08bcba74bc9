"""The release drill: everything that moves or breaks an endpoint, under a steady load, with every answer checked.

`python -m benchmarks.drill [--minutes 10] [--rate 300] [--json] [--docs docs]` (or `make drill`) makes a home with
three models, sends leads at a fixed rate in an open loop, and deploys, shadows, shifts, cuts over, rolls back, kills,
hangs, corrupts and fills meanwhile. It fails when a request is lost or answered wrongly, but for those that a killed
worker had in hand. A restart of the whole server is not among it: its socket closes, so nothing is promised there.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.drill_judge import Figures, Phase, first_answer, judged, last_answer, moved_back
from benchmarks.drill_load import Noted, Order, loading
from benchmarks.drill_phases import STEPS, Room, Step
from benchmarks.drill_report import as_json, as_table, document
from benchmarks.drill_site import Site, prepared
from leadscore_assets.domain.generator import Preset
from leadscore_assets_tests.home import free_port

CONNECTIONS = 16
DISK = "1500m"


@dataclass(frozen=True)
class Rollback:
    """Seconds from the command to the first answer by the earlier model, to the last by the later one, to its end."""

    first: float
    last: float
    command: float


@dataclass
class Drill:
    """What was asked for and what came of it."""

    minutes: float
    rate: float
    phases: list[Phase] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)
    rollbacks: list[Rollback] = field(default_factory=list)
    moved_back: int = 0
    problems: list[str] = field(default_factory=list)


def drill(
    home: Path, *, minutes: float, rate: float, preset: Preset = "b2b", leads: int = 2000, steps: Sequence[Step] = STEPS
) -> Drill:
    """Run the steps under load and judge every answer; `problems` says what did not hold."""
    found, rooms = Drill(minutes, rate), list[Room]()
    with disk(home / "endpoint" / "capture"), prepared(home, preset=preset, leads=leads, port=free_port()) as site:
        site.begin()
        bodies = [json.dumps(body[0] if len(body) == 1 else body) for body in site.bodies]
        order = Order(site.port, rate, 120 * minutes + 600, CONNECTIONS, bodies)
        with loading(home, order) as noted:
            unit = 60 * minutes / sum(step.share for step in steps)
            for step in steps:
                rooms.append(_walked(step, site, unit))
        found.phases = [room.phase for room in rooms]
        _judge(found, rooms, site, noted)
        found.problems += _broken_lines(site.capture)
    return found


def _walked(step: Step, site: Site, unit: float) -> Room:
    room = Room(Phase(step.name, step.about, time.perf_counter()), unit * step.share)
    print(f"{step.name}", file=sys.stderr)
    try:
        room.phase.done = step.act(site, room)
    except Exception as error:  # noqa: BLE001 - the drill's entry point: one failed step is a finding, not the end
        room.problems.append(f"{type(error).__name__}: {error}")
    left = room.phase.begin + room.seconds - time.perf_counter()
    time.sleep(max(0.0, left))
    room.phase.end = time.perf_counter()
    return room


def _judge(found: Drill, rooms: Sequence[Room], site: Site, noted: Sequence[Noted]) -> None:
    leads = [[lead["lead_id"] for lead in body] for body in site.bodies]
    found.figures = judged(noted, found.phases, site.timeline, leads, site.expected())
    found.moved_back = moved_back(noted, site.timeline)
    for room, figures in zip(rooms, found.figures, strict=True):
        named = [f"{room.phase.name}: {problem}" for problem in room.problems]
        named += [f"{room.phase.name}: {count} answers: {what}" for what, count in figures.wrong.items()]
        if figures.lost > room.phase.tolerated:
            named.append(f"{room.phase.name}: {figures.lost} requests lost, {room.phase.tolerated} in a killed worker")
        found.problems += named
        for began, ended, version in room.rollbacks:
            digest = site.packages[version - 1].digest
            first, last = (
                first_answer(noted, digest, since=began),
                last_answer(noted, digest, since=began, until=ended),
            )
            found.rollbacks.append(Rollback(first, last, ended - began))
    if found.moved_back:
        found.problems.append(f"{found.moved_back} answers by an older model to a lead that had moved on")


def _broken_lines(capture: Path) -> list[str]:
    """Read all of capture; a full disk must leave no half line."""
    for path in capture.rglob("*.jsonl"):
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"}\n"):
                    return [f"full disk: line {number} of a captured file is cut short"]
    return []


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Lay a small disk of its own under a folder where that is possible: root alone may."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    there = os.getuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield
    finally:
        if there:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--minutes", type=float, default=10.0)
    reader.add_argument("--rate", type=float, default=300.0)
    reader.add_argument("--json", action="store_true", help="print the figures as JSON")
    reader.add_argument("--docs", type=Path, help="folder where release_drill.md is written")
    asked = reader.parse_args()
    # Whoever ends the drill early shall not leave a server and a small disk behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended early"))
    with tempfile.TemporaryDirectory() as folder:
        found = drill(Path(folder) / "home", minutes=asked.minutes, rate=asked.rate)
    print(json.dumps(as_json(found), indent=1) if asked.json else as_table(found))
    if asked.docs:
        (asked.docs / "release_drill.md").write_text(document(found))
    for problem in found.problems:
        print(f"PROBLEM: {problem}", file=sys.stderr)
    sys.exit(1 if found.problems else 0)


if __name__ == "__main__":
    main()
