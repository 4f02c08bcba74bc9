import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from datetime import date
from threading import Thread

import psutil
import pytest

from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets.backends.local.lake import LocalLake
from leadscore_assets.backends.local.trainer import LocalTrainer
from leadscore_assets.backends.ports import TrainingJob
from leadscore_assets.domain import bundle
from leadscore_assets.domain.contract import default_contract
from leadscore_assets.domain.errors import PermanentError
from leadscore_assets.domain.facts import DataFile, Slice
from leadscore_assets.domain.policy import Policy
from leadscore_assets_tests.leads import made_leads

WEEK = date(2026, 1, 5)
CONTRACT = default_contract()


@pytest.fixture
def lake(tmp_path):
    return LocalLake(tmp_path / "lake")


@pytest.fixture
def trainer(tmp_path, lake):
    return LocalTrainer(folder=tmp_path / "training", lake=lake, bundles=LocalBundles(tmp_path / "bundles"))


@pytest.fixture
def job(lake):
    def part(name: str, seed: int) -> Slice:
        table = made_leads(300, seed=seed)
        path, sha256 = lake.write_table(table, under=f"leads/week={WEEK}/day={WEEK}")
        return Slice(name, WEEK, (WEEK,), (DataFile(path, sha256, 300, WEEK, 300),), 300, sha256)

    return TrainingJob(
        name="leadscore-2026-01-05-abc",
        week=WEEK,
        train=part("train", 0),
        validation=part("validation", 1),
        documents={
            "contract": CONTRACT.model_dump(mode="json"),
            "policy": Policy().model_dump(mode="json"),
            "lineage": {"week": "2026-01-05"},
        },
        hyperparameters={"rounds": "8", "early_stopping_rounds": "4"},
        maximum_minutes=2,
    )


def test_a_job_leaves_a_sound_bundle_and_tells_what_it_does(trainer, job, tmp_path):
    lines: list[str] = []
    result = trainer.train(job, on_line=lines.append)
    assert not result.reused
    assert bundle.verify(tmp_path / "bundles" / result.digest) == result.digest
    assert any(line.startswith("round 1/8 validation_rmse=") for line in lines)
    assert list((tmp_path / "training" / job.name).glob("attempt-*")) == []


def test_the_same_job_is_done_once(trainer, job):
    first = trainer.train(job, on_line=lambda _: None)
    again = trainer.train(job, on_line=lambda _: None)
    assert (again.digest, again.reused) == (first.digest, True)


def test_a_job_whose_bundle_is_gone_is_done_again_with_the_same_digest(trainer, job, tmp_path):
    first = trainer.train(job, on_line=lambda _: None)
    kept = tmp_path / "bundles" / first.digest
    kept.rename(tmp_path / "elsewhere")
    again = trainer.train(job, on_line=lambda _: None)
    assert (again.digest, again.reused) == (first.digest, False)


def test_two_hosts_train_one_model_which_is_another_than_one_hosts(trainer, job):
    two = replace(job, name=f"{job.name}-two", hosts=2)
    lines: list[str] = []
    first = trainer.train(two, on_line=lines.append)
    assert trainer.train(job, on_line=lambda _: None).digest != first.digest
    assert sum(line.startswith("round 1/8 ") for line in lines) == 1


def test_a_host_that_dies_ends_the_job_and_its_other_hosts(trainer, job, tmp_path):
    long = {"rounds": "10000", "early_stopping_rounds": "10000", "learning_rate": "0.001", "learners": "xgboost"}
    two = replace(job, hyperparameters=long, hosts=2)

    def kill(line: str) -> None:
        if line.startswith("round 1/"):
            pids = (tmp_path / "training").rglob("pids")
            os.kill(int(next(pids).read_text().splitlines()[1].split()[0]), signal.SIGKILL)

    with pytest.raises(PermanentError, match="algo-2: the process ended with code -9"):
        trainer.train(two, on_line=kill)
    assert not [child for child in psutil.Process().children() if "leadscore_assets.jobs.train" in child.cmdline()]


def test_a_failed_job_says_why_and_leaves_no_bundle(trainer, job, tmp_path):
    broken = replace(job, hyperparameters={"rounds": "many"})
    with pytest.raises(PermanentError, match=r"leadscore-2026-01-05-abc failed: .*rounds"):
        trainer.train(broken, on_line=lambda _: None)
    assert list(LocalBundles(tmp_path / "bundles").digests()) == []
    assert trainer.train(job, on_line=lambda _: None).digest


def test_a_program_that_dies_is_told_by_its_exit_code(trainer, job):
    long = replace(job, hyperparameters={"rounds": "10000", "early_stopping_rounds": "10000", "learning_rate": "0.001"})

    def kill(line: str) -> None:
        if line.startswith("round 1/"):
            for child in psutil.Process().children(recursive=True):
                if "leadscore_assets.jobs.train" in child.cmdline():
                    os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(PermanentError, match="ended with code -9"):
        trainer.train(long, on_line=kill)


def test_a_caller_that_is_interrupted_ends_its_training(trainer, job):
    long = replace(job, hyperparameters={"rounds": "10000", "early_stopping_rounds": "10000", "learning_rate": "0.001"})

    def interrupt(line: str) -> None:
        if line.startswith("round 1/"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer.train(long, on_line=interrupt)
    assert not [child for child in psutil.Process().children() if "leadscore_assets.jobs.train" in child.cmdline()]


def test_what_a_killed_attempt_left_is_ended_and_cleared(trainer, job, tmp_path):
    left = tmp_path / "training" / job.name / "attempt-old"
    left.mkdir(parents=True)
    started = subprocess.run(
        ["sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True, check=True
    )
    orphan = psutil.Process(int(started.stdout))
    (left / "pids").write_text(f"{orphan.pid} {orphan.create_time()}")
    trainer.train(job, on_line=lambda _: None)
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    assert not left.exists()


def test_a_recycled_process_number_is_left_alone(trainer, job, tmp_path):
    left = tmp_path / "training" / job.name / "attempt-old"
    left.mkdir(parents=True)
    (left / "pids").write_text(f"{os.getpid()} 12345.0")
    assert trainer.train(job, on_line=lambda _: None).digest


def test_two_callers_of_one_job_train_it_once(trainer, job):
    results = []
    threads = [Thread(target=lambda: results.append(trainer.train(job, on_line=lambda _: None))) for _ in range(2)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 120
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    assert sorted(result.reused for result in results) == [False, True]
    assert len({result.digest for result in results}) == 1


def test_the_record_of_a_job_holds_its_digest_and_seconds(trainer, job, tmp_path):
    result = trainer.train(job, on_line=lambda _: None)
    record = json.loads((tmp_path / "training" / job.name / "result.json").read_text())
    assert record["digest"] == result.digest
    assert record["seconds"] > 0
