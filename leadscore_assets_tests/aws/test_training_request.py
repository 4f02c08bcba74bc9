"""The request of a training job, the machines, image and prices it names, and AWS's rules with what breaks each."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from leadscore_assets.backends.aws.images import training_image
from leadscore_assets.backends.aws.instances import Use, checked_instance, has_local_disk, known_instances
from leadscore_assets.backends.aws.prices import Prices
from leadscore_assets.backends.aws.requests_training import METRICS, TrainingPlace, training_request
from leadscore_assets.backends.local.lake import LocalLake
from leadscore_assets.backends.ports import TrainingJob
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets_tests.aws.strict import problems
from leadscore_assets_tests.aws.training_site import IMAGE, ROLE, made_job

Asked = dict[str, Any]
CREATE = botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateTrainingJob")
KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b"
PLACE = TrainingPlace(
    root="s3://leads/site",
    role=ROLE,
    kms_key=KEY,
    subnets=("subnet-0a1b",),
    security_groups=("sg-0a1b",),
    tags={"team": "sales"},
)


@pytest.fixture
def job(tmp_path: Path) -> TrainingJob:
    return made_job(LocalLake(tmp_path))


def asked(job: TrainingJob, place: TrainingPlace = PLACE, **resources: Any) -> Asked:
    return training_request(
        f"{job.name}-2",
        job,
        code="s3://leads/site/code/abc/",
        image=IMAGE,
        place=place,
        resources=ResourcesPolicy(**resources),
    )


@pytest.mark.parametrize(
    "resources",
    [
        {},
        {"spot": True, "training_retries": 0},
        {"training_instance": "ml.c4.2xlarge", "isolated": False},
        {"training_instance": "ml.m5.large", "training_volume_gb": 16_384},
    ],
)
@pytest.mark.parametrize("hosts", [1, 2])
def test_every_request_is_one_that_aws_takes(job: TrainingJob, resources: Asked, hosts: int) -> None:
    for place in (PLACE, TrainingPlace(root="s3://leads/site", role=ROLE)):
        assert problems(CREATE, asked(replace(job, hosts=hosts), place, **resources)) == []


def test_a_job_runs_our_program_from_its_code_channel_without_a_network(job: TrainingJob) -> None:
    found = asked(job)
    assert found["AlgorithmSpecification"]["ContainerEntrypoint"] == ["python3", "/opt/ml/input/data/code/train.py"]
    assert found["EnableNetworkIsolation"] is True
    channels = {item["ChannelName"]: item["DataSource"]["S3DataSource"]["S3Uri"] for item in found["InputDataConfig"]}
    assert channels == {
        "train": f"s3://leads/site/training/{job.name}/channels/train/",
        "validation": f"s3://leads/site/training/{job.name}/channels/validation/",
        "documents": f"s3://leads/site/training/{job.name}/channels/documents/",
        "code": "s3://leads/site/code/abc/",
    }


def test_spot_and_its_bounds_come_from_the_policy(job: TrainingJob) -> None:
    found = asked(replace(job, maximum_minutes=90), spot=True, spot_wait_minutes=30, training_retries=4)
    assert found["EnableManagedSpotTraining"] is True
    assert found["StoppingCondition"] == {"MaxRuntimeInSeconds": 5400, "MaxWaitTimeInSeconds": 7200}
    assert found["RetryStrategy"] == {"MaximumRetryAttempts": 4}
    assert found["CheckpointConfig"]["S3Uri"] == f"s3://leads/site/training/{job.name}/checkpoints/"
    assert "EnableManagedSpotTraining" not in asked(job)


def test_everything_that_is_written_is_encrypted_with_the_sites_key(job: TrainingJob) -> None:
    found = asked(replace(job, hosts=2))
    assert found["OutputDataConfig"]["KmsKeyId"] == found["ResourceConfig"]["VolumeKmsKeyId"] == KEY
    assert found["EnableInterContainerTrafficEncryption"] is True
    assert "VolumeKmsKeyId" not in asked(job, training_instance="ml.r5d.large")["ResourceConfig"]


def test_tags_name_the_job_and_its_week(job: TrainingJob) -> None:
    tags = {item["Key"]: item["Value"] for item in asked(job)["Tags"]}
    assert tags == {"team": "sales", "leadscore:job": job.name, "leadscore:week": "2026-01-05"}


def breaks(change: Callable[[Asked], Any], told: str) -> Any:
    return pytest.param(change, told, id=told)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        breaks(lambda a: a["AlgorithmSpecification"].update(AlgorithmName="x"), "not both"),
        breaks(lambda a: a["StoppingCondition"].update(MaxRuntimeInSeconds=29 * 86_400), "28 days"),
        breaks(lambda a: a["StoppingCondition"].update(MaxWaitTimeInSeconds=10**6), "go together"),
        breaks(lambda a: a.update(EnableManagedSpotTraining=True), "go together"),
        breaks(
            lambda a: a.update(
                EnableManagedSpotTraining=True,
                StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 59},
            ),
            "is less than MaxRuntimeInSeconds",
        ),
        breaks(lambda a: a["InputDataConfig"].append(a["InputDataConfig"][0]), "are not all different"),
        breaks(
            lambda a: a["InputDataConfig"][0]["DataSource"]["S3DataSource"].update(S3Uri="s3://leads/site/train"),
            "only begins like it",
        ),
        breaks(lambda a: a["ResourceConfig"].update(InstanceType="ml.r5d.large"), "encrypts its own disk"),
        breaks(lambda a: a["ResourceConfig"].update(InstanceCount=2), "in the clear"),
        breaks(lambda a: a["Environment"].update(LONG="x" * 513), "longer than 512"),
        breaks(
            lambda a: a["AlgorithmSpecification"]["MetricDefinitions"].append(
                {"Name": "validation:rmse", "Regex": "x"}
            ),
            "two metrics of one name",
        ),
        breaks(lambda a: a.update(TrainingJobName="under_score"), "does not match"),
        breaks(lambda a: a["ResourceConfig"].update(InstanceType="ml.c5.3xlarge"), "is not one of"),
        breaks(lambda a: a["HyperParameters"].update(rounds="x" * 2501), "more than 2500"),
        breaks(lambda a: a["RetryStrategy"].update(MaximumRetryAttempts=31), "more than 30"),
        breaks(lambda a: a["VpcConfig"].update(SecurityGroupIds=[]), "less than 1"),
    ],
)
def test_what_aws_forbids_is_found(job: TrainingJob, change: Callable[[Asked], Any], told: str) -> None:
    request = asked(job)
    change(request)
    assert any(told in problem for problem in problems(CREATE, request))


def test_metrics_are_what_the_program_prints() -> None:
    import re

    lines = {
        "boosting:validation": "round 20/400 validation_rmse=0.73210",
        "validation:rmse": "final_rmse=0.70110 final_spearman=-0.41000 final_rounds=120 learner=xgboost bundle=ab",
        "validation:spearman": "final_rmse=0.70110 final_spearman=-0.41000 final_rounds=120 learner=xgboost bundle=ab",
        "boosting:rounds": "final_rmse=0.70110 final_spearman=-0.41000 final_rounds=120 learner=xgboost bundle=ab",
    }
    found = {name: float(re.findall(regex, lines[name])[-1]) for name, regex in METRICS.items()}
    assert found == {
        "boosting:validation": 0.7321,
        "validation:rmse": 0.7011,
        "validation:spearman": -0.41,
        "boosting:rounds": 120,
    }


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("ml.c4.2xlarge", "training"),
        ("ml.c5.2xlarge", "training"),
        ("ml.c5.large", "endpoint"),
        ("ml.c5.xlarge", "transform"),
    ],
)
def test_the_instances_that_the_product_names_are_on_aws_own_lists(name: str, use: Use) -> None:
    assert checked_instance(name, use=use) == name


@pytest.mark.parametrize(
    ("name", "use", "told"),
    [
        ("ml.c5.2xlage", "training", "such as ml.c5.2xlarge"),
        ("ml.c8i.xlarge", "endpoint", "it is one for training"),
        ("ml.nothing.at.all", "transform", "no instance that SageMaker lists for transform"),
    ],
)
def test_another_name_is_refused_with_those_that_come_near(name: str, use: Use, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        checked_instance(name, use=use)


def test_machines_with_a_disk_of_their_own_are_known_by_their_name() -> None:
    own = {name for name in known_instances("training") if has_local_disk(name)}
    assert {"ml.r5d.large", "ml.g4dn.xlarge", "ml.p4d.24xlarge", "ml.g5.xlarge"} <= own
    assert not {"ml.c5.2xlarge", "ml.m5.large", "ml.c4.2xlarge", "ml.m7i-flex.large", "ml.c6i.xlarge"} & own


def test_the_image_is_the_regions_own_from_the_sdks_table() -> None:
    assert training_image("us-east-1") == IMAGE
    assert training_image("cn-north-1").endswith(".dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-xgboost:3.2-0")
    with pytest.raises(InvalidInput, match=r"knows no xgboost 3\.2-0 image for zz-west-1.*training_image"):
        training_image("zz-west-1")


def test_a_price_is_an_estimate_of_a_month_or_unknown() -> None:
    prices = Prices.read()
    assert prices.hourly("ml.c5.2xlarge", "us-east-1") == 0.408
    assert prices.cost("ml.c5.2xlarge", "us-east-1", seconds=600, hosts=2) == pytest.approx(0.136)
    assert prices.hourly("ml.c5.2xlarge", "eu-west-1") is None
    assert prices.cost("ml.p5.48xlarge", "us-east-1", seconds=600) is None


def test_a_site_lays_its_own_prices_over_them(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('as_of = "2027-01"\n[regions.eu-west-1]\n"ml.c5.2xlarge" = 0.5\n')
    prices = Prices.read(own)
    assert prices.as_of == "2027-01"
    assert prices.hourly("ml.c5.2xlarge", "eu-west-1") == 0.5
    assert prices.hourly("ml.c5.large", "us-east-1") == 0.102


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("as_of = ", "cannot be read"),
        ('as_of = "2027-01"\n[regions.us-east-1]\n"ml.c5.large" = "cheap"', "'cheap' is no price"),
        ("[regions.us-east-1]", "as_of, the month of the prices, is missing"),
    ],
)
def test_a_bad_table_of_prices_is_refused(tmp_path: Path, text: str, told: str) -> None:
    own = tmp_path / "prices.toml"
    own.write_text(text)
    with pytest.raises(InvalidInput, match=told):
        Prices.read(own)
