"""The scoring server beside what a user would pick instead, side by side in one run, as ratios.

Same booster, same machine, two workers each. The others get finished numbers and answer with the booster alone, once as
one writes it and once with XGBoost held to one thread; ours gets leads as they are, checks them against the contract,
computes the features, deals them to variants, and has a shadow and capture on. The others are installed into a virtual
environment that is thrown away afterwards. Run it with `python -m benchmarks.serving [--seconds 10] [--rounds 2]
[--rate 300]` on a machine that does nothing else; where others work too, read the processor time a request.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.http_load import Client, Load, post

APPS = Path(__file__).parent / "serving_apps"
PACKAGES = ("fastapi", "uvicorn[standard]", "flask", "gunicorn", "mlflow>=3.10,<4", "xgboost==3.2.*", "pandas<3")
CONNECTIONS = 16
WEEK = date(2026, 1, 5)
Server = tuple[int, list[bytes], int]


@dataclass(frozen=True)
class Work:
    """What every contender scores: our bundle and its leads, the bare booster and the same leads as numbers."""

    bundle: Path
    booster: Path
    leads: list[dict[str, Any]]
    numbers: list[dict[str, float | None]]


@dataclass
class Measured:
    """One contender's figures over the rounds."""

    peaks: list[float]
    p50: list[float]
    p99: list[float]
    done: list[float]
    cost: list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rate", type=float, default=300.0)
    parser.add_argument("--only", nargs="*", choices=CONTENDERS, help="some of the contenders")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        work, python = prepared(root), environment(root)
        names = options.only or list(CONTENDERS)
        found = {name: Measured([], [], [], [], []) for name in names}
        for turn in range(options.rounds):
            for name in names:
                print(f"round {turn + 1}: {name}", file=sys.stderr)
                with CONTENDERS[name](root, work, python) as running_server:
                    measure(found[name], *running_server, seconds=options.seconds, rate=options.rate)
    print(table(found, rate=options.rate))


def measure(found: Measured, port: int, requests: list[bytes], server: int, *, seconds: float, rate: float) -> None:
    client = Client(port, requests, connections=CONNECTIONS)
    client.peak(min(2.0, seconds))
    before = processor_seconds(server)
    peak = client.peak(seconds)
    found.cost.append(1e6 * (processor_seconds(server) - before) / max(1, len(peak.latencies)))
    steady = client.open_loop(rate, seconds)
    client.close()
    assert set(peak.statuses) | set(steady.statuses) == {200}, (peak.statuses, steady.statuses)
    found.peaks.append(peak.rate)
    found.p50.append(steady.milliseconds(50))
    found.p99.append(steady.milliseconds(99))
    found.done.append(steady_rate(steady))


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


def steady_rate(load: Load) -> float:
    return len(load.latencies) / load.seconds


def table(found: dict[str, Measured], *, rate: float) -> str:
    """The figures as a table, ours first; ratios are ours over theirs at the peak, theirs over ours for the latency."""
    ours = next(iter(found.values()))
    lines = [
        f"| server | peak RPS | ours is | p50 / p99 ms at {rate:.0f}/s | ours is | done/s | processor us a request |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, item in found.items():
        peak, p50, p99 = (statistics.median(values) for values in (item.peaks, item.p50, item.p99))
        more = f"{statistics.median(ours.peaks) / peak:.1f}x"
        quicker = f"{p99 / statistics.median(ours.p99):.1f}x"
        spread = f"{min(item.peaks):,.0f}-{max(item.peaks):,.0f}"
        same = item is ours
        lines.append(
            f"| {name} | {peak:,.0f} ({spread}) | {'' if same else more} | {p50:.2f} / {p99:.2f} | "
            f"{'' if same else quicker} | {statistics.median(item.done):.0f} | {statistics.median(item.cost):,.0f} |"
        )
    return "\n".join(lines)


def prepared(root: Path) -> Work:
    """Train a bundle on generated leads and write its booster and the same leads as numbers."""
    import numpy as np

    from leadscore_assets.domain import bundle
    from leadscore_assets.domain.columns import columns_from_records
    from leadscore_assets.domain.contract import default_contract
    from leadscore_assets.domain.generator import generate_week
    from leadscore_assets.domain.policy import Policy
    from leadscore_assets.domain.scoring import Scorer
    from leadscore_assets.domain.training import train_bundle
    from leadscore_assets.domain.training_policy import TrainingPolicy

    contract = default_contract()
    table = generate_week(WEEK, contract=contract, seed=42)
    cut = table.num_rows * 4 // 5
    policy = Policy(
        training=TrainingPolicy(
            learners=("xgboost",), rounds=200, early_stopping_rounds=200, max_depth=6, learning_rate=0.03
        )
    )
    files = train_bundle(table[:cut], table[cut:], contract=contract, policy=policy, lineage={})
    folder = root / "bundle"
    folder.mkdir()
    bundle.write(folder, files)
    (root / "booster.ubj").write_bytes(files[bundle.MODEL])
    names = (contract.key, contract.created_at, *contract.names)
    leads = [
        {
            name: value.isoformat() if hasattr(value, "isoformat") else value
            for name in names
            if (value := row[name]) is not None
        }
        for row in table[cut : cut + 500].to_pylist()
    ]
    scorer = Scorer.open(folder)
    matrix = scorer.transform.transform(columns_from_records(leads, contract))
    numbers = [{f"x{at}": None if np.isnan(value) else float(value) for at, value in enumerate(row)} for row in matrix]
    return Work(folder, root / "booster.ubj", leads, numbers)


def environment(root: Path) -> Path:
    """Make the others' virtual environment and return its Python."""
    place = root / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    python = place / "bin" / "python"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True, **quiet)
    return python


@contextmanager
def ours(root: Path, work: Work, _python: Path) -> Iterator[Server]:
    """Our server: champion and candidate, shadow and full capture."""
    from leadscore_assets.backends.local.bundles import LocalBundles
    from leadscore_assets.backends.local.endpoint import LocalEndpoint
    from leadscore_assets.domain.facts import Variant
    from leadscore_assets.serving.desired import CaptureRules

    bundles, port, place = LocalBundles(root / "kept"), free_port(), root / "endpoint"
    draft = root / "draft"
    shutil.copytree(work.bundle, draft)
    digest = bundles.add(draft)
    endpoint = LocalEndpoint(
        folder=place, bundles=bundles, host="127.0.0.1", port=port, name="leadscore", capture=CaptureRules(percent=100)
    )
    try:
        status = endpoint.deploy(
            [Variant("champion", digest, 1, 0.9), Variant("candidate", digest, 2, 0.1)],
            shadow=Variant("shadow", digest, 2),
        )
        yield port, [post("/invocations", json.dumps(lead).encode()) for lead in work.leads], status.pid or 0
        counts = endpoint.counts()
        seen = counts.agreement
        print(
            f"  captured {counts.captured:,}, lost {counts.capture_lost:,}; shadow: mirrored {seen.mirrored:,}, "
            f"dropped {seen.dropped:,}",
            file=sys.stderr,
        )
    finally:
        endpoint.stop()
        shutil.rmtree(place, ignore_errors=True)
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def fastapi(root: Path, work: Work, python: Path, *, threads: int = 0) -> Iterator[Server]:
    port = free_port()
    program = [str(python), "-m", "uvicorn", "fastapi_app:app", "--port", str(port), "--workers", "2"]
    with running([*program, "--no-access-log", "--log-level", "error"], root, work, port, threads=threads) as pid:
        yield port, [post("/invocations", json.dumps(row).encode()) for row in work.numbers], pid


@contextmanager
def flask(root: Path, work: Work, python: Path, *, threads: int = 0) -> Iterator[Server]:
    port = free_port()
    program = [str(python), "-m", "gunicorn", "flask_app:app", "--bind", f"127.0.0.1:{port}"]
    kind = ["--workers", "2", "--worker-class", "gthread", "--threads", "8", "--log-level", "error"]
    with running([*program, *kind], root, work, port, threads=threads) as pid:
        yield port, [post("/invocations", json.dumps(row).encode()) for row in work.numbers], pid


@contextmanager
def mlflow(root: Path, work: Work, python: Path) -> Iterator[Server]:
    port, model = free_port(), root / "mlflow-model"
    if not model.exists():
        subprocess.run([str(python), str(APPS / "mlflow_model.py"), str(work.booster), str(model)], check=True)
    program = [str(python), "-m", "mlflow", "models", "serve", "-m", str(model), "-p", str(port)]
    with running([*program, "--env-manager", "local", "--workers", "2"], root, work, port) as pid:
        columns = list(work.numbers[0])
        frames = [{"dataframe_split": {"columns": columns, "data": [list(row.values())]}} for row in work.numbers]
        yield port, [post("/invocations", json.dumps(frame).encode()) for frame in frames], pid


CONTENDERS = {
    "leadscore (shadow and capture on)": ours,
    "FastAPI + uvicorn + pydantic": fastapi,
    "the same, one thread": partial(fastapi, threads=1),
    "gunicorn + Flask": flask,
    "gunicorn + Flask, one thread": partial(flask, threads=1),
    "mlflow models serve": mlflow,
}


@contextmanager
def running(program: list[str], root: Path, work: Work, port: int, *, threads: int = 0) -> Iterator[int]:
    """Run a server until it is no longer needed; its group ends with it."""
    path = str(Path(program[0]).parent) + os.pathsep + os.environ["PATH"]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environ = {**kept, "BOOSTER": str(work.booster), "PATH": path, "MLFLOW_TRACKING_URI": f"sqlite:///{root}/ml.db"}
    environ["THREADS"] = str(threads)
    with (root / "contender.log").open("ab") as log:
        process = subprocess.Popen(program, cwd=APPS, env=environ, stdout=log, stderr=log, start_new_session=True)
        try:
            await_ping(port, process, root / "contender.log")
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def await_ping(port: int, process: "subprocess.Popen[bytes]", log: Path, *, seconds: float = 90) -> None:
    ping = b"GET /ping HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client = Client(port, [ping], connections=1)
            load = client.open_loop(10, 0.1)
            client.close()
        except OSError:
            time.sleep(0.2)
            continue
        if load.statuses.get(200):
            return
    raise SystemExit(f"a contender does not start:\n{log.read_text()[-2000:]}")


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
