"""What a live run leaves is found and deleted, and nothing else is; shown on the emulator before it is trusted."""

from dataclasses import replace

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.waiting import Patience
from leadscore_assets_tests.aws.conftest import BUCKET
from leadscore_assets_tests.aws.live_site import LiveSite

_ROLE = "arn:aws:iam::123456789012:role/jobs"


def _made(account: Account, name: str, prefix: str) -> None:
    image = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1"}
    account.call("sagemaker", "create_model", ModelName=f"{name}-v1", PrimaryContainer=image, ExecutionRoleArn=_ROLE)
    fleet = {
        "VariantName": "primary",
        "ModelName": f"{name}-v1",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.t2.medium",
        "InitialVariantWeight": 1.0,
    }
    account.call("sagemaker", "create_endpoint_config", EndpointConfigName=f"{name}-g1", ProductionVariants=[fleet])
    account.call("sagemaker", "create_endpoint", EndpointName=name, EndpointConfigName=f"{name}-g1")
    account.call(
        "cloudwatch",
        "put_metric_alarm",
        AlarmName=f"{name}-5xx",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Period=60,
        EvaluationPeriods=1,
        Statistic="Average",
        Threshold=0.1,
        ComparisonOperator="GreaterThanThreshold",
    )
    account.call("logs", "create_log_group", logGroupName=f"/aws/sagemaker/Endpoints/{name}")
    for number in range(2):
        account.call("s3", "put_object", Bucket=BUCKET, Key=f"{prefix}/lake/x", Body=f"{number}".encode())
    account.call("s3", "delete_object", Bucket=BUCKET, Key=f"{prefix}/lake/x")


def test_everything_of_a_run_is_deleted_and_nothing_of_anybody_else(account: Account) -> None:
    versions = {"Status": "Enabled"}
    account.call("s3", "put_bucket_versioning", Bucket=BUCKET, VersioningConfiguration=versions)
    quick = Patience(interval=0.01, deadline=5)
    site = LiveSite(account, "leadscore-live-a", BUCKET, "live/a", ("nothing",), quick)
    other = replace(site, name="leadscore-prod", prefix="live/other")
    for item in (site, other):
        _made(account, item.name, item.prefix)
    before = other.left()
    assert len(site.left()) == 3 + 1 + 1 + 3
    assert site.clear() == []
    assert site.left() == []
    assert other.left() == before
    assert site.clear() == []


def test_a_site_that_never_was_has_nothing_to_delete(account: Account) -> None:
    site = LiveSite(account, "leadscore-live-b", BUCKET, "live/b", ("nothing",), Patience(interval=0.01, deadline=5))
    assert site.clear() == []
    assert site.left() == []
