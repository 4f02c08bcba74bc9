"""The scoring server beside what a user would pick instead, side by side in one run, as ratios.

Same booster, same machine, same client, two workers each, a few short rounds in turn. The others are installed into a
virtual environment that is thrown away afterwards, unless `--python` names one that has them. Where others work on the
machine too, read the processor time a request. `python -m benchmarks.serving [--docs docs]`.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.http_load import Client
from benchmarks.serving_contenders import CONTENDERS, PACKAGES, Server, prepared
from benchmarks.serving_page import Measured, Run, page, table
from benchmarks.wrk_load import client_name, peak

CONNECTIONS = (16, 64)
_WARM_SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=300.0)
    parser.add_argument("--python", type=Path, help="an interpreter that has the others already")
    parser.add_argument("--docs", type=Path, help="the folder of serving.md")
    parser.add_argument("--only", nargs="*", choices=CONTENDERS, help="some of the contenders")
    options = parser.parse_args()
    names = options.only or list(CONTENDERS)
    found = {name: Measured() for name in names}
    busy = os.getloadavg()[1]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        work, python = prepared(root), options.python or environment(root)
        for turn in range(options.rounds):
            for name in names:
                with CONTENDERS[name](root, work, python) as server:
                    measure(found[name], server, seconds=options.seconds, rate=options.rate)
                found[name].counted.append(server.counted)
                print(f"round {turn + 1}: {name}: {found[name].told()}", file=sys.stderr)
    print(table(found, rate=options.rate))
    if options.docs:
        run = Run(
            rate=options.rate,
            rounds=options.rounds,
            seconds=options.seconds,
            connections=CONNECTIONS,
            client=client_name(),
            load=(busy, os.getloadavg()[1]),
            machine=f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        )
        (options.docs / "serving.md").write_text(page(found, run))


def measure(found: Measured, server: Server, *, seconds: float, rate: float) -> None:
    """Measure one server once: the peak over the numbers of connections, then a fixed rate."""
    best, cost = 0.0, 0.0
    peak(server.port, server.requests, seconds=_WARM_SECONDS, connections=CONNECTIONS[0])
    for connections in CONNECTIONS:
        before = processor_seconds(server.pid)
        answers, passed = peak(server.port, server.requests, seconds=seconds, connections=connections)
        if answers / passed > best:
            best, cost = answers / passed, 1e6 * (processor_seconds(server.pid) - before) / answers
    time.sleep(_WARM_SECONDS)
    client = Client(server.port, server.requests, connections=CONNECTIONS[0])
    steady = client.open_loop(rate, seconds)
    client.close()
    assert set(steady.statuses) <= {200}, steady.statuses
    found.peaks.append(best)
    found.cost.append(cost)
    found.p50.append(steady.milliseconds(50))
    found.p99.append(steady.milliseconds(99))
    found.done.append(steady.rate)
    found.memory.append(memory_megabytes(server.pid))


def processor_seconds(server: int) -> float:
    """What a server and all its processes used of the processor so far."""
    import psutil

    found, process = 0.0, psutil.Process(server)
    for item in (process, *process.children(recursive=True)):
        try:
            times = item.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found += times.user + times.system
    return found


def memory_megabytes(server: int) -> float:
    """A server's memory with all its processes, what they share counted once (PSS)."""
    import psutil

    process = psutil.Process(server)
    return sum(item.memory_full_info().pss for item in (process, *process.children(recursive=True))) / 1e6


def environment(root: Path) -> Path:
    """Make the others' virtual environment and return its Python."""
    place = root / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    python = place / "bin" / "python"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True, **quiet)
    return python


if __name__ == "__main__":
    main()
