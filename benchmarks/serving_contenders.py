"""Our server and what a user would pick instead, each started on the same booster and ended again.

The others get finished numbers and answer with the booster alone, once as one writes it and once with XGBoost held to
one thread; ours gets leads as they are, and has a shadow and capture on. Two workers each.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.http_load import Client, post

APPS = Path(__file__).parent / "serving_apps"
PACKAGES = ("fastapi", "uvicorn[standard]", "flask", "gunicorn", "mlflow>=3.10,<4", "xgboost==3.2.*", "pandas<3")
WEEK = date(2026, 1, 5)


@dataclass(frozen=True)
class Work:
    """What every contender scores: our bundle and its leads, the bare booster and the same leads as numbers."""

    bundle: Path
    booster: Path
    leads: list[dict[str, Any]]
    numbers: list[dict[str, float | None]]


@dataclass
class Server:
    """A server that runs: its port, whole requests for it, its process; `counted` is filled when it has ended."""

    port: int
    requests: list[bytes]
    pid: int
    counted: dict[str, int] = field(default_factory=dict)


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


@contextmanager
def ours(root: Path, work: Work, _python: Path, *, canary: float = 0.0) -> Iterator[Server]:
    """Our server: a champion, a shadow and full capture; with a candidate too where a canary is asked for."""
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
    variants = [Variant("champion", digest, 1, 1.0 - canary)]
    variants += [Variant("candidate", digest, 2, canary)] if canary else []
    try:
        status = endpoint.deploy(variants, shadow=Variant("shadow", digest, 2))
        requests = [post("/invocations", json.dumps(lead).encode()) for lead in work.leads]
        server = Server(port, requests, status.pid or 0)
        yield server
        seen = endpoint.counts()
        server.counted.update(
            mirrored=seen.agreement.mirrored,
            dropped=seen.agreement.dropped,
            captured=seen.captured,
            lost=seen.capture_lost,
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
        yield Server(port, [post("/invocations", json.dumps(row).encode()) for row in work.numbers], pid)


@contextmanager
def flask(root: Path, work: Work, python: Path, *, threads: int = 0) -> Iterator[Server]:
    port = free_port()
    program = [str(python), "-m", "gunicorn", "flask_app:app", "--bind", f"127.0.0.1:{port}"]
    kind = ["--workers", "2", "--worker-class", "gthread", "--threads", "8", "--log-level", "error"]
    with running([*program, *kind], root, work, port, threads=threads) as pid:
        yield Server(port, [post("/invocations", json.dumps(row).encode()) for row in work.numbers], pid)


@contextmanager
def mlflow(root: Path, work: Work, python: Path) -> Iterator[Server]:
    port, model = free_port(), root / "mlflow-model"
    if not model.exists():
        subprocess.run([str(python), str(APPS / "mlflow_model.py"), str(work.booster), str(model)], check=True)
    program = [str(python), "-m", "mlflow", "models", "serve", "-m", str(model), "-p", str(port)]
    with running([*program, "--env-manager", "local", "--workers", "2"], root, work, port) as pid:
        columns = list(work.numbers[0])
        frames = [{"dataframe_split": {"columns": columns, "data": [list(row.values())]}} for row in work.numbers]
        yield Server(port, [post("/invocations", json.dumps(frame).encode()) for frame in frames], pid)


Start = Callable[[Path, Work, Path], AbstractContextManager[Server]]
CONTENDERS: dict[str, Start] = {
    "leadscore (shadow and capture on)": ours,
    "the same, in a canary (90 / 10)": partial(ours, canary=0.1),
    "FastAPI + uvicorn + pydantic": fastapi,
    "FastAPI + uvicorn + pydantic, one thread": partial(fastapi, threads=1),
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
