"""A small home that tests work on: seven weeks of leads in CSV files, the real command line, and what must always hold.

Leads of the first three weeks score by `employees`; from the fourth on the rule is turned round, so that a model of the
old weeks loses to one of the new.
"""

import csv
import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from filelock import FileLock

from leadscore_assets import cli
from leadscore_assets.backends.home_files import write_home
from leadscore_assets.domain import bundle
from leadscore_assets.domain.calendar import WEEK, at_midnight
from leadscore_assets.domain.contract import Contract, Derived, Feature
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import load_settings
from leadscore_assets.steps.fitting import fit_candidate
from leadscore_assets.steps.judging import judge_candidate
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.releasing import package_candidate
from leadscore_assets.steps.slicing import cut_slices

START = date(2025, 1, 6)
WEEKS = tuple(START + WEEK * number for number in range(7))
FIRST, SECOND, OLD, NEW = WEEKS[0], WEEKS[1], WEEKS[2], WEEKS[5]
TURNED = 3
ROWS = 210
CONTRACT = Contract(
    name="small",
    horizon_days=7,
    features=(
        Feature(name="employees", kind="integer", minimum=1, maximum=1_000_000),
        Feature(name="revenue", kind="numeric", minimum=0, missing=0.2),
        Feature(name="opened_mail", kind="boolean"),
        Feature(name="industry", kind="categorical", levels=("software", "retail", "health")),
    ),
    derived=(Derived(name="created_hour", kind="hour", of=("created_at",)),),
)
POLICY: dict[str, Any] = {
    "window": {"minimum_rows": 200, "minimum_test_rows": 50, "minimum_validation_rows": 25},
    "training": {"rounds": 10, "threads": 1, "min_child_weight": 1.0, "learners": ["xgboost"]},
    "drift": {"evidently_page": False},
}


@dataclass(frozen=True)
class Told:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one message of a failed command, all of it that a person sees."""
        return " ".join(f"{self.out}\n{self.err}".split())


@dataclass(frozen=True)
class Home:
    path: Path
    port: int = 0

    @property
    def data(self) -> Path:
        return self.path / "data"

    def cli(self, *arguments: str, code: int = 0) -> Told:
        """Run the command line in this process and expect an exit code."""
        told = run_cli("--home", str(self.path), *arguments)
        assert told.code == code, f"{arguments}: {told}"
        return told

    def platform(self, **change: Any) -> Platform:
        return open_platform(load_settings(self.path), **change)

    def copied(self, target: Path) -> "Home":
        """Copy this home, whose server does not run, to another folder and port."""
        with FileLock(self.path.with_suffix(".lock")):
            # The registry's files of runs lie where the first home lies; tests read none of them.
            subprocess.run(["cp", "-r", self.path, target], check=True)
        copy = Home(target, free_port())
        copy.set("port = ", f"port = {copy.port}")
        return copy

    def set(self, beginning: str, line: str, *, file: str = "leadscore.toml") -> None:
        """Replace the first line of a file of settings that begins so."""
        path = self.path / file
        lines = path.read_text().splitlines()
        at = next(number for number, text in enumerate(lines) if text.removeprefix("# ").startswith(beginning))
        path.write_text("\n".join([*lines[:at], line, *lines[at + 1 :]]) + "\n")


def run_cli(*arguments: str) -> Told:
    """Run `leadscore` as a shell would, in this process."""
    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    code: Any = 0
    with patch.object(sys, "argv", ["leadscore", *arguments]), redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    return Told(int(code or 0), *texts)


def spawn_cli(*arguments: str, **environment: str) -> Told:
    """Run `leadscore` in a process of its own."""
    program = [str(Path(sys.executable).parent / "leadscore"), *arguments]
    done = subprocess.run(program, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    return Told(done.returncode, done.stdout, done.stderr)


def refused(told: Told, *parts: str) -> None:
    """Assert one clear message: it names every part and shows nothing of the program's inside."""
    assert told.code != 0
    assert "Traceback" not in told.out + told.err
    assert "leadscore_assets." not in told.error
    for part in parts:
        assert part in told.error, told.error


def ask(home: Home, lead: dict[str, Any]) -> dict[str, Any]:
    """Send a lead to a home's endpoint over HTTP and return its answer."""
    address = f"http://127.0.0.1:{home.port}/invocations"
    request = urllib.request.Request(address, json.dumps(lead).encode(), {"content-type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as response:
        found: dict[str, Any] = json.loads(response.read())
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def leads(week: date, *, rows: int = ROWS, seed: int | None = None) -> pa.Table:
    """A week's leads in the contract's schema, evenly over its seven days."""
    number = (week - START).days // 7
    draw = np.random.default_rng(number if seed is None else seed)
    employees = draw.integers(1, 5_000, rows)
    worth = employees / 5_000 if number < TURNED else 1 - employees / 5_000
    score = np.clip(np.rint(1 + 4 * worth + draw.normal(0, 0.4, rows)), 1, 5)
    step = timedelta(days=7) / max(rows, 1)
    return pa.table(
        {
            "lead_id": [f"lead-{week}-{at}" for at in range(rows)],
            "created_at": [at_midnight(week) + step * at for at in range(rows)],
            "employees": employees,
            "revenue": [None if draw.random() < 0.05 else round(float(v), 2) for v in draw.gamma(2.0, 1e5, rows)],
            "opened_mail": draw.random(rows) < 0.5,
            "industry": draw.choice(["software", "retail", "health"], rows),
            "lead_score": score.astype(np.int64),
            "converted": draw.random(rows) < score / 6,
        },
        schema=CONTRACT.schema,
    )


def policy_with(policy: Policy, section: str, **values: Any) -> Policy:
    """Return a policy with other values in a section."""
    content = policy.model_dump()
    return policy_from({**content, section: {**content[section], **values}})


def write_csv(path: Path, table: pa.Table) -> Path:
    """Write leads as a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pacsv.write_csv(table, path)
    return path


def write_parquet(path: Path, table: pa.Table) -> Path:
    """Write leads as a Parquet file."""
    pq.write_table(table, path)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as rows of text."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    """Write rows of text as a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def made_home(path: Path, *, weeks: Sequence[date] = WEEKS, policy: dict[str, Any] | None = None) -> Home:
    """Make a home with a CSV file a week; nothing is ingested."""
    port = free_port()
    endpoint = {"port": port, "workers": 1}
    settings = {"start_week": START, "source": {"kind": "files", "path": "data"}, "endpoint": endpoint}
    write_home(path, settings=settings, contract=CONTRACT, policy=policy or POLICY)
    for week in weeks:
        write_csv(path / "data" / f"{week}.csv", leads(week))
    return Home(path, port)


def live_through(platform: Platform, weeks: Sequence[date]) -> None:
    """Train, judge and promote week by week as the weekly loop does, without an endpoint."""
    for week in weeks:
        cut_slices(platform, week)
        fit_candidate(platform, week, on_line=lambda _: None)
        if judge_candidate(platform, week).verdict.decision == "promote":
            package = package_candidate(platform, week)
            assert package
            platform.registry.promote(package.version)


def whole(home: Home) -> None:
    """Assert what must hold at every instant: no reader sees half of anything."""
    platform = home.platform()
    for manifest in platform.lake.manifests(platform.start_week, platform.last_finished_week()):
        held = platform.lake.read_files(manifest.files).num_rows if manifest.files else 0
        assert held == manifest.rows
        assert not manifest.quarantine_file or platform.lake.local_path(manifest.quarantine_file).is_file()
    for digest in platform.bundles.digests():
        assert bundle.verify(platform.bundles.path(digest), digest=digest) == digest
    assert platform.ledger.verify() == []
    keys = [record.key for record in platform.ledger.records()]
    assert len(keys) == len(set(keys))
    if (home.path / "registry" / "mlflow.db").is_file() and not (home.path / "registry" / "unfinished-mlflow").exists():
        packages = platform.registry.packages()
        assert len({package.digest for package in packages}) == len(packages)
        assert sum(package.stage == "production" for package in packages) <= 1


def nothing_lost(home: Home) -> None:
    """Assert that the first week is there, all of it, and nothing is half there."""
    manifest = home.platform().lake.manifest(FIRST)
    assert manifest
    assert manifest.rows == ROWS
    whole(home)
