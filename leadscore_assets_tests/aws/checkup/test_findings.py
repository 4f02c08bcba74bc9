"""What the templates make is sound, what lacks is named with its remedy, and all is read only."""

from typing import Any

import pytest
from moto.sns.models import sns_backends

from leadscore_assets.backends.aws.checkup_serving import image_request
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets_tests.aws.checkup.looked_at import OWNER, Site
from leadscore_assets_tests.aws.conftest import REGION
from leadscore_assets_tests.aws.emulated_endpoints import World
from leadscore_assets_tests.aws.emulator import Emulator

# moto's CloudFormation makes neither bucket policies nor subscriptions.
pytestmark = [pytest.mark.filterwarnings("ignore:Tried to parse"), pytest.mark.xdist_group("checkup")]
_LOOKS = ("Get", "List", "Describe", "Simulate")


def test_what_the_templates_make_is_sound_and_looking_changes_nothing(built: Site) -> None:
    found = built.look()
    assert [item for item in found.values() if item.passed is not True] == []
    assert {"bucket", "bucket versions", "role", "own rights", "serving image", "topic", "log group"} <= set(found)
    assert "quota ml.c5.large for endpoint usage" in found
    assert len(built.asked) > 15
    assert [name for name in built.asked if not name.startswith(_LOOKS)] == []


def test_a_quota_that_is_too_small_for_two_fleets_is_told(built: Site, server: Emulator) -> None:
    quota = "ml.c5.large for endpoint usage"
    server.state["quotas"][quota] = 3.0
    found = built.look()[f"quota {quota}"]
    del server.state["quotas"][quota]
    assert (found.passed, found.found) == (False, "3 allowed, 4 needed")
    assert "increase" in found.remedy


@pytest.mark.parametrize(
    ("changes", "check", "told"),
    [
        ({"bucket": "nobody-has-this-bucket"}, "bucket", "NoSuchBucket"),
        ({"owner": "999999999999"}, "credentials", "another account"),
        ({"role": f"arn:aws:iam::{OWNER}:role/none"}, "role", "does not exist"),
        ({"serving_image": None}, "serving image", "none is named"),
        ({"topic": None}, "topic", "alarms tell nobody"),
        ({"topic": f"arn:aws:sns:{REGION}:{OWNER}:none"}, "topic", "does not exist"),
        ({"endpoint": "other"}, "log group", "is not made yet"),
        (
            {"resources": ResourcesPolicy(endpoint_instances=3, most_instances=3)},
            "quota ml.c5.large for endpoint usage",
            "6 needed",
        ),
        ({"shadow": True}, "quota ml.c5.large for endpoint usage", "6 needed"),
        ({"endpoint": "other"}, "own rights", "may not sagemaker:CreateModel"),
    ],
    ids=["bucket", "owner", "role", "no image", "no topic", "lost topic", "logs", "fleet", "shadow", "rights"],
)
def test_settings_that_name_what_is_not_there_are_told(
    built: Site, changes: dict[str, Any], check: str, told: str
) -> None:
    found = built.look(**changes)[check]
    assert found.passed is False
    assert told in found.found


def test_an_image_that_was_never_pushed_is_told(built: Site) -> None:
    found = built.look(serving_image=f"{built.made['ServingRepository']}:2")["serving image"]
    assert found.passed is False
    assert "deploy/serving" in found.remedy


def test_a_topic_that_nobody_listens_to_is_told(built: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sns_backends[OWNER][REGION].topics[built.made["Topic"]], "subscriptions_confimed", 0)
    found = built.look()["topic"]
    assert (found.passed, found.found) == (False, "nobody is subscribed")
    assert "aws sns subscribe" in found.remedy


def test_a_quota_that_aws_does_not_list_is_not_called_sound(built: Site) -> None:
    found = built.look(resources=ResourcesPolicy(training_instance="ml.c7i.2xlarge"))
    assert found["quota ml.c7i.2xlarge for training job usage"].passed is None


def test_a_bucket_in_another_region_is_told(built: Site) -> None:
    place = {"LocationConstraint": "eu-west-1"}
    built.account.call("s3", "create_bucket", Bucket="far-away-bucket", CreateBucketConfiguration=place)
    found = built.look(bucket="far-away-bucket")
    assert "lies in eu-west-1" in found["bucket"].found
    assert found["bucket"].passed is False


def test_an_endpoint_that_cannot_serve_is_told(built: Site, server: Emulator) -> None:
    image = {"Image": f"{OWNER}.dkr.ecr.us-east-1.amazonaws.com/x:1"}
    built.account.call(
        "sagemaker", "create_model", ModelName="m", PrimaryContainer=image, ExecutionRoleArn=built.made["ExecutionRole"]
    )
    variant = {"VariantName": "primary", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.c5.large"}
    built.account.call("sagemaker", "create_endpoint_config", EndpointConfigName="c", ProductionVariants=[variant])
    built.account.call("sagemaker", "create_endpoint", EndpointName="leadscore", EndpointConfigName="c")
    assert any("InService" in built.look()["endpoint"].found for _ in range(10))
    world: World = server.state["endpoints"]
    world.endpoints["leadscore"].status = "UpdateRollbackFailed"
    assert built.look()["endpoint"].passed is False
    built.account.call("sagemaker", "delete_endpoint", EndpointName="leadscore")


@pytest.mark.parametrize(
    ("image", "request_"),
    [
        (
            "1.dkr.ecr.eu-west-1.amazonaws.com/a/b:3",
            {"registryId": "1", "repositoryName": "a/b", "imageIds": [{"imageTag": "3"}]},
        ),
        (
            "1.dkr.ecr.eu-west-1.amazonaws.com/a@sha256:0f",
            {"registryId": "1", "repositoryName": "a", "imageIds": [{"imageDigest": "sha256:0f"}]},
        ),
        (
            "1.dkr.ecr.eu-west-1.amazonaws.com/a",
            {"registryId": "1", "repositoryName": "a", "imageIds": [{"imageTag": "latest"}]},
        ),
        ("ghcr.io/a/b:1", None),
    ],
)
def test_an_image_is_looked_for_by_its_tag_or_its_digest(image: str, request_: dict[str, Any] | None) -> None:
    assert image_request(image) == request_
