"""The emulator's own word: training jobs as AWS documents them, beyond what the trainer asks of them."""

import time
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.bundle_archive import unpack
from leadscore_assets_tests.aws.emulated_training import Training
from leadscore_assets_tests.aws.emulator import Emulator
from leadscore_assets_tests.aws.training_site import IMAGE, ROLE

PROGRAM = """
import json, os, pathlib
root = pathlib.Path(os.environ["LEADSCORE_ML_ROOT"])
host = json.loads((root / "input/config/resourceconfig.json").read_text())
names = sorted(path.name for path in (root / "input/data/rows").iterdir())
(root / "model" / host["current_host"]).write_text(",".join(names))
"""


@pytest.fixture
def training(emulator: Emulator) -> Training:
    found: Training = emulator.state["training"]
    return found


def started(account: Account, store: S3Store, *, hosts: int = 1, how: str = "FullyReplicated") -> dict[str, Any]:
    store.put("code/train.py", PROGRAM.encode())
    for name in "abc":
        store.put(f"rows/{name}", b"1")
    channels = [
        {
            "ChannelName": name,
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": store.uri(f"{name}/"),
                    "S3DataDistributionType": kind,
                }
            },
        }
        for name, kind in (("code", "FullyReplicated"), ("rows", how))
    ]
    request: dict[str, Any] = {
        "TrainingJobName": "job",
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3", "/opt/ml/input/data/code/train.py"],
        },
        "RoleArn": ROLE,
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": store.uri("out")},
        "ResourceConfig": {"InstanceType": "ml.c5.xlarge", "InstanceCount": hosts, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "EnableInterContainerTrafficEncryption": hosts > 1,
    }
    account.call("sagemaker", "create_training_job", **request)
    return request


def ended(account: Account) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        found = account.call("sagemaker", "describe_training_job", TrainingJobName="job")
        if found["TrainingJobStatus"] not in ("InProgress", "Stopping"):
            return found
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("how", "held"),
    [
        ("FullyReplicated", {"algo-1": "a,b,c", "algo-2": "a,b,c"}),
        ("ShardedByS3Key", {"algo-1": "a,c", "algo-2": "b"}),
    ],
)
def test_hosts_get_the_objects_of_a_channel_as_it_asks(
    account: Account, store: S3Store, training: Training, tmp_path: Path, how: str, held: dict[str, str]
) -> None:
    started(account, store, hosts=2, how=how)
    found = ended(account)
    assert found["TrainingJobStatus"] == "Completed"
    store.download("out/job/output/model.tar.gz", tmp_path / "model.tar.gz")
    (tmp_path / "model").mkdir()
    unpack(tmp_path / "model.tar.gz", tmp_path / "model")
    assert {path.name: path.read_text() for path in (tmp_path / "model").iterdir()} == held
    states = [item["Status"] for item in found["SecondaryStatusTransitions"]]
    assert states == ["Starting", "Downloading", "Training", "Uploading", "Completed"]


def test_a_name_is_taken_for_ever_and_what_is_over_cannot_be_stopped(account: Account, store: S3Store) -> None:
    request = started(account, store)
    ended(account)
    with pytest.raises(AwsRefused, match="must be unique") as taken:
        account.call("sagemaker", "create_training_job", **request)
    assert taken.value.code == "ResourceInUse"
    with pytest.raises(AwsRefused, match="in status Completed"):
        account.call("sagemaker", "stop_training_job", TrainingJobName="job")
    with pytest.raises(AwsRefused, match="not found") as unknown:
        account.call("sagemaker", "describe_training_job", TrainingJobName="other")
    assert unknown.value.code == "ValidationException"
    listed = list(account.pages("sagemaker", "list_training_jobs", "TrainingJobSummaries", StatusEquals="Completed"))
    assert [item["TrainingJobName"] for item in listed] == ["job"]
