"""A site for tests of training: a trainer in the emulated account, and programs that stand for the training."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.requests_training import TrainingPlace
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.trainer import SageMakerTrainer
from leadscore_assets.backends.aws.waiting import Patience
from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets.backends.local.lake import LocalLake
from leadscore_assets.backends.ports import Lake, TrainingJob
from leadscore_assets.domain.facts import DataFile, Slice
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets_tests.aws import rules_training  # noqa: F401 - its rules hold for every request
from leadscore_assets_tests.backends.bundle_files import make_bundle
from leadscore_assets_tests.leads import made_leads

WEEK = date(2026, 1, 5)
ROLE = "arn:aws:iam::123456789012:role/leadscore-training"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
QUICK = Patience(interval=0.05, deadline=60.0)
_HEAD = """
import os, pathlib, shutil, sys, time
here, root = pathlib.Path(__file__).parent, pathlib.Path(os.environ["LEADSCORE_ML_ROOT"])
print("round 1/2 validation_rmse=0.5", flush=True)
"""
DONE = """
shutil.unpack_archive(here / "bundle.zip", root / "model")
print("final_rmse=0.25 final_spearman=0.75 final_rounds=2 learner=xgboost", flush=True)
"""
FAILS = """
(root / "output" / "failure").write_text("the train slice has no labelled row; widen the window")
sys.exit(1)
"""
HANGS = "time.sleep(120)"


class QuickProgram:
    """A program that is there at once: what it does is given as the text that follows its first line."""

    def __init__(self, store: S3Store, folder: Path, does: str = DONE) -> None:
        self._store, self.does = store, does
        self.digest = make_bundle(folder)
        self._folder = folder

    def address(self, job: TrainingJob, *, on_line: Callable[[str], None]) -> str:
        packed = shutil.make_archive(str(self._folder), "zip", self._folder)
        self._store.upload("code/quick/bundle.zip", Path(packed))
        self._store.put("code/quick/train.py", (_HEAD + self.does).encode())
        return self._store.uri("code/quick/")


@dataclass
class Site:
    """A trainer with what it works on; `lines` is what it said."""

    account: Account
    store: S3Store
    lake: Lake
    bundles: LocalBundles
    program: QuickProgram
    lines: list[str]

    def trainer(self, **change: Any) -> SageMakerTrainer:
        """Return a trainer of this site; resources, place, code, prices and patience may be others."""
        resources = change.pop("resources", ResourcesPolicy())
        place = change.pop("place", TrainingPlace(root=self.store.uri("").rstrip("/"), role=ROLE, image=IMAGE))
        given = {"lake": self.lake, "bundles": self.bundles, "code": self.program, "patience": QUICK} | change
        return SageMakerTrainer(self.account, self.store, place, resources, **given)


def made_site(account: Account, store: S3Store, folder: Path) -> Site:
    """Make a site whose lake and bundles lie on this machine."""
    program = QuickProgram(store, folder / "quick")
    return Site(account, store, LocalLake(folder / "lake"), LocalBundles(folder / "bundles"), program, [])


def made_job(lake: Lake, *, hosts: int = 1, name: str = "leadscore-2026-01-05-abc") -> TrainingJob:
    """Return a job with two slices of a day."""
    return TrainingJob(
        name=name,
        week=WEEK,
        train=_slice(lake, "train", seed=0),
        validation=_slice(lake, "validation", seed=1),
        documents={"lineage": {"week": f"{WEEK}"}, "policy": {}},
        hyperparameters={"rounds": "8", "learners": "xgboost"},
        maximum_minutes=2000,
        hosts=hosts,
    )


def _slice(lake: Lake, name: str, *, seed: int) -> Slice:
    path, sha256 = lake.write_table(made_leads(20, seed=seed), under=f"leads/week={WEEK}/day={WEEK}")
    return Slice(name, WEEK, (WEEK,), (DataFile(path, sha256, 20, WEEK, 20),), 20, sha256)
