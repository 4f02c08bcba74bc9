"""Batches by transform job: the run's bytes, one job for the same leads, nothing left running, every end told."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.requests_transform import job_name, job_request, model_request
from leadscore_assets.backends.aws.s3_bundles import S3Bundles
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.transform import SageMakerTransform
from leadscore_assets.backends.aws.waiting import Patience
from leadscore_assets.backends.local.batch_scorer import LocalBatchScorer
from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets.domain.batch import SCORED
from leadscore_assets.domain.errors import PermanentError, TransientError
from leadscore_assets.domain.facts import Package
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets.steps.listing import csv_bytes, in_order, parquet_bytes
from leadscore_assets_tests.aws import rules_transform
from leadscore_assets_tests.aws.conftest import BUCKET
from leadscore_assets_tests.aws.emulated_transform import HANGS, Machine, machine_of
from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.aws.strict import Inadmissible
from leadscore_assets_tests.aws.transform_site import Site
from leadscore_assets_tests.serving.bundles import CONTRACT, leads, trained
from leadscore_assets_tests.serving.processes import until

PATIENCE = Patience(interval=0.02, deadline=60)
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
WEEK = leads(240, seed=20)
assert rules_transform


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return trained(tmp_path_factory.mktemp("transform"))


@pytest.fixture
def package(bundles: Any) -> Package:
    when = datetime(2026, 1, 12, tzinfo=UTC)
    return Package(4, bundles[1][0], date(2026, 1, 5), "1.3.0", "production", when)


@pytest.fixture
def machine(emulator: Emulator) -> Machine:
    return machine_of(emulator)


@pytest.fixture
def made(account: Account, bundles: Any, tmp_path: Path) -> Callable[..., SageMakerTransform]:
    """Make the adapter, as a new process would."""
    store = S3Store(account, BUCKET, "site")
    kept = S3Bundles(store, LocalBundles(tmp_path / "kept"))
    for digest in bundles[1]:
        kept.add(Path(shutil.copytree(bundles[0].path(digest), tmp_path / f"copy-{digest}")))

    def make(**change: Any) -> SageMakerTransform:
        given = {"place": Site(), "resources": ResourcesPolicy(), "patience": PATIENCE} | change
        return SageMakerTransform(account, store=store, bundles=kept, **given)

    return make


def put_answers(account: Account, name: str, content: bytes) -> None:
    S3Store(account, BUCKET, "site").put(f"transform/{name}/output/leads.jsonl.out", content)


def test_the_list_of_a_transform_job_is_that_of_the_run_in_every_byte(
    made: Callable[..., SageMakerTransform], machine: Machine, package: Package, bundles: Any, account: Account
) -> None:
    machine.batch_bytes = 10_000
    there = made().score(package, WEEK, reasons=3)
    here = LocalBatchScorer(bundles[0]).score(package, WEEK, reasons=3)
    assert there.schema == here.schema == SCORED
    lists = [in_order(WEEK, scored, CONTRACT, package) for scored in (here, there)]
    assert parquet_bytes(lists[0]) == parquet_bytes(lists[1])
    assert csv_bytes(lists[0]) == csv_bytes(lists[1])
    assert lists[0]["reasons"][0].as_py().count("; ") == 2
    # The same leads again are the same job, asked by another process too.
    assert made().score(package, WEEK, reasons=3).equals(there)
    assert len(machine.created) == 1
    assert machine.running() == []
    request = machine.jobs[machine.created[0]].request
    assert not {"DataCaptureConfig", "Environment"} & set(request)
    assert len(list(account.pages("sagemaker", "list_models", "Models"))) == 1


def test_no_leads_are_no_job(made: Callable[..., SageMakerTransform], machine: Machine, package: Package) -> None:
    assert made().score(package, WEEK.slice(0, 0), reasons=3).equals(SCORED.empty_table())
    assert machine.created == []


def test_a_batch_that_the_container_refuses_ends_with_its_status(
    made: Callable[..., SageMakerTransform], machine: Machine, package: Package
) -> None:
    blank = WEEK.slice(0, 3).set_column(0, WEEK.schema.field(0), pa.array(["a", " ", "c"]))
    with pytest.raises(PermanentError, match=r"failed: ClientError: Bad HTTP status .* 400.*TransformJobs"):
        made().score(package, blank, reasons=1)
    assert machine.running() == []


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("CapacityError: Unable to provision requested ML compute capacity. Please retry.", TransientError),
        ("InternalServerError: We encountered an internal error. Please try again.", TransientError),
        ("AlgorithmError: See job logs for more information", PermanentError),
    ],
)
def test_a_failed_job_is_told_with_its_reason_and_the_next_run_makes_another(
    made: Callable[..., SageMakerTransform], machine: Machine, package: Package, reason: str, kind: type[Exception]
) -> None:
    machine.faults += [reason, reason]
    for attempt in (1, 2):
        with pytest.raises(kind, match=reason[:40]):
            made().score(package, WEEK, reasons=3)
        assert [name.rpartition("-")[2] for name in machine.created] == [f"{n}" for n in range(1, attempt + 1)]


def test_the_deadline_stops_the_job(
    made: Callable[..., SageMakerTransform], machine: Machine, package: Package
) -> None:
    machine.faults.append(HANGS)
    with pytest.raises(TransientError, match="did not end within"):
        made(patience=Patience(interval=0.01, deadline=0.1)).score(package, WEEK, reasons=3)
    stopped(machine)


class _Cancelled(BaseException):
    """What Dagster raises in a run that is cancelled."""


def test_a_run_that_is_cancelled_stops_its_job(
    made: Callable[..., SageMakerTransform], machine: Machine, package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.faults.append(HANGS)

    def cancelled(_seconds: float) -> None:
        raise _Cancelled

    monkeypatch.setattr("leadscore_assets.backends.aws.waiting.time.sleep", cancelled)
    with pytest.raises(_Cancelled):
        made().score(package, WEEK, reasons=3)
    stopped(machine)


def test_a_job_that_a_person_stops_is_told_and_may_be_tried_again(
    made: Callable[..., SageMakerTransform], machine: Machine, package: Package, account: Account
) -> None:
    machine.faults.append(HANGS)
    ended: list[BaseException] = []

    def run() -> None:
        try:
            made().score(package, WEEK, reasons=3)
        except TransientError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: machine.created)
    account.call("sagemaker", "stop_transform_job", TransformJobName=machine.created[0])
    thread.join(30)
    assert "was stopped; score the week again" in str(ended[0])


def test_a_run_finds_the_job_that_another_began_and_waits_for_it(
    made: Callable[..., SageMakerTransform], machine: Machine, package: Package
) -> None:
    machine.faults.append(HANGS)
    short = made(patience=Patience(interval=0.01, deadline=0.1))
    with pytest.raises(TransientError, match="did not end within"):
        short.score(package, WEEK, reasons=3)
    stopped(machine)
    # As if the stop had not been heard: the job goes on when the next run looks for it.
    machine.jobs[machine.created[0]].status = "InProgress"
    with pytest.raises(TransientError, match="did not end within"):
        short.score(package, WEEK, reasons=3)
    assert len(machine.created) == 1


def stopped(machine: Machine) -> None:
    for job in machine.jobs.values():
        assert job.thread
        job.thread.join(30)
    assert machine.running() == []
    assert {job.status for job in machine.jobs.values()} == {"Stopped"}


def test_damaged_answers_of_an_earlier_job_are_passed_over(
    made: Callable[..., SageMakerTransform], machine: Machine, package: Package, account: Account
) -> None:
    machine.faults += ["AlgorithmError: the first", "AlgorithmError: the second"]
    with pytest.raises(PermanentError, match="the first"):
        made().score(package, WEEK, reasons=3)
    name = machine.created[0]
    machine.jobs[name].status = "Completed"
    put_answers(account, name, b'{"lead_id":"x"}\n')
    with pytest.raises(PermanentError, match="the second"):
        made().score(package, WEEK, reasons=3)


SITE = Site(kms_key=KEY, subnets=("subnet-1",), groups=("sg-1",), tags={"team": "sales"})


def test_names_come_from_content(package: Package) -> None:
    first = model_request(package, "s3://b/m.tar.gz", reasons=3, place=SITE, isolated=True)
    assert first == model_request(package, "s3://b/m.tar.gz", reasons=3, place=SITE, isolated=True)
    changes = (
        model_request(package, "s3://b/m.tar.gz", reasons=2, place=SITE, isolated=True),
        model_request(package, "s3://b/m.tar.gz", reasons=3, place=replace(SITE, image="i"), isolated=True),
        model_request(replace(package, digest="f" * 64), "s3://b/m.tar.gz", reasons=3, place=SITE, isolated=True),
    )
    assert len({first["ModelName"], *(item["ModelName"] for item in changes)}) == 4
    names = {job_name(model, machine, lines, 1) for model in "ab" for machine in "cd" for lines in "ef"}
    assert len(names) == 8


def test_every_field_of_a_place_reaches_the_requests(account: Account, package: Package) -> None:
    model = model_request(package, "s3://b/m.tar.gz", reasons=3, place=SITE, isolated=True)
    account.call("sagemaker", "create_model", **model)
    assert model["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert model["EnableNetworkIsolation"]
    request = full_request()
    assert request["TransformOutput"]["KmsKeyId"] == request["TransformResources"]["VolumeKmsKeyId"] == KEY
    assert request["Tags"] == model["Tags"] == [{"Key": "team", "Value": "sales"}]
    assert "VolumeKmsKeyId" not in full_request(instance="ml.c5d.xlarge")["TransformResources"]


def full_request(**change: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "source": f"s3://{BUCKET}/in/",
        "target": f"s3://{BUCKET}/out/",
        "instance": "ml.c5.xlarge",
    }
    return job_request("job-1", "model-1", place=SITE, **given | change)


def broken(**change: Any) -> dict[str, Any]:
    request = full_request()
    return {
        **request,
        **{name: {**request[name], **new} if isinstance(new, dict) else new for name, new in change.items()},
    }


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (broken(MaxPayloadInMB=30), "is above 100"),
        (broken(TransformInput={"SplitType": "None"}), "needs a SplitType"),
        (broken(TransformOutput={"AssembleWith": "None"}), "needs AssembleWith Line"),
        (broken(TransformResources={"InstanceType": "ml.g4dn.xlarge"}), "refused for local disks"),
        (broken(TransformResources={"InstanceType": "ml.nope"}), "is not one of"),
        (broken(TransformJobName="under_score"), "does not match"),
    ],
    ids=["payload", "split", "assemble", "disk", "instance", "name"],
)
def test_what_aws_forbids_of_a_transform_job_is_not_sent(account: Account, request_: dict[str, Any], told: str) -> None:
    with pytest.raises(Inadmissible, match=told):
        account.call("sagemaker", "create_transform_job", **request_)
    with pytest.raises(PermanentError, match="ould not find model"):
        account.call("sagemaker", "create_transform_job", **full_request())
