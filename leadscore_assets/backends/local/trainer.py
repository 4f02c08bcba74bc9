"""Training on this machine: the training program as a child process a host (see training_hosts).

Every attempt has a folder of its own, and only the parent publishes a finished bundle, so a killed attempt leaves
nothing that a later one could mistake for a model.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from leadscore_assets.backends.atomic import write_atomically
from leadscore_assets.backends.local.training_hosts import TrainingHosts, end_orphans
from leadscore_assets.backends.ports import BundleStore, Lake, TrainingJob, TrainingResult
from leadscore_assets.domain import bundle
from leadscore_assets.domain.digests import canonical_json
from leadscore_assets.domain.errors import CorruptArtefact, Missing, PermanentError, oneline
from leadscore_assets.domain.facts import Slice


class LocalTrainer:
    """Runs training jobs one after the other below `folder` and keeps their bundles in `bundles`."""

    def __init__(self, *, folder: Path, lake: Lake, bundles: BundleStore) -> None:
        self._folder = folder
        self._lake = lake
        self._bundles = bundles

    def train(self, job: TrainingJob, *, on_line: Callable[[str], None]) -> TrainingResult:
        """Run a job, or return the bundle that the same job made before."""
        with self._lake.lock(f"training-{job.name}"):
            done = self._done(job)
            if done:
                on_line(f"job {job.name} was done before; its bundle is {done.digest[:12]}")
                return done
            started = time.monotonic()
            with self._attempt(job) as root:
                hosts = TrainingHosts(job, root, lambda data: self._fill_all(data, job))
                reasons = hosts.run(on_line)
                if reasons:
                    raise PermanentError(f"training job {job.name} failed: {oneline(reasons)}")
                digest = self._bundles.add(hosts.model)
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
            end_orphans(left)
            shutil.rmtree(left, ignore_errors=True)
        root = Path(tempfile.mkdtemp(prefix="attempt-", dir=place))
        try:
            yield root
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def _fill_all(self, data: Path, job: TrainingJob) -> None:
        for name, part in (("train", job.train), ("validation", job.validation)):
            self._fill(data / name, part)

    def _fill(self, channel: Path, part: Slice) -> None:
        channel.mkdir(parents=True)
        for file in part.files:
            source, target = self._lake.local_path(file.path), channel / f"{file.day}.parquet"
            try:
                os.link(source, target)
            except OSError:
                shutil.copyfile(source, target)
