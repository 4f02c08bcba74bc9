"""Training on this machine: the training program as a child process, with the files SageMaker would give its container.

Every attempt has a folder of its own, and only the parent publishes a finished bundle, so a killed attempt leaves
nothing that a later one could mistake for a model.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from leadscore_assets.backends.atomic import write_atomically
from leadscore_assets.backends.local.files import LocalFiles
from leadscore_assets.backends.ports import BundleStore, FileStore, Lake, TrainingJob, TrainingResult
from leadscore_assets.domain import bundle
from leadscore_assets.domain.digests import canonical_json
from leadscore_assets.domain.errors import CorruptArtefact, Missing, PermanentError
from leadscore_assets.domain.facts import Slice

_GRACE_SECONDS = 20.0


class LocalTrainer:
    """Runs training jobs one after the other below `folder` and keeps their bundles in `bundles`."""

    def __init__(self, *, folder: Path, lake: Lake, bundles: BundleStore) -> None:
        self._folder = folder
        self._lake = lake
        self._bundles = bundles

    @property
    def leftovers(self) -> FileStore:
        """What trainings leave beside their bundles."""
        return LocalFiles(self._folder)

    def train(self, job: TrainingJob, *, on_line: Callable[[str], None]) -> TrainingResult:
        """Run a job, or return the bundle that the same job made before."""
        with self._lake.lock(f"training-{job.name}"):
            done = self._done(job)
            if done:
                on_line(f"job {job.name} was done before; its bundle is {done.digest[:12]}")
                return done
            started = time.monotonic()
            with self._attempt(job) as root:
                self._run(job, root, on_line)
                digest = self._bundles.add(root / "model")
            seconds = round(time.monotonic() - started, 3)
            record = {"digest": digest, "seconds": seconds, "name": job.name, "week": job.week.isoformat()}
            write_atomically(self._folder / job.name / "result.json", canonical_json(record).encode())
            return TrainingResult(digest, seconds, reused=False)

    def _done(self, job: TrainingJob) -> TrainingResult | None:
        path = self._folder / job.name / "result.json"
        if not path.is_file():
            return None
        record = json.loads(path.read_text())
        try:
            bundle.verify(self._bundles.path(record["digest"]), digest=record["digest"])
        except (Missing, CorruptArtefact):
            return None
        return TrainingResult(record["digest"], float(record["seconds"]), reused=True)

    @contextmanager
    def _attempt(self, job: TrainingJob) -> Iterator[Path]:
        place = self._folder / job.name
        place.mkdir(parents=True, exist_ok=True)
        for left in place.glob("attempt-*"):
            _end_orphan(left)
            shutil.rmtree(left, ignore_errors=True)
        root = Path(tempfile.mkdtemp(prefix="attempt-", dir=place))
        try:
            yield root
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def _run(self, job: TrainingJob, root: Path, on_line: Callable[[str], None]) -> None:
        self._lay_out(job, root)
        process = subprocess.Popen(
            [sys.executable, "-m", "leadscore_assets.jobs.train"],
            env=_environment(job, root),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        (root / "pid").write_text(f"{process.pid} {psutil.Process(process.pid).create_time()}")
        timer = threading.Timer(job.maximum_minutes * 60, process.terminate)
        timer.start()
        try:
            for line in process.stdout or ():
                on_line(line.rstrip())
            code = process.wait()
        finally:
            timer.cancel()
            _stop(process)
            if process.stdout:
                process.stdout.close()
        if code:
            raise PermanentError(_failure(job, root, code))

    def _lay_out(self, job: TrainingJob, root: Path) -> None:
        for name, part in (("train", job.train), ("validation", job.validation)):
            self._fill(root / "input" / "data" / name, part)
        documents = root / "input" / "data" / "documents"
        config = root / "input" / "config"
        for folder in (documents, config, root / "model", root / "output"):
            folder.mkdir(parents=True)
        for name, content in job.documents.items():
            _write(documents / f"{name}.json", content)
        _write(config / "hyperparameters.json", job.hyperparameters)
        channel = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
        _write(config / "inputdataconfig.json", dict.fromkeys(("train", "validation", "documents"), channel))
        _write(config / "resourceconfig.json", {"current_host": "algo-1", "hosts": ["algo-1"]})

    def _fill(self, channel: Path, part: Slice) -> None:
        channel.mkdir(parents=True)
        for file in part.files:
            source, target = self._lake.local_path(file.path), channel / f"{file.day}.parquet"
            try:
                os.link(source, target)
            except OSError:
                shutil.copyfile(source, target)


def _environment(job: TrainingJob, root: Path) -> dict[str, str]:
    arn = f"arn:aws:sagemaker:local:000000000000:training-job/{job.name}"
    given = {"LEADSCORE_ML_ROOT": str(root), "TRAINING_JOB_NAME": job.name, "TRAINING_JOB_ARN": arn}
    return {**os.environ, **given, "PYTHONUNBUFFERED": "1"}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, sort_keys=True, default=str))


def _failure(job: TrainingJob, root: Path, code: int) -> str:
    path = root / "output" / "failure"
    reason = path.read_text() if path.is_file() else f"the process ended with code {code}"
    return f"training job {job.name} failed: {reason}"


def _stop(process: subprocess.Popen[str]) -> None:
    if process.stdout:
        process.stdout.close()
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end_orphan(attempt: Path) -> None:
    """End a training process whose parent was killed; it would go on using the machine for nothing."""
    try:
        pid, created = (attempt / "pid").read_text().split()
        process = psutil.Process(int(pid))
        if abs(process.create_time() - float(created)) < 1:
            process.send_signal(signal.SIGKILL)
            process.wait(_GRACE_SECONDS)
    except (OSError, ValueError, psutil.Error):
        return
