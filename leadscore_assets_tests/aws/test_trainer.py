"""The trainer on SageMaker: one job paid for once, whatever goes wrong, and nothing left that is billed."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from moto.logs.responses import LogsResponse

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.aws.prices import Prices
from leadscore_assets.backends.aws.requests_training import TrainingPlace
from leadscore_assets.backends.aws.s3_lake import S3Lake
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.waiting import Patience
from leadscore_assets.backends.ports import TrainingJob
from leadscore_assets.domain import bundle
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, PermanentError, Refused, TransientError
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets_tests.aws.conftest import BUCKET, OWNER
from leadscore_assets_tests.aws.emulated_training import Answered, Training
from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.aws.training_site import FAILS, HANGS, IMAGE, ROLE, Site, made_job, made_site

SPOT = ResourcesPolicy(spot=True, spot_wait_minutes=1)


@pytest.fixture
def training(emulator: Emulator) -> Training:
    found: Training = emulator.state["training"]
    return found


@pytest.fixture
def site(account: Account, store: S3Store, tmp_path: Path) -> Site:
    return made_site(account, store, tmp_path)


@pytest.fixture
def job(site: Site) -> TrainingJob:
    return made_job(site.lake)


def ended(training: Training) -> None:
    """Assert that nothing is billed any more, or soon will not be."""
    deadline = time.monotonic() + 30
    while training.running() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert training.running() == []


def test_a_job_leaves_a_bundle_its_lines_and_what_it_cost(site: Site, job: TrainingJob, training: Training) -> None:
    training.faults.pace = 3600.0

    result = site.trainer().train(job, on_line=site.lines.append)

    assert result.digest == site.program.digest
    assert bundle.verify(site.bundles.path(result.digest)) == result.digest
    assert not result.reused
    billable = result.facts["billable_seconds"]
    assert isinstance(billable, float)
    assert result.cost == pytest.approx(0.408 * billable / 3600, abs=1e-6)
    assert result.facts["job_arn"] == f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{job.name}"
    assert (result.facts["instance"], result.facts["hosts"]) == ("ml.c5.2xlarge", 1)
    assert result.facts["metric_validation:spearman"] == 0.75
    assert "round 1/2 validation_rmse=0.5" in site.lines
    assert any(line.startswith(f"{job.name}: Downloading") for line in site.lines)
    assert training.running() == []


def test_a_job_that_is_done_is_not_paid_for_again(site: Site, job: TrainingJob, training: Training) -> None:
    first = site.trainer().train(job, on_line=site.lines.append)
    again = site.trainer().train(job, on_line=site.lines.append)
    assert (again.digest, again.reused, again.cost) == (first.digest, True, first.cost)
    assert list(training.jobs) == [job.name]


def test_a_done_job_whose_model_is_gone_is_done_again(site: Site, job: TrainingJob, training: Training) -> None:
    site.trainer().train(job, on_line=site.lines.append)
    site.store.delete(f"training/{job.name}/output/{job.name}/output/model.tar.gz")
    assert not site.trainer().train(job, on_line=site.lines.append).reused
    assert site.trainer().train(job, on_line=site.lines.append).reused
    assert list(training.jobs) == [job.name, f"{job.name}-2"]


def test_a_damaged_model_is_refused(site: Site, job: TrainingJob) -> None:
    site.trainer().train(job, on_line=site.lines.append)
    site.store.put(f"training/{job.name}/output/{job.name}/output/model.tar.gz", b"no archive")
    with pytest.raises(CorruptArtefact, match="cannot be unpacked"):
        site.trainer().train(job, on_line=site.lines.append)


def test_a_failed_job_says_why_and_the_next_run_is_a_new_attempt(
    site: Site, job: TrainingJob, training: Training
) -> None:
    good, site.program.does = site.program.does, FAILS
    with pytest.raises(
        PermanentError, match=r"abc failed: AlgorithmError: the train slice has no labelled row.*code: 1"
    ):
        site.trainer().train(job, on_line=site.lines.append)
    assert list(site.bundles.digests()) == []

    site.program.does = good
    assert site.trainer().train(job, on_line=site.lines.append).digest == site.program.digest
    assert list(training.jobs) == [job.name, f"{job.name}-2"]


def test_a_run_that_was_killed_finds_its_job_again(site: Site, job: TrainingJob, training: Training) -> None:
    trainer = site.trainer()
    request = trainer._request(job.name, job, site.lines.append)
    site.account.call("sagemaker", "create_training_job", **request)
    assert training.running() == [job.name]

    result = trainer.train(job, on_line=site.lines.append)

    assert result.digest == site.program.digest
    assert list(training.jobs) == [job.name]


def test_two_runs_of_one_job_start_it_once(site: Site, job: TrainingJob, training: Training) -> None:
    found = []
    runs = [
        threading.Thread(target=lambda: found.append(site.trainer().train(job, on_line=site.lines.append)))
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert [item.digest for item in found] == [site.program.digest] * 2
    assert list(training.jobs) == [job.name]


@pytest.mark.parametrize("cause", [KeyboardInterrupt, SystemExit], ids=["a person", "a signal"])
def test_a_run_that_is_cancelled_leaves_nothing_that_is_billed(
    site: Site, job: TrainingJob, training: Training, cause: type[BaseException]
) -> None:
    site.program.does = HANGS

    def interrupt(line: str) -> None:
        site.lines.append(line)
        if line.startswith("round 1/"):
            raise cause

    with pytest.raises(cause):
        site.trainer().train(job, on_line=interrupt)
    assert f"job {job.name} was told to stop" in site.lines
    ended(training)
    assert training.jobs[job.name].status == "Stopped"


def test_a_job_that_outlives_the_wait_is_stopped(site: Site, job: TrainingJob, training: Training) -> None:
    site.program.does = HANGS
    with pytest.raises(TransientError, match="did not end within"):
        site.trainer(patience=Patience(interval=0.02, deadline=0.5)).train(job, on_line=site.lines.append)
    ended(training)


def test_a_job_that_somebody_stopped_is_no_success_and_the_next_run_is_a_new_attempt(
    site: Site, job: TrainingJob, training: Training
) -> None:
    good, site.program.does = site.program.does, HANGS

    def stop(line: str) -> None:
        if line.startswith("round 1/"):
            site.account.call("sagemaker", "stop_training_job", TrainingJobName=job.name)

    with pytest.raises(PermanentError, match="was stopped by somebody"):
        site.trainer().train(job, on_line=stop)
    site.program.does = good
    assert site.trainer().train(job, on_line=stop).digest == site.program.digest


def test_throttling_and_lost_connections_while_it_waits_are_outlived(
    site: Site, job: TrainingJob, training: Training
) -> None:
    def disturb(line: str) -> None:
        if "Downloading" in line:
            training.faults.throttled, training.faults.lost_connections = 3, 3

    assert site.trainer().train(job, on_line=disturb).digest == site.program.digest
    assert training.faults.throttled == training.faults.lost_connections == 0


@pytest.mark.parametrize(
    ("fault", "resources", "told"),
    [
        ("no_capacity", ResourcesPolicy(), "got no machine or lost one: CapacityError"),
        ("no_spot", SPOT, "got no spot machine for long enough"),
    ],
)
def test_a_lack_of_machines_may_pass(
    site: Site, job: TrainingJob, training: Training, fault: str, resources: ResourcesPolicy, told: str
) -> None:
    training.faults.pace = 1e6
    setattr(training.faults, fault, 1)
    with pytest.raises(TransientError, match=told):
        site.trainer(resources=resources).train(job, on_line=site.lines.append)
    assert training.running() == []
    training.faults.pace = 1.0
    assert site.trainer(resources=resources).train(job, on_line=site.lines.append).digest == site.program.digest


def test_a_job_that_runs_into_its_bound_is_no_success(site: Site, job: TrainingJob, training: Training) -> None:
    site.program.does, training.faults.pace = HANGS, 1e6
    with pytest.raises(PermanentError, match="ran into its bound"):
        site.trainer().train(job, on_line=site.lines.append)
    assert training.running() == []


def test_a_quota_that_is_used_up_is_told_with_what_to_do(site: Site, job: TrainingJob, training: Training) -> None:
    training.faults.limit = 0
    with pytest.raises(AwsRefused, match="ask for a higher quota"):
        site.trainer().train(job, on_line=site.lines.append)
    assert training.jobs == {}


def test_spot_machines_are_cheaper_and_the_saving_is_told(site: Site, job: TrainingJob, training: Training) -> None:
    training.faults.pace = 3600.0
    result = site.trainer(resources=SPOT).train(job, on_line=site.lines.append)
    assert result.facts["spot_saving_percent"] == pytest.approx(60.0, abs=1.0)


def test_an_unknown_price_is_unknown_and_not_nothing(site: Site, job: TrainingJob) -> None:
    result = site.trainer(prices=Prices("2026-11", {})).train(job, on_line=site.lines.append)
    assert result.cost is None
    assert "no price of ml.c5.2xlarge" in str(result.facts["price_per_hour"])


def test_an_instance_that_does_not_exist_is_refused_before_anything_is_sent(
    site: Site, job: TrainingJob, training: Training
) -> None:
    with pytest.raises(InvalidInput, match=r"ml\.c5\.3xlarge is no instance .* such as ml\.c5\."):
        site.trainer(resources=ResourcesPolicy(training_instance="ml.c5.3xlarge")).train(job, on_line=site.lines.append)
    assert training.jobs == {}
    assert list(site.store.objects("")) == []


def test_what_a_channel_was_not_given_is_not_learnt_from(site: Site, job: TrainingJob, training: Training) -> None:
    site.store.put(f"training/{job.name}/channels/train/2020-01-01.parquet", b"somebody's")
    with pytest.raises(Refused, match=r"holds 2020-01-01\.parquet"):
        site.trainer().train(job, on_line=site.lines.append)
    assert training.jobs == {}


def test_files_of_a_lake_in_s3_are_copied_there_by_s3(site: Site, account: Account, tmp_path: Path) -> None:
    lake = S3Lake(site.store, tmp_path / "cache")
    job = made_job(lake)
    there = replace(site, lake=lake)
    asked: list[str] = []
    account.client("s3").meta.events.register("provide-client-params.s3.*", lambda model, **_: asked.append(model.name))
    place = TrainingPlace(root=site.store.uri("").rstrip("/"), role=ROLE, image=IMAGE, owner=OWNER)

    result = there.trainer(place=place).train(job, on_line=site.lines.append)

    assert result.digest == site.program.digest
    assert asked.count("CopyObject") == 2
    key = f"site/training/{job.name}/channels/train/{job.week}.parquet"
    body = account.call("s3", "get_object", Bucket=BUCKET, Key=key)["Body"].read()
    assert body == lake.local_path(job.train.files[0].path).read_bytes()


def test_a_log_that_cannot_be_read_is_said_once_and_fails_nothing(
    site: Site, job: TrainingJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: LogsResponse) -> None:
        raise Answered("AccessDeniedException", "not yours")

    monkeypatch.setattr(LogsResponse, "describe_log_streams", refuse)
    assert site.trainer().train(job, on_line=site.lines.append).digest == site.program.digest
    assert sum("log cannot be read" in line for line in site.lines) == 1
